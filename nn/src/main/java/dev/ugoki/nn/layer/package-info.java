/** The layers that networks are made of, with PyTorch's names and first values. */
@NullMarked
package dev.ugoki.nn.layer;

import org.jspecify.annotations.NullMarked;
