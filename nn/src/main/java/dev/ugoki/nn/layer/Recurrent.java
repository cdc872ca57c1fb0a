package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Layers of cells that read a sequence element by element: {@code [n, length, in] -> [n, length,
 * hidden]}, each layer reading what the one below it wrote.
 *
 * <p>State as PyTorch's, for each layer k from 0: {@code weight_ih_lk [gates hidden, in]}, {@code
 * weight_hh_lk [gates hidden, hidden]}, {@code bias_ih_lk} and {@code bias_hh_lk [gates hidden]};
 * all start evenly within {@code 1 / sqrt(hidden)}.
 */
public abstract sealed class Recurrent extends Module permits Lstm, Gru {
    private final long hidden;
    private final List<Cell> cells = new ArrayList<>();
    private final Dropout dropout;

    /** The parameters of a layer. */
    record Cell(
            Parameter inputWeight,
            Parameter stateWeight,
            Parameter inputBias,
            Parameter stateBias) {
        /** What the inputs give to all gates, for all elements at once. */
        Tensor ofInputs(Tensor x) {
            return Precision.product(Tensor::linear, x, inputWeight.tensor(), inputBias.tensor());
        }

        /** What the state gives to all gates. */
        Tensor ofState(Tensor h) {
            return Precision.product(Tensor::linear, h, stateWeight.tensor(), stateBias.tensor());
        }
    }

    Recurrent(int gates, long in, long hidden, int layers, double dropout, Key key) {
        if (layers < 1 || hidden < 1) {
            throw new IllegalArgumentException(
                    "%s: needs at least 1 layer of width 1, not %d of %d"
                            .formatted(getClass().getSimpleName(), layers, hidden));
        }
        this.hidden = hidden;
        double bound = 1 / Math.sqrt(hidden);
        for (int k = 0; k < layers; k++) {
            Key own = key.fold(k);
            long width = k == 0 ? in : hidden;
            long all = gates * hidden;
            cells.add(
                    new Cell(
                            start("weight_ih_l" + k, own.fold(0), bound, all, width),
                            start("weight_hh_l" + k, own.fold(1), bound, all, hidden),
                            start("bias_ih_l" + k, own.fold(2), bound, all),
                            start("bias_hh_l" + k, own.fold(3), bound, all)));
        }
        this.dropout = child("dropout", new Dropout(dropout));
    }

    private Parameter start(String name, Key key, double bound, long... shape) {
        return parameter(name, Init.uniform(key, bound, shape));
    }

    final int layers() {
        return cells.size();
    }

    final Cell cell(int layer) {
        return cells.get(layer);
    }

    /** What a layer reads of what the one below it wrote. */
    final Tensor between(Tensor y) {
        return dropout.apply(y);
    }

    /** Checks an input and a state, or makes one of zeros; {@code [layers, n, hidden]}. */
    final List<Tensor> states(Tensor x, @Nullable Tensor given) {
        if (x.rank() != 3 || x.extent(1) == 0) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName()
                            + ": needs [n, length, in] with a length of at least 1, not "
                            + x.type());
        }
        long[] shape = {layers(), x.extent(0), hidden};
        Tensor state = given == null ? Tensor.zeros(x.dtype(), shape) : given;
        if (!state.shape().equals(Shape.of(shape))) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName()
                            + ": the state must be "
                            + Shape.of(shape)
                            + ", [layers, n, hidden], not "
                            + state.type());
        }
        return state.unbind(0);
    }

    static Tensor stacked(int dim, List<Tensor> tensors) {
        return Tensor.stack(dim, tensors.toArray(Tensor[]::new));
    }

    @Override
    protected final String settings() {
        return "hidden=" + hidden + ", layers=" + layers();
    }
}
