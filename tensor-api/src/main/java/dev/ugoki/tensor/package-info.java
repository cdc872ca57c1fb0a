/** Tensors, their shapes and types, and the scopes that bound their lives: what users meet. */
@NullMarked
package dev.ugoki.tensor;

import org.jspecify.annotations.NullMarked;
