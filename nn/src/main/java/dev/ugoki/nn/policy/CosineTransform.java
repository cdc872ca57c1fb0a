package dev.ugoki.nn.policy;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

/**
 * The orthonormal discrete cosine transform, type 2, and its inverse, type 3: what action tokens
 * are made of.
 *
 * <pre>
 * y_k = s_k sum_n x_n cos(pi (2n + 1) k / 2N),   s_0 = sqrt(1 / N), s_k = sqrt(2 / N)
 * </pre>
 *
 * <p>Source: Pertsch et al.: FAST: efficient action tokenization for vision-language-action models
 * (2025).
 */
public final class CosineTransform {
    private CosineTransform() {}

    /** The transform along a dimension. */
    public static Tensor forward(Tensor x, int dim) {
        return along(x, dim, matrix(x.extent(dim), x.dtype()));
    }

    /** What {@link #forward} was given. */
    public static Tensor inverse(Tensor y, int dim) {
        return along(y, dim, matrix(y.extent(dim), y.dtype()).transpose(0, 1));
    }

    private static Tensor along(Tensor x, int dim, Tensor matrix) {
        return x.movedim(dim, -1).linear(matrix, null).movedim(-1, dim);
    }

    /** {@code [k, n]}. */
    private static Tensor matrix(long length, DType dtype) {
        int count = Math.toIntExact(length);
        double[] values = new double[count * count];
        for (int k = 0; k < count; k++) {
            double scale = Math.sqrt((k == 0 ? 1.0 : 2.0) / count);
            for (int n = 0; n < count; n++) {
                // A whole number of quarter turns, so that the angle is exact.
                long turns = (2L * n + 1) * k % (4L * count);
                values[k * count + n] = scale * StrictMath.cos(Math.PI * turns / (2.0 * count));
            }
        }
        return Tensor.of(values, count, count).cast(dtype);
    }
}
