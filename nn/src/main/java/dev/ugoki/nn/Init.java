package dev.ugoki.nn;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.LinearAlgebra;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import java.util.function.Supplier;

/**
 * First values of parameters, each of a key of its own.
 *
 * <p>They are F32, unless {@link #withDType} says otherwise, and on the current device.
 */
public final class Init {
    private static final ScopedValue<DType> DTYPE = ScopedValue.newInstance();

    private Init() {}

    /** Runs {@code action}; parameters that are made in it are of {@code dtype}. */
    public static <T> T withDType(DType dtype, Supplier<T> action) {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException(
                    "parameters must be of a floating dtype, and " + dtype + " is none");
        }
        return ScopedValue.where(DTYPE, dtype).call(action::get);
    }

    /** The dtype of new parameters. */
    public static DType dtype() {
        return DTYPE.isBound() ? DTYPE.get() : DType.F32;
    }

    /** Zeros. */
    public static Tensor zeros(long... shape) {
        return Tensor.zeros(dtype(), shape);
    }

    /** Ones. */
    public static Tensor ones(long... shape) {
        return Tensor.ones(dtype(), shape);
    }

    /** Evenly from {@code -bound} to {@code bound}. */
    public static Tensor uniform(Key key, double bound, long... shape) {
        return Random.uniformBetween(-bound, bound, key, dtype(), shape);
    }

    /** Normal numbers of mean 0. */
    public static Tensor normal(Key key, double standardDeviation, long... shape) {
        return Random.normal(key, dtype(), shape).mul(standardDeviation);
    }

    /**
     * Evenly with the bound {@code 1 / sqrt(fanIn)}: what linear and convolution layers start with,
     * weights and biases.
     *
     * <p>Source: He et al.: Delving deep into rectifiers (ICCV 2015), with the negative slope
     * {@code sqrt(5)} that PyTorch takes.
     *
     * @param fanIn how many numbers a result is made of
     */
    public static Tensor fanIn(Key key, long fanIn, long... shape) {
        return uniform(key, fanIn == 0 ? 0 : 1 / Math.sqrt(fanIn), shape);
    }

    /**
     * Evenly with the bound {@code sqrt(6 / (fanIn + fanOut))}.
     *
     * <p>Source: Glorot, Bengio: Understanding the difficulty of training deep feedforward neural
     * networks (AISTATS 2010).
     */
    public static Tensor xavierUniform(Key key, long fanIn, long fanOut, long... shape) {
        return uniform(key, Math.sqrt(6.0 / (fanIn + fanOut)), shape);
    }

    /**
     * Normal numbers of the standard deviation {@code sqrt(2 / (fanIn + fanOut))}.
     *
     * <p>Source: Glorot, Bengio (AISTATS 2010).
     */
    public static Tensor xavierNormal(Key key, long fanIn, long fanOut, long... shape) {
        return normal(key, Math.sqrt(2.0 / (fanIn + fanOut)), shape);
    }

    /**
     * Evenly with the bound {@code gain * sqrt(3 / fan)}.
     *
     * <p>Source: He et al.: Delving deep into rectifiers (ICCV 2015).
     *
     * @param gain how much the function behind shrinks numbers: {@code sqrt(2)} for ReLU, see
     *     {@link #leakyReluGain}
     * @param fan how many numbers a result is made of, or how many results a number goes into
     */
    public static Tensor kaimingUniform(Key key, double gain, long fan, long... shape) {
        return uniform(key, fan == 0 ? 0 : gain * Math.sqrt(3.0 / fan), shape);
    }

    /**
     * Normal numbers of the standard deviation {@code gain / sqrt(fan)}; see {@link
     * #kaimingUniform}.
     */
    public static Tensor kaimingNormal(Key key, double gain, long fan, long... shape) {
        return normal(key, fan == 0 ? 0 : gain / Math.sqrt(fan), shape);
    }

    /** The gain of a leaky ReLU: {@code sqrt(2 / (1 + slope^2))}; slope 0 is ReLU's. */
    public static double leakyReluGain(double slope) {
        return Math.sqrt(2 / (1 + slope * slope));
    }

    /**
     * Normal numbers of mean 0, those beyond two standard deviations never drawn (the deviation is
     * that of the uncut numbers).
     */
    public static Tensor truncatedNormal(Key key, double standardDeviation, long... shape) {
        return Random.truncatedNormal(key, dtype(), -2, 2, shape).mul(standardDeviation);
    }

    /**
     * A matrix whose rows, or whose columns where there are fewer, are orthogonal and of length
     * {@code gain}; evenly among all such. Dimensions behind the second count as columns.
     *
     * <p>Source: Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning
     * in deep linear neural networks (ICLR 2014). The orthogonal factor of a normal matrix whose
     * other factor has a positive diagonal: {@code A R^-1} with {@code R^T R = A^T A}, done twice
     * in F64.
     *
     * @throws IllegalArgumentException if there are fewer than two dimensions
     */
    public static Tensor orthogonal(Key key, double gain, long... shape) {
        if (shape.length < 2) {
            throw new IllegalArgumentException(
                    "orthogonal: needs two dimensions or more, not " + Shape.of(shape));
        }
        long rows = shape[0];
        long columns = Shape.of(shape).elementCount() / Math.max(1, rows);
        boolean wide = columns > rows;
        Tensor tall = Random.normal(key, DType.F64, wide ? columns : rows, wide ? rows : columns);
        Tensor factor = orthogonalFactor(orthogonalFactor(tall));
        Tensor matrix = wide ? factor.transpose(0, 1) : factor;
        return matrix.mul(gain).cast(dtype()).reshape(shape);
    }

    private static Tensor orthogonalFactor(Tensor a) {
        // With R^T R = A^T A and R^T = L, A R^-1 is the transposed solution of L X = A^T.
        Tensor lower = LinearAlgebra.cholesky(a.transpose(0, 1).matmul(a));
        return LinearAlgebra.triangularSolve(lower, a.transpose(0, 1), false, false)
                .transpose(0, 1);
    }
}
