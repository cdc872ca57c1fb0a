package dev.ugoki.nn.optim;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

import java.util.List;

/** Keeps gradients from being too large. */
public final class GradientClipping {
    private GradientClipping() {}

    /**
     * Clipped gradients and the norm that they had.
     *
     * @param norm a scalar, F32 (F64 for F64 gradients); NaN or infinite where a gradient is
     */
    public record Clipped(List<Tensor> gradients, Tensor norm) {}

    /**
     * Multiplies all gradients with {@code min(1, largest / (norm + 1e-6))}, where the norm is the
     * root of the sum of all their squares.
     *
     * @throws IllegalArgumentException if {@code largest} is not above 0
     */
    public static Clipped byGlobalNorm(List<Tensor> gradients, double largest) {
        if (!(largest > 0)) {
            throw new IllegalArgumentException(
                    "clipping: the largest norm must be above 0, and is " + largest);
        }
        Tensor norm = globalNorm(gradients);
        Tensor scale = Tensor.full(norm.dtype(), norm.shape(), largest).div(norm.add(1e-6));
        Tensor factor = scale.minimum(1);
        List<Tensor> clipped =
                gradients.stream()
                        .map(gradient -> gradient.mul(factor.cast(gradient.dtype())))
                        .toList();
        return new Clipped(clipped, norm);
    }

    /** The root of the sum of the squares of all gradients, added in their order. */
    public static Tensor globalNorm(List<Tensor> gradients) {
        if (gradients.isEmpty()) {
            throw new IllegalArgumentException("clipping: there are no gradients");
        }
        boolean wide = gradients.stream().anyMatch(each -> each.dtype() == DType.F64);
        DType dtype = wide ? DType.F64 : DType.F32;
        Tensor[] squares = new Tensor[gradients.size()];
        for (int i = 0; i < squares.length; i++) {
            Tensor gradient = gradients.get(i).detach().cast(dtype);
            squares[i] = gradient.mul(gradient).sum().reshape(1);
        }
        return Tensor.concat(0, squares).sum().sqrt();
    }
}
