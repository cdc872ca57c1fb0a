/** Transformers: layers as PyTorch's, and decoders that generate tokens. */
@NullMarked
package dev.ugoki.nn.transformer;

import org.jspecify.annotations.NullMarked;
