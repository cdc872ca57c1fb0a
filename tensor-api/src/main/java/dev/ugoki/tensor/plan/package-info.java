/** Compiled plans: a function of tensors, planned once and run for ever without allocating. */
@NullMarked
package dev.ugoki.tensor.plan;

import org.jspecify.annotations.NullMarked;
