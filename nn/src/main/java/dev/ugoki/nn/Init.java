package dev.ugoki.nn;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
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
}
