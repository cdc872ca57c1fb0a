package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import java.util.Arrays;

/**
 * A signal or image {@code [n, c, spatial..]} sampled anew at {@code size} positions.
 *
 * <p>Along a dimension of extent e with s positions, NEAREST takes element {@code floor(i * (e /
 * s))}, the quotient and product rounded to F32 as PyTorch does; NEAREST_EXACT takes {@code
 * floor((i + 0.5) * (e / s))}, rounded alike, which does not shift the picture. LINEAR lies at
 * {@code (i + 0.5) * e / s - 0.5}, not below 0, or with aligned corners at {@code i * (e - 1) / (s
 * - 1)}, and weighs the two elements around by their distances. CUBIC weighs four elements (those
 * at the ends repeated) by the cubic convolution kernel with a = -0.75, and lies at the same
 * places, but may lie below 0.
 *
 * <p>Source of the kernel: Keys: Cubic convolution interpolation for digital image processing
 * (1981).
 *
 * <p>Shapes: {@code [n, c, spatial..]} to {@code [n, c, size..]}.
 */
public record Interpolate(Shape size, Mode mode, boolean alignCorners) implements Composite {
    private static final double CUBIC_SLOPE = -0.75;

    /** How a position between elements is filled. */
    public enum Mode {
        /** {@code y[i] = x[floor(i * e / s)]}. */
        NEAREST,
        /** {@code y[i] = x[floor((i + 0.5) * e / s)]}. */
        NEAREST_EXACT,
        /** {@code y[i] = (1 - w) x[j] + w x[j + 1]}, {@code j + w} being the position of i. */
        LINEAR,
        /** {@code y[i] = sum of w[k] * x[j + k]}, k from -1 to 2, with the weights of Keys. */
        CUBIC
    }

    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        Operands.floating(this, in, 1);
        if (in[0].shape().rank() != size.rank() + 2) {
            throw TypeRules.wrong(
                    this, in, "x must have two dimensions more than the size, " + size);
        }
        boolean nearest = mode == Mode.NEAREST || mode == Mode.NEAREST_EXACT;
        if (nearest && alignCorners) {
            throw TypeRules.wrong(this, in, mode + " has no aligned corners");
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
                y =
                        switch (mode) {
                            case NEAREST -> nearest(y, i + 2, 0);
                            case NEAREST_EXACT -> nearest(y, i + 2, 0.5f);
                            case LINEAR -> linear(y, i + 2);
                            case CUBIC -> cubic(y, i + 2);
                        };
            }
        }
        return new Tensor[] {y.cast(operands[0].dtype())};
    }

    private Tensor nearest(Tensor x, int dim, float offset) {
        long extent = x.extent(dim);
        long[] places = new long[Operands.tableSize(this, size.extent(dim - 2), 1)];
        float scale = (float) extent / places.length;
        for (int i = 0; i < places.length; i++) {
            places[i] = Math.min((long) Math.floor((i + offset) * scale), extent - 1);
        }
        return x.indexSelect(dim, Operands.constant(x, places, places.length));
    }

    private Tensor linear(Tensor x, int dim) {
        int count = Operands.tableSize(this, size.extent(dim - 2), 1);
        long extent = x.extent(dim);
        long[] lower = new long[count];
        long[] upper = new long[count];
        double[] weights = new double[count];
        for (int i = 0; i < count; i++) {
            double at = Math.max(0, position(i, extent, count));
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

    private Tensor cubic(Tensor x, int dim) {
        int count = Operands.tableSize(this, size.extent(dim - 2), 1);
        long extent = x.extent(dim);
        long[] shape = new long[x.rank()];
        Arrays.fill(shape, 1);
        shape[dim] = count;
        long[] places = new long[count];
        double[] weights = new double[count];
        Tensor sum = null;
        for (int tap = -1; tap <= 2; tap++) {
            for (int i = 0; i < count; i++) {
                double at = position(i, extent, count);
                double floor = Math.floor(at);
                places[i] = Math.clamp((long) floor + tap, 0, extent - 1);
                weights[i] = cubicWeight(Math.abs(at - floor - tap));
            }
            Tensor weight = Operands.constant(x, weights.clone(), shape);
            Tensor term =
                    x.indexSelect(dim, Operands.constant(x, places.clone(), count)).mul(weight);
            sum = sum == null ? term : sum.add(term);
        }
        return sum == null ? x : sum;
    }

    /** The kernel at a distance of up to 2. */
    private static double cubicWeight(double distance) {
        double a = CUBIC_SLOPE;
        return distance <= 1
                ? ((a + 2) * distance - (a + 3)) * distance * distance + 1
                : ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
    }

    private double position(int i, long extent, int count) {
        if (alignCorners) {
            return count == 1 ? 0 : i * ((double) (extent - 1) / (count - 1));
        }
        return (i + 0.5) * ((double) extent / count) - 0.5;
    }
}
