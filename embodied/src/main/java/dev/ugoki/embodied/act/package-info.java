/**
 * Acting: from what a robot observed, in its own units, to what it does next.
 *
 * <p>{@link dev.ugoki.embodied.act.RobotPolicy} is loaded from a checkpoint's {@code
 * pretrained_model} folder; {@link dev.ugoki.embodied.act.PolicyConfig} says what it is.
 */
@NullMarked
package dev.ugoki.embodied.act;

import org.jspecify.annotations.NullMarked;
