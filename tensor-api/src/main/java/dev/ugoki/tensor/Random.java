package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;

/**
 * Random tensors. A draw depends on its key and shape alone; use a key for one draw, and get more
 * with {@link Key#fold}. Bits, integers and uniform numbers are the same on every backend and
 * machine, and so are normal numbers where a backend has a kernel for them.
 */
public final class Random {
    private Random() {}

    /** Evenly from {@code [0, 1)}; see {@link RandomDraw.RandomUniform}. */
    public static Tensor uniform(Key key, DType dtype, long... shape) {
        return draw(new RandomDraw.RandomUniform(dtype, Shape.of(shape)), key);
    }

    /** Evenly from {@code [low, high)}; rounding may give {@code high}. */
    public static Tensor uniformBetween(
            double low, double high, Key key, DType dtype, long... shape) {
        if (!(low <= high)) {
            throw new IllegalArgumentException(
                    "uniform: the lower bound " + low + " exceeds the upper one, " + high);
        }
        return uniform(key, dtype, shape).mul(high - low).add(low);
    }

    /**
     * Integers (I64) from {@code low} to {@code high - 1}; see {@link RandomDraw.RandomIntegers}.
     */
    public static Tensor integers(Key key, long low, long high, long... shape) {
        if (low >= high || high - low < 0) {
            throw new IllegalArgumentException(
                    "integers: there must be between 1 and 2^63 - 1 integers from "
                            + low
                            + " to before "
                            + high);
        }
        return draw(new RandomDraw.RandomIntegers(low, high - low, Shape.of(shape)), key);
    }

    /** True with {@code probability} (BOOL). */
    public static Tensor bernoulli(Key key, double probability, long... shape) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    "bernoulli: the probability must be from 0 to 1: " + probability);
        }
        return uniform(key, DType.F32, shape).lt(probability);
    }

    /**
     * {@code x} with each element kept with probability {@code 1 - rate} and divided by that, and 0
     * otherwise.
     *
     * <p>Source: Srivastava et al.: Dropout (JMLR 2014).
     */
    public static Tensor dropout(Key key, Tensor x, double rate) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException(
                    "dropout: the rate must be at least 0 and less than 1: " + rate);
        }
        if (rate == 0) {
            return x;
        }
        Tensor kept = bernoulli(key, 1 - rate, x.shape().toArray()).to(x.device());
        return kept.select(x.div(1 - rate), x.scalarLike(0));
    }

    /** Normal numbers of mean 0 and variance 1; see {@link RandomDraw.RandomNormal}. */
    public static Tensor normal(Key key, DType dtype, long... shape) {
        return draw(new RandomDraw.RandomNormal(dtype, Shape.of(shape)), key);
    }

    /**
     * Normal numbers of mean 0 and variance 1 that lie from {@code low} to {@code high}; those
     * beyond are never drawn, not moved to the bounds. F32 or F64; at bounds beyond 5 the F32 grid
     * of probabilities becomes coarse.
     */
    public static Tensor truncatedNormal(
            Key key, DType dtype, double low, double high, long... shape) {
        if (!(low < high)) {
            throw new IllegalArgumentException(
                    "truncatedNormal: the lower bound " + low + " is not below " + high);
        }
        Tensor from = Tensor.full(dtype, Shape.SCALAR, low * Math.sqrt(0.5)).erf();
        Tensor to = Tensor.full(dtype, Shape.SCALAR, high * Math.sqrt(0.5)).erf();
        Tensor uniform = uniform(key, dtype, shape);
        return uniform.mul(to.sub(from)).add(from).erfinv().mul(Math.sqrt(2)).clamp(low, high);
    }

    /** The numbers 0 to {@code count - 1} in random order (I64). */
    public static Tensor permutation(Key key, long count) {
        // 63 bits each: two of a million are equal once in ten million draws.
        return integers(key, 0, Long.MAX_VALUE, count).argsort(0, false);
    }

    /**
     * A class (I64) for each row of scores along the last dimension, with probabilities {@code
     * softmax(logits)}: the largest of the scores plus Gumbel noise.
     */
    public static Tensor categorical(Key key, Tensor logits) {
        if (!logits.dtype().isFloating() || logits.rank() == 0) {
            throw new IllegalArgumentException(
                    "categorical: needs floating scores with classes along the last dimension: "
                            + logits.type());
        }
        DType dtype = logits.dtype() == DType.F64 ? DType.F64 : DType.F32;
        // Half a step up, so that no logarithm is of 0.
        double half = dtype == DType.F64 ? 0x1p-54 : 0x1p-25;
        Tensor uniform = uniform(key, dtype, logits.shape().toArray()).add(half);
        Tensor noise = uniform.log().neg().log().neg().to(logits.device());
        return logits.cast(dtype).add(noise).argmax(-1, false);
    }

    /** Words of all bits (I32); see {@link Prim.RandomBits}. */
    public static Tensor bits(Key key, long... shape) {
        return Engine.one(new Prim.RandomBits(Shape.of(shape), 0), key.asTensor());
    }

    private static Tensor draw(RandomDraw op, Key key) {
        return Engine.one(op, key.asTensor());
    }
}
