package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Gated recurrent units; parameters and shapes are {@link Recurrent}'s. For each element, with the
 * parts r, z, n of what input and state give:
 *
 * <pre>
 * r = sigmoid(x_r + h_r)
 * z = sigmoid(x_z + h_z)
 * n = tanh(x_n + r * h_n)
 * h = (1 - z) * n + z * h
 * </pre>
 *
 * <p>Source: Cho et al.: Learning phrase representations using RNN encoder-decoder (EMNLP 2014), in
 * the form of cuDNN and PyTorch.
 */
public final class Gru extends Recurrent {
    /**
     * What a sequence gives.
     *
     * @param output of the last layer, {@code [n, length, hidden]}
     * @param state after the last element, {@code [layers, n, hidden]}
     */
    public record Read(Tensor output, Tensor state) {}

    /** Layers without dropout. */
    public Gru(long in, long hidden, int layers, Key key) {
        this(in, hidden, layers, 0, key);
    }

    /** Layers with dropout between them in training. */
    public Gru(long in, long hidden, int layers, double dropout, Key key) {
        super(3, in, hidden, layers, dropout, key);
    }

    /** Reads a sequence from the beginning. */
    public Read apply(Tensor x) {
        return apply(x, null);
    }

    /**
     * Reads a sequence on from a state {@code [layers, n, hidden]}, or from zeros.
     *
     * @param x {@code [n, length, in]}, at least one element long
     */
    public Read apply(Tensor x, @Nullable Tensor start) {
        List<Tensor> states = states(x, start);
        List<Tensor> last = new ArrayList<>();
        Tensor y = x;
        for (int layer = 0; layer < layers(); layer++) {
            Tensor h = states.get(layer);
            List<Tensor> written = new ArrayList<>();
            for (Tensor of : cell(layer).ofInputs(layer == 0 ? y : between(y)).unbind(1)) {
                List<Tensor> input = of.chunk(-1, 3);
                List<Tensor> state = cell(layer).ofState(h).chunk(-1, 3);
                Tensor reset = input.get(0).add(state.get(0)).sigmoid();
                Tensor kept = input.get(1).add(state.get(1)).sigmoid();
                Tensor fresh = input.get(2).add(reset.mul(state.get(2))).tanh();
                h = fresh.add(kept.mul(h.sub(fresh)));
                written.add(h);
            }
            y = stacked(1, written);
            last.add(h);
        }
        return new Read(y, stacked(0, last));
    }
}
