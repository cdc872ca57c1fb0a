package dev.ugoki.nn.layer;

import dev.ugoki.nn.Buffer;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

/**
 * A number as sines and cosines of many frequencies: {@code x [..] -> concat(sin(x f), cos(x f))
 * [.., width]}, of the dtype of x; computed in F64. Its frequencies are constants, not state.
 */
public final class SinusoidalEmbedding extends Layer {
    private final Buffer frequencies;

    /** For the frequencies {@code f}, in radians per unit; the width is twice their number. */
    public SinusoidalEmbedding(double... frequencies) {
        this.frequencies = constant("frequencies", Tensor.of(frequencies, frequencies.length));
    }

    /**
     * Frequencies from 1 down to 1/10000 in a geometric series, {@code f_i = exp(-ln(10000) * i /
     * (width / 2 - 1))}.
     *
     * <p>Source: the position embedding of Vaswani et al. (NeurIPS 2017), in the form that
     * diffusion models use.
     *
     * @throws IllegalArgumentException if the width is odd or below 4
     */
    public static SinusoidalEmbedding ofWidth(int width) {
        return new SinusoidalEmbedding(geometric(width, 1, 1e-4));
    }

    /**
     * Periods from the shortest to the longest in a geometric series.
     *
     * <p>Source: Black et al.: pi0: a vision-language-action flow model (2024), whose periods go
     * from 4e-3 to 4.
     *
     * @throws IllegalArgumentException if the width is odd or below 4
     */
    public static SinusoidalEmbedding ofPeriods(int width, double shortest, double longest) {
        return new SinusoidalEmbedding(
                geometric(width, 2 * Math.PI / shortest, 2 * Math.PI / longest));
    }

    private static double[] geometric(int width, double first, double last) {
        if (width < 4 || width % 2 != 0) {
            throw new IllegalArgumentException(
                    "SinusoidalEmbedding: the width must be even and at least 4, and is " + width);
        }
        double[] series = new double[width / 2];
        for (int i = 0; i < series.length; i++) {
            series[i] = first * Math.pow(last / first, i / (series.length - 1.0));
        }
        return series;
    }

    @Override
    public Tensor apply(Tensor x) {
        // F32 angles of a thousand radians would be off by a ten-thousandth.
        Tensor angles = x.cast(DType.F64).unsqueeze(-1).mul(frequencies.tensor());
        return Tensor.concat(-1, angles.sin(), angles.cos()).cast(x.dtype());
    }
}
