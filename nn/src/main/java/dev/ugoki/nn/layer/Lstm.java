package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Long short-term memory; its parameters and shapes are {@link Recurrent}'s. For each element:
 *
 * <pre>
 * i, f, g, o = W_ih x + b_ih + W_hh h + b_hh
 * c = sigmoid(f) * c + sigmoid(i) * tanh(g)
 * h = sigmoid(o) * tanh(c)
 * </pre>
 *
 * <p>Source: Hochreiter, Schmidhuber: Long short-term memory (1997), with the forget gate of Gers
 * et al. (2000).
 */
public final class Lstm extends Recurrent {
    /**
     * What is remembered from element to element.
     *
     * @param h what was written last, {@code [layers, n, hidden]}
     * @param c the cells, {@code [layers, n, hidden]}
     */
    public record State(Tensor h, Tensor c) {}

    /**
     * What a sequence gives.
     *
     * @param output of the last layer, {@code [n, length, hidden]}
     * @param state after the last element
     */
    public record Read(Tensor output, State state) {}

    /** Layers without dropout. */
    public Lstm(long in, long hidden, int layers, Key key) {
        this(in, hidden, layers, 0, key);
    }

    /** Layers with dropout between them in training. */
    public Lstm(long in, long hidden, int layers, double dropout, Key key) {
        super(4, in, hidden, layers, dropout, key);
    }

    /** Reads a sequence from the beginning. */
    public Read apply(Tensor x) {
        return apply(x, null);
    }

    /**
     * Reads a sequence on from a state, or from zeros.
     *
     * @param x {@code [n, length, in]}, at least one element long
     */
    public Read apply(Tensor x, @Nullable State start) {
        List<Tensor> outputs = states(x, start == null ? null : start.h());
        List<Tensor> cells = states(x, start == null ? null : start.c());
        List<Tensor> lastOutputs = new ArrayList<>();
        List<Tensor> lastCells = new ArrayList<>();
        Tensor y = x;
        for (int layer = 0; layer < layers(); layer++) {
            Tensor h = outputs.get(layer);
            Tensor c = cells.get(layer);
            List<Tensor> written = new ArrayList<>();
            for (Tensor of : cell(layer).ofInputs(layer == 0 ? y : between(y)).unbind(1)) {
                List<Tensor> gates = of.add(cell(layer).ofState(h)).chunk(-1, 4);
                Tensor kept = gates.get(1).sigmoid().mul(c);
                c = kept.add(gates.get(0).sigmoid().mul(gates.get(2).tanh()));
                h = gates.get(3).sigmoid().mul(c.tanh());
                written.add(h);
            }
            y = stacked(1, written);
            lastOutputs.add(h);
            lastCells.add(c);
        }
        return new Read(y, new State(stacked(0, lastOutputs), stacked(0, lastCells)));
    }
}
