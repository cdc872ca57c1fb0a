/** The closed set of primitive operations, and the open set of operations composed of them. */
@NullMarked
package dev.ugoki.tensor.op;

import org.jspecify.annotations.NullMarked;
