/** Tensors: the value type itself, its shape, element type, device and scopes. */
@NullMarked
package dev.ugoki.tensor;

import org.jspecify.annotations.NullMarked;
