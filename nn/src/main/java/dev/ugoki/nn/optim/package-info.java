/**
 * Learning: optimizers with their state, learning-rate schedules, gradient clipping, and averages
 * of parameters.
 */
@NullMarked
package dev.ugoki.nn.optim;

import org.jspecify.annotations.NullMarked;
