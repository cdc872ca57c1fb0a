/** Reverse-mode automatic differentiation: a tape, and a gradient rule for each primitive. */
@NullMarked
package dev.ugoki.autograd;

import org.jspecify.annotations.NullMarked;
