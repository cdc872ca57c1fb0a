package dev.ugoki.nn.layer;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

/**
 * Positions as rotations of queries and keys: the numbers i and {@code i + width / 2} of a head
 * turn by the angle {@code position / theta^(2 i / width)}, so that products depend on distances
 * alone.
 *
 * <pre>{@code
 * var turn = new RotaryEmbedding(64, 10_000).at(Tensor.arange(DType.I64, length), DType.F32);
 * Tensor scores = turn.apply(queries).matmul(turn.apply(keys).transpose(-2, -1));
 * }</pre>
 *
 * <p>Source: Su et al.: RoFormer (2021), with the halves of a head as pairs, as in GPT-NeoX and
 * Llama's public weights.
 *
 * @param width of a head, even
 * @param theta the base of the angles
 */
public record RotaryEmbedding(int width, double theta) {
    public RotaryEmbedding {
        if (width < 2 || width % 2 != 0 || !(theta > 0)) {
            throw new IllegalArgumentException(
                    "RotaryEmbedding: the width must be even and theta above 0, not "
                            + width
                            + " and "
                            + theta);
        }
    }

    /**
     * The turns at some positions.
     *
     * @param cos {@code [length, width / 2]} or {@code [n, 1, length, width / 2]}
     * @param sin of the same shape
     */
    public record Turn(Tensor cos, Tensor sin) {
        /** x {@code [n, heads, length, width]}, turned. */
        public Tensor apply(Tensor x) {
            long half = x.extent(-1) / 2;
            Tensor first = x.slice(-1, 0, half);
            Tensor second = x.slice(-1, half, 2 * half);
            return Tensor.concat(
                    -1, first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin)));
        }
    }

    /**
     * The turns at positions.
     *
     * @param positions I64, {@code [length]}, or {@code [n, length]} where samples differ
     * @param dtype of queries and keys; angles are computed in F64
     */
    public Turn at(Tensor positions, DType dtype) {
        double[] frequencies = new double[width / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(theta, -2.0 * i / width);
        }
        Tensor angles =
                positions
                        .cast(DType.F64)
                        .unsqueeze(-1)
                        .mul(Tensor.of(frequencies, frequencies.length));
        Tensor fitting = angles.rank() == 3 ? angles.unsqueeze(1) : angles;
        return new Turn(fitting.cos().cast(dtype), fitting.sin().cast(dtype));
    }
}
