/** Gradients of functions of tensors: what to differentiate, and the rule of each primitive. */
@NullMarked
package dev.ugoki.autograd;

import org.jspecify.annotations.NullMarked;
