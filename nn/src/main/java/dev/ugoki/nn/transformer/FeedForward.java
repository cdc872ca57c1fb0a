package dev.ugoki.nn.transformer;

import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.Tensor;

/** Two linear layers of a transformer's layer, which registers them itself. */
record FeedForward(TransformerConfig config, Linear first, Linear second, Dropout dropout) {
    Tensor apply(Tensor x) {
        Tensor inner = first.apply(x, config.activation());
        return dropout.apply(second.apply(dropout.apply(inner)));
    }
}
