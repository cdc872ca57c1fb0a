package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import java.util.Arrays;

/**
 * A signal or image {@code [n, c, spatial..]} sampled anew at {@code size} positions.
 *
 * <p>Along a dimension of extent e with s positions, NEAREST takes element {@code floor(i * (e /
 * s))}, the quotient and product rounded to F32 as PyTorch does. LINEAR lies at {@code (i + 0.5) *
 * e / s - 0.5}, not below 0, or with aligned corners at {@code i * (e - 1) / (s - 1)}, and weighs
 * the two elements around by their distances.
 */
public record Interpolate(Shape size, Mode mode, boolean alignCorners) implements Composite {
    /** How a position between elements is filled. */
    public enum Mode {
        NEAREST,
        LINEAR
    }

    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        Operands.floating(this, in, 1);
        if (in[0].shape().rank() != size.rank() + 2) {
            throw TypeRules.wrong(
                    this, in, "x must have two dimensions more than the size, " + size);
        }
        if (mode == Mode.NEAREST && alignCorners) {
            throw TypeRules.wrong(this, in, "NEAREST has no aligned corners");
        }
        long[] extents = in[0].shape().toArray();
        for (int i = 0; i < size.rank(); i++) {
            if (extents[i + 2] == 0) {
                throw TypeRules.wrong(this, in, "spatial dimension " + i + " is empty");
            }
            extents[i + 2] = size.extent(i);
        }
        return new TensorType[] {in[0].withShape(Shape.of(extents))};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        Operands.check(this, operands);
        Tensor y = Operands.wide(operands[0]);
        for (int i = 0; i < size.rank(); i++) {
            if (size.extent(i) != y.extent(i + 2)) {
                y = mode == Mode.NEAREST ? nearest(y, i + 2) : linear(y, i + 2);
            }
        }
        return new Tensor[] {y.cast(operands[0].dtype())};
    }

    private Tensor nearest(Tensor x, int dim) {
        long extent = x.extent(dim);
        long[] places = new long[Math.toIntExact(size.extent(dim - 2))];
        float scale = (float) extent / places.length;
        for (int i = 0; i < places.length; i++) {
            places[i] = Math.min((long) Math.floor(i * scale), extent - 1);
        }
        return x.indexSelect(dim, Operands.constant(x, places, places.length));
    }

    private Tensor linear(Tensor x, int dim) {
        int count = Math.toIntExact(size.extent(dim - 2));
        long extent = x.extent(dim);
        long[] lower = new long[count];
        long[] upper = new long[count];
        double[] weights = new double[count];
        for (int i = 0; i < count; i++) {
            double at = position(i, extent, count);
            lower[i] = Math.min((long) at, extent - 1);
            upper[i] = Math.min(lower[i] + 1, extent - 1);
            weights[i] = at - lower[i];
        }
        long[] shape = new long[x.rank()];
        Arrays.fill(shape, 1);
        shape[dim] = count;
        Tensor weight = Operands.constant(x, weights, shape);
        Tensor below = x.indexSelect(dim, Operands.constant(x, lower, count));
        Tensor above = x.indexSelect(dim, Operands.constant(x, upper, count));
        return below.mul(weight.neg().add(1)).add(above.mul(weight));
    }

    private double position(int i, long extent, int count) {
        if (alignCorners) {
            return count == 1 ? 0 : i * ((double) (extent - 1) / (count - 1));
        }
        return Math.max(0, (i + 0.5) * ((double) extent / count) - 0.5);
    }
}
