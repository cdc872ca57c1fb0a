package dev.ugoki.nn.transformer;

import dev.ugoki.nn.layer.MultiheadAttention;
import dev.ugoki.tensor.op.Activation;

/**
 * What a layer of a transformer is built of.
 *
 * @param width of the tokens
 * @param heads among which attention divides the width
 * @param feedForward the width between the two linear layers
 * @param activation between them
 * @param normFirst whether a part normalizes what it reads (and what it adds to stays as it is), or
 *     its sum is normalized
 * @param dropout the probability with which attention weights and what the parts give are dropped
 *     in training
 */
public record TransformerConfig(
        int width,
        int heads,
        int feedForward,
        Activation activation,
        boolean normFirst,
        double dropout) {
    public TransformerConfig {
        if (width < 1 || feedForward < 1) {
            throw new IllegalArgumentException(
                    "transformer: widths must be at least 1, not " + width + ", " + feedForward);
        }
    }

    /** With ReLU, normalizing sums, without dropout. */
    public static TransformerConfig of(int width, int heads, int feedForward) {
        return new TransformerConfig(width, heads, feedForward, new Activation.Relu(), false, 0);
    }

    public TransformerConfig withActivation(Activation newActivation) {
        return new TransformerConfig(width, heads, feedForward, newActivation, normFirst, dropout);
    }

    public TransformerConfig withNormFirst(boolean newNormFirst) {
        return new TransformerConfig(width, heads, feedForward, activation, newNormFirst, dropout);
    }

    public TransformerConfig withDropout(double newDropout) {
        return new TransformerConfig(width, heads, feedForward, activation, normFirst, newDropout);
    }

    MultiheadAttention.Config attention() {
        return new MultiheadAttention.Config(width, heads, true, dropout);
    }

    String describe() {
        return "heads=%d, %s%s"
                .formatted(heads, activation.name(), normFirst ? ", norm first" : "");
    }
}
