package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.spi.ErrorFunction;
import dev.ugoki.tensor.spi.Stored;

import java.util.Arrays;

/**
 * Random tensors. A draw depends on its key and shape alone; use a key for one draw, and get more
 * with {@link Key#fold}. Bits, integers and uniform numbers are the same on every backend and
 * machine, and so are normal numbers where a backend has a kernel for them. The others are computed
 * of them in F64, and are the same wherever a backend's F64 functions are those of {@link
 * StrictMath}, as the CPU's are.
 *
 * <p>Shapes: to the shape that is asked for.
 *
 * <p>Source, where nothing else is named: our own formula, of the bits of {@link Prim.RandomBits}.
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
                    ErrorPrefix.of("uniformBetween")
                            + ": the lower bound "
                            + low
                            + " exceeds the upper one, "
                            + high);
        }
        return uniform(key, dtype, shape).mul(high - low).add(low);
    }

    /**
     * Integers (I64) from {@code low} to {@code high - 1}; see {@link RandomDraw.RandomIntegers}.
     */
    public static Tensor integers(Key key, long low, long high, long... shape) {
        if (low >= high || high - low < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("integers")
                            + ": there must be between 1 and 2^63 - 1 integers from "
                            + low
                            + " to before "
                            + high);
        }
        return draw(new RandomDraw.RandomIntegers(low, high - low, Shape.of(shape)), key);
    }

    /**
     * Integers of {@code dtype} from {@code low} to {@code high - 1}, which it must have; as {@link
     * #integers(Key, long, long, long...)}.
     */
    public static Tensor integers(Key key, DType dtype, long low, long high, long... shape) {
        int bits = 8 * dtype.byteSize();
        long least = dtype == DType.U8 ? 0 : -1L << bits - 1;
        long most = dtype == DType.U8 ? 255 : ~least;
        if (!dtype.isInteger() || low < least || high - 1 > most) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("integers")
                            + ": "
                            + dtype
                            + " does not have all from "
                            + low
                            + " to before "
                            + high);
        }
        return integers(key, low, high, shape).cast(dtype);
    }

    /** True with {@code probability} (BOOL). */
    public static Tensor bernoulli(Key key, double probability, long... shape) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("bernoulli")
                            + ": the probability must be from 0 to 1: "
                            + probability);
        }
        return uniform(key, DType.F32, shape).lt(probability);
    }

    /** True with the probability of each element (BOOL); those below 0 never, above 1 always. */
    public static Tensor bernoulli(Key key, Tensor probabilities) {
        requireFloating("bernoulli", probabilities.dtype());
        DType dtype = probabilities.dtype() == DType.F64 ? DType.F64 : DType.F32;
        Tensor even = uniform(key, dtype, probabilities.shape().toArray());
        return even.to(probabilities.device()).lt(probabilities.detach().cast(dtype));
    }

    /**
     * {@code x} with each element kept with probability {@code 1 - rate} and divided by that, and 0
     * otherwise.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: Srivastava et al.: Dropout (JMLR 2014).
     */
    public static Tensor dropout(Key key, Tensor x, double rate) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("dropout")
                            + ": the rate must be at least 0 and less than 1: "
                            + rate);
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
     * beyond are never drawn, not moved to the bounds. The quantile of an even probability between
     * those of the bounds, computed in F64 on the side of the smaller tail: right far out too.
     *
     * @param low may be minus infinity
     * @param high may be infinite
     * @throws IllegalArgumentException if hardly anything is between the bounds: if the probability
     *     is 0 in F64 (beyond about 37 deviations), or no number of the dtype is there
     */
    public static Tensor truncatedNormal(
            Key key, DType dtype, double low, double high, long... shape) {
        if (!(low < high)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("truncatedNormal")
                            + ": the lower bound "
                            + low
                            + " is not below "
                            + high);
        }
        // Probabilities near 0 are exact where those near 1 are not, so the upper side is mirrored.
        boolean mirrored = low + high > 0;
        double from = below(mirrored ? -high : low);
        double to = below(mirrored ? -low : high);
        double least = inward(dtype, low, true);
        double most = inward(dtype, high, false);
        if (!(from < to) || !(least <= most)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("truncatedNormal")
                            + ": nothing of a normal distribution is between "
                            + low
                            + " and "
                            + high
                            + " in "
                            + dtype);
        }
        Tensor even = openUniform(key, shape).mul(to - from).add(from);
        Tensor quantile = NormalQuantile.ofProbabilities(even);
        Tensor drawn = mirrored ? quantile.neg() : quantile;
        return drawn.clamp(least, most).cast(dtype);
    }

    /** The probability of a normal number below {@code x}. */
    private static double below(double x) {
        double away = ErrorFunction.erfc(Math.abs(x) * Math.sqrt(0.5)) / 2;
        return x < 0 ? away : 1 - away;
    }

    /** The number of {@code dtype} nearest to a bound on its inner side. */
    private static double inward(DType dtype, double bound, boolean lower) {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("truncatedNormal")
                            + ": cannot draw "
                            + dtype
                            + "; draw a floating dtype");
        }
        if (dtype == DType.F64 || Double.isInfinite(bound)) {
            return bound;
        }
        double nearest = rounded(dtype, bound);
        double step = lower ? bound : -bound;
        double at = lower ? nearest : -nearest;
        return at >= step ? nearest : neighbour(dtype, nearest, lower);
    }

    private static double rounded(DType dtype, double value) {
        return switch (dtype) {
            case F16 -> NarrowFloats.fromF16(NarrowFloats.toF16(value));
            case BF16 -> NarrowFloats.fromBF16(NarrowFloats.toBF16(value));
            default -> (float) value;
        };
    }

    /** The next number of a narrow dtype above or below. */
    private static double neighbour(DType dtype, double value, boolean above) {
        double ulp = Math.ulp((float) value);
        for (double distance = ulp; ; distance *= 2) {
            double next = rounded(dtype, above ? value + distance : value - distance);
            if (next != value) {
                return next;
            }
        }
    }

    /** Numbers (F64) from {@code (0, 1)}, both excluded: {@code (bits + 1/2) / 2^52}. */
    private static Tensor openUniform(Key key, long... shape) {
        return uniform(key, DType.F64, shape).mul(0x1p52).floor().add(0.5).mul(0x1p-52);
    }

    /**
     * Waiting times at a rate of 1, {@code -log(u)} with u even in (0, 1). Computed in F64; the
     * largest is about 36.7.
     */
    public static Tensor exponential(Key key, DType dtype, long... shape) {
        requireFloating("exponential", dtype);
        return openUniform(key, shape).log().neg().cast(dtype);
    }

    /**
     * The standard Gumbel distribution, {@code -log(-log(u))}: what is added to scores so that the
     * largest is a draw by their softmax. Computed in F64.
     */
    public static Tensor gumbel(Key key, DType dtype, long... shape) {
        requireFloating("gumbel", dtype);
        return openUniform(key, shape).log().neg().log().neg().cast(dtype);
    }

    /**
     * The gamma distribution of scale 1 with a shape parameter for each element: its density is
     * {@code x^(a-1) exp(-x) / Gamma(a)}. The draws have no gradient.
     *
     * <p>By rejection, in F64: of 16 candidates for each element the first that is accepted counts.
     * One is accepted with probability 0.95 at least, so that an element has none with probability
     * below 1e-20, which is far less than what a number's last bit is off by; it then takes the
     * last. Draws do not depend on whether they are traced. Rounds end when nothing is left to
     * accept; under a trace, where that is not known, all are computed.
     *
     * <p>Source: Marsaglia, Tsang: A simple method for generating gamma variables (2000), with
     * their boost for a below 1.
     *
     * @param concentration a, floating and positive; NaN where it is not
     * @return of the type of {@code concentration}
     */
    public static Tensor gamma(Key key, Tensor concentration) {
        requireFloating("gamma", concentration.dtype());
        return logGamma(key, concentration.detach().cast(DType.F64))
                .exp()
                .cast(concentration.dtype());
    }

    /** The logarithms of gamma draws, which have no underflow. */
    private static Tensor logGamma(Key key, Tensor concentration) {
        long[] shape = concentration.shape().toArray();
        Tensor small = concentration.lt(1);
        Tensor a = concentration.add(small.cast(DType.F64));
        Tensor d = a.sub(1.0 / 3);
        Tensor c = d.mul(9).rsqrt();
        Tensor done = concentration.gt(0).not();
        Tensor drawn = a.mul(Double.NaN);
        for (int round = 0; round < GAMMA_ROUNDS; round++) {
            Key own = key.fold(round);
            Tensor x = normal(own.fold(0), DType.F64, shape).to(a.device());
            Tensor u = openUniform(own.fold(1), shape).to(a.device());
            Tensor root = x.mul(c).add(1);
            Tensor logCube = root.maximum(Double.MIN_NORMAL).log().mul(3);
            Tensor bound =
                    x.square().mul(0.5).add(d.mul(logCube.sub(root.mul(root).mul(root)).add(1)));
            Tensor accepted = root.gt(0).and(u.log().lt(bound));
            boolean last = round == GAMMA_ROUNDS - 1;
            Tensor taken = last ? done.not() : accepted.and(done.not());
            drawn = taken.select(d.log().add(logCube), drawn);
            done = done.or(accepted);
            if (!last && done.payload() instanceof Stored && done.all(false).item() != 0) {
                break;
            }
        }
        Tensor boost = openUniform(key.fold(GAMMA_ROUNDS), shape).to(a.device()).log();
        return small.select(drawn.add(boost.div(concentration)), drawn);
    }

    private static final int GAMMA_ROUNDS = 16;

    /**
     * The beta distribution, with density {@code x^(a-1) (1-x)^(b-1) / B(a, b)}. Where a or b is 1
     * it is a power of an even number, {@code u^(1/a)}; else a share of two {@link #gamma} draws.
     * Computed in F64, then rounded to the dtype, so that 0 and 1 may occur.
     *
     * <p>Source: Devroye: Non-uniform random variate generation (1986), IX.3.
     *
     * @param a positive, as is b
     */
    public static Tensor beta(Key key, double a, double b, DType dtype, long... shape) {
        requireFloating("beta", dtype);
        if (!(a > 0 && b > 0 && a + b < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("beta") + ": both parameters must be positive: " + a + ", " + b);
        }
        if (b == 1) {
            return openUniform(key, shape).log().div(a).exp().cast(dtype);
        }
        if (a == 1) {
            return openUniform(key, shape).log().div(b).expm1().neg().cast(dtype);
        }
        Tensor first = logGamma(key.fold(0), Tensor.full(DType.F64, Shape.of(shape), a));
        Tensor second = logGamma(key.fold(1), Tensor.full(DType.F64, Shape.of(shape), b));
        return first.sub(second).sigmoid().cast(dtype);
    }

    private static void requireFloating(String operation, DType dtype) {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": cannot draw "
                            + dtype
                            + "; draw a floating dtype");
        }
    }

    /**
     * The numbers 0 to {@code count - 1} in random order (I64).
     *
     * <p>Shapes: to {@code [count]}.
     */
    public static Tensor permutation(Key key, long count) {
        // 63 bits each: two of a million are equal once in ten million draws.
        return integers(key, 0, Long.MAX_VALUE, count).argsort(0, false);
    }

    /** The slices of dimension {@code dim} in random order. */
    public static Tensor shuffle(Key key, Tensor x, int dim) {
        return x.indexSelect(dim, permutation(key, x.extent(dim)).to(x.device()));
    }

    /**
     * A class (I64) for each row of scores along the last dimension, with probabilities {@code
     * softmax(logits)}: the largest of the scores plus {@link #gumbel} noise. A score of minus
     * infinity is never drawn, unless there is nothing else.
     *
     * <p>Shapes: {@code [.., classes] -> [..]}.
     *
     * <p>Source: Gumbel: Statistical theory of extreme values (1954).
     */
    public static Tensor categorical(Key key, Tensor logits) {
        requireScores("categorical", logits);
        return noisy(key, logits).argmax(-1, false);
    }

    /**
     * {@code count} classes (I64) for each row of scores along the last dimension, {@code [..,
     * count]}, as {@link #categorical(Key, Tensor)}.
     *
     * @param replacement whether one class may be drawn again; if not, the draws are in the order
     *     in which they would have been drawn one after the other
     */
    public static Tensor categorical(Key key, Tensor logits, long count, boolean replacement) {
        requireScores("categorical", logits);
        if (count < 0 || !replacement && count > logits.extent(-1)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("categorical")
                            + ": cannot draw "
                            + count
                            + " classes of "
                            + logits.type()
                            + (replacement ? "" : " without replacement"));
        }
        if (!replacement) {
            return noisy(key, logits).topk(count, -1).indices();
        }
        long[] extents = Arrays.copyOf(logits.shape().toArray(), logits.rank() + 1);
        extents[logits.rank()] = logits.extent(-1);
        extents[logits.rank() - 1] = count;
        return categorical(key, logits.unsqueeze(-2).expand(Shape.of(extents)));
    }

    /**
     * As {@link #categorical(Key, Tensor, long, boolean)}, of probabilities instead of scores; they
     * need not add up to 1.
     */
    public static Tensor multinomial(
            Key key, Tensor probabilities, long count, boolean replacement) {
        requireScores("multinomial", probabilities);
        return categorical(key, probabilities.log(), count, replacement);
    }

    private static void requireScores(String operation, Tensor scores) {
        if (!scores.dtype().isFloating() || scores.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs floating scores with classes along the last dimension: "
                            + scores.type());
        }
    }

    /** In F64, so that the largest is the same on every backend. */
    private static Tensor noisy(Key key, Tensor logits) {
        Tensor noise = gumbel(key, DType.F64, logits.shape().toArray()).to(logits.device());
        return logits.detach().cast(DType.F64).add(noise);
    }

    /** Words of all bits (I32); see {@link Prim.RandomBits}. */
    public static Tensor bits(Key key, long... shape) {
        return Engine.one(new Prim.RandomBits(Shape.of(shape), 0), key.asTensor());
    }

    private static Tensor draw(RandomDraw op, Key key) {
        return Engine.one(op, key.asTensor());
    }
}
