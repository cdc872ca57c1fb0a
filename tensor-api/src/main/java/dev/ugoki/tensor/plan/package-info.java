/** Compiled plans: a function of tensors, planned once and run again and again. */
@NullMarked
package dev.ugoki.tensor.plan;

import org.jspecify.annotations.NullMarked;
