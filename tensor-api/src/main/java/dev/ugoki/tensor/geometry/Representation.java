package dev.ugoki.tensor.geometry;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.ErrorPrefix;

import java.util.Arrays;

/**
 * What the representations of rotations share. Their components are taken apart, computed with as
 * tensors {@code [.., 1]} and put together again: so kernels run over whole batches, where rows of
 * three or four elements would keep them at their edges.
 */
final class Representation {
    /** PyTorch's bound for the lengths of vectors that are normalized. */
    private static final double SHORTEST = 1e-12;

    private Representation() {}

    static void requireLast(String operation, Tensor x, int extent) {
        if (!x.dtype().isFloating() || x.rank() < 1 || x.extent(-1) != extent) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs a floating tensor [.., "
                            + extent
                            + "], and is given "
                            + x.type());
        }
    }

    static void requireMatrices(String operation, Tensor x, int extent) {
        if (!x.dtype().isFloating()
                || x.rank() < 2
                || x.extent(-1) != extent
                || x.extent(-2) != extent) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs a floating tensor [.., "
                            + extent
                            + ", "
                            + extent
                            + "], and is given "
                            + x.type());
        }
    }

    /** The elements of the last dimension, each {@code [.., 1]}. */
    static Tensor[] components(Tensor x) {
        Tensor[] components = new Tensor[Math.toIntExact(x.extent(-1))];
        for (int i = 0; i < components.length; i++) {
            components[i] = x.slice(-1, i, i + 1).contiguous();
        }
        return components;
    }

    /** The elements of the last two dimensions in row-major order, each {@code [.., 1]}. */
    static Tensor[] elements(Tensor matrix) {
        long[] flat = Arrays.copyOf(matrix.shape().toArray(), matrix.rank() - 1);
        flat[flat.length - 1] = matrix.extent(-1) * matrix.extent(-2);
        return components(matrix.reshape(flat));
    }

    /** The inverse of {@link #components}. */
    static Tensor vector(Tensor... components) {
        return Tensor.concat(-1, components);
    }

    /** The inverse of {@link #elements}, for matrices {@code [.., 3, 3]}. */
    static Tensor matrix(Tensor... elements) {
        Tensor flat = vector(elements);
        long[] extents = Arrays.copyOf(flat.shape().toArray(), flat.rank() + 1);
        extents[flat.rank() - 1] = 3;
        extents[flat.rank()] = 3;
        return flat.reshape(extents);
    }

    static Tensor dot(Tensor[] a, Tensor[] b) {
        Tensor sum = a[0].mul(b[0]);
        for (int i = 1; i < a.length; i++) {
            sum = sum.add(a[i].mul(b[i]));
        }
        return sum;
    }

    static Tensor[] cross(Tensor[] a, Tensor[] b) {
        return new Tensor[] {
            a[1].mul(b[2]).sub(a[2].mul(b[1])),
            a[2].mul(b[0]).sub(a[0].mul(b[2])),
            a[0].mul(b[1]).sub(a[1].mul(b[0]))
        };
    }

    /** The length of a vector; its gradient where it is 0 counts as 0. */
    static Tensor length(Tensor[] v) {
        Tensor square = dot(v, v);
        Tensor none = square.eq(0);
        return square.maskedFill(none, 1).sqrt().maskedFill(none, 0);
    }

    /** The vector divided by its length, or by a small number if that is smaller. */
    static Tensor[] unit(Tensor[] v) {
        // F16 would round the small number to 0.
        double shortest = v[0].dtype() == DType.F16 ? 0x1p-14 : SHORTEST;
        Tensor length = length(v).clamp(shortest, Double.POSITIVE_INFINITY);
        Tensor[] unit = new Tensor[v.length];
        Arrays.setAll(unit, i -> v[i].div(length));
        return unit;
    }

    /** {@code c[0] + c[1] t + c[2] t^2 + ..}. */
    static Tensor polynomial(Tensor t, double... coefficients) {
        Tensor sum = t.mul(coefficients[coefficients.length - 1]);
        for (int i = coefficients.length - 2; i > 0; i--) {
            sum = sum.add(coefficients[i]).mul(t);
        }
        return sum.add(coefficients[0]);
    }
}
