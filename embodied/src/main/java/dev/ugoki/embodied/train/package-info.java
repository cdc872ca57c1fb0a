/**
 * Training of policies: a loop that repeats bit for bit and can be interrupted at any time.
 *
 * <p>{@link dev.ugoki.embodied.train.Trainer} makes the steps on a {@link
 * dev.ugoki.embodied.train.TrainingTask}; {@link dev.ugoki.embodied.train.TrainingRun} adds a
 * folder with metrics and checkpoints in LeRobot's layout, and a progress bar.
 */
@NullMarked
package dev.ugoki.embodied.train;

import org.jspecify.annotations.NullMarked;
