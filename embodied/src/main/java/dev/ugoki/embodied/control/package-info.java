/**
 * Acting in real time: a control thread that never waits, allocates or locks, an inference thread
 * beside it, and what happens when a chunk of actions comes late.
 *
 * <p>{@link dev.ugoki.embodied.control.ChunkController} says what to do at each step; {@link
 * dev.ugoki.embodied.control.ControlLoop} calls it in time.
 */
@NullMarked
package dev.ugoki.embodied.control;

import org.jspecify.annotations.NullMarked;
