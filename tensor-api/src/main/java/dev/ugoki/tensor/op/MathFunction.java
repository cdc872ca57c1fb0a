package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

/**
 * Functions of mathematics, element by element, beyond those that are primitives. Floating operands
 * of one type, one result of that type. F16 and BF16 are computed in F32; those that say so compute
 * everything in F64, and so round F32 once.
 *
 * <p>Their decompositions are written so that gradients of any order follow from them, also where
 * formulas are chosen by the operand. In some the gradient is that of another formula for the same
 * function, see {@link #withSlopeOf}.
 *
 * <p>Shapes: {@code [..] -> [..]}; of functions of two, {@code [..], [..] -> [..]}.
 *
 * <p>Source, where nothing else is named: ISO C's and SciPy's functions of the same names.
 */
public sealed interface MathFunction extends Composite {
    /** The function; the operands are F32 or F64. */
    Tensor value(Tensor... x);

    /** How many operands there are. */
    default int operandCount() {
        return 1;
    }

    /** Whether F32 is computed in F64 too. */
    default boolean needsDouble() {
        return false;
    }

    /**
     * The logarithm to base 2, exact for powers of 2.
     *
     * <p>Gradient: {@code 1 / (x log 2)}.
     */
    record Log2() implements MathFunction {
        @Override
        public Tensor value(Tensor... x) {
            return logarithm(x[0], 2);
        }
    }

    /**
     * The logarithm to base 10, exact for powers of 10 that the dtype has.
     *
     * <p>Gradient: {@code 1 / (x log 10)}.
     */
    record Log10() implements MathFunction {
        @Override
        public Tensor value(Tensor... x) {
            return logarithm(x[0], 10);
        }
    }

    /** The inverse of sinh, {@code log(x + sqrt(x^2 + 1))}, without cancellation or overflow. */
    record Asinh() implements MathFunction {
        @Override
        public Tensor value(Tensor... x) {
            Tensor size = magnitude(x[0]);
            Tensor far = size.gt(far(size));
            Tensor near = far.select(size.scalarLike(1), size);
            Tensor square = near.square();
            Tensor root = square.add(1).sqrt();
            Tensor close = near.add(square.div(root.add(1))).log1p();
            return withSignOf(x[0], far.select(logOfTwice(far, size), close));
        }
    }

    /**
     * The inverse of cosh for x from 1 up, {@code log(x + sqrt(x^2 - 1))}; NaN below. The gradient
     * at 1 is infinite.
     */
    record Acosh() implements MathFunction {
        @Override
        public Tensor value(Tensor... x) {
            Tensor far = x[0].gt(far(x[0]));
            Tensor above = far.select(x[0].scalarLike(2), x[0]).sub(1);
            Tensor close = above.add(above.sqrt().mul(above.add(2).sqrt())).log1p();
            return far.select(logOfTwice(far, x[0]), close);
        }
    }

    /** The inverse of tanh, {@code (log(1 + x) - log(1 - x)) / 2}; infinite at -1 and 1. */
    record Atanh() implements MathFunction {
        @Override
        public Tensor value(Tensor... x) {
            return x[0].log1p().sub(x[0].neg().log1p()).mul(0.5);
        }
    }

    /**
     * {@code 1 - erf(x)} with its full relative precision (about 10 ulp of F64) where it is small,
     * computed in F64.
     *
     * <p>From 1/2 on it is {@code exp(-x^2)} times a rational function of {@code 2 / (x + 2)}, our
     * own least-squares fit at Chebyshev nodes with relative error below 2e-17. Gradient: {@code -2
     * / sqrt(pi) * exp(-x^2)}.
     */
    record Erfc() implements MathFunction {
        private static final double[] ABOVE = {
            0.17913182856949250352,
            0.50489185056635194932,
            0.95666579239454418208,
            1.3627172242726970665,
            1.525512053547920613,
            1.6942141713496996287,
            0.95581028434691535468,
            1.1135105227462684238,
            0.17707264856687109981,
            0.28209479177338149762
        };
        private static final double[] BELOW = {
            0.030359705721256638379,
            0.0580137773409271851,
            0.31027071987489928325,
            0.94406989246672277261,
            0.40898415253004383007,
            3.2832005374925658601,
            -0.3555696516711763866,
            3.4445858383095644664,
            -0.37229380446462836859,
            1
        };

        /** Beyond, the result is 0 in F64. */
        private static final double ZERO_BEYOND = 28;

        @Override
        public boolean needsDouble() {
            return true;
        }

        @Override
        public Tensor value(Tensor... x) {
            Tensor smooth = x[0].erf().neg().add(1);
            Tensor at = x[0].detach();
            Tensor size = at.clamp(0.5, ZERO_BEYOND);
            Tensor t = size.add(2).reciprocal().mul(2);
            Tensor scaled = t.mul(polynomial(ABOVE, t)).div(polynomial(BELOW, t));
            // The square of a number of few bits is exact, and so is what is left of x^2.
            Tensor few = size.mul(16).round().div(16);
            Tensor rest = size.sub(few).mul(size.add(few));
            Tensor tail = scaled.mul(few.square().neg().exp()).mul(rest.neg().exp());
            // Not "at least 1/2": NaN stays NaN.
            Tensor near = at.ge(0.5).not();
            Tensor value = near.select(smooth.detach(), tail).maskedFill(at.ge(ZERO_BEYOND), 0);
            return withSlopeOf(smooth, value);
        }
    }

    /**
     * {@code log(exp(a) + exp(b))}, safe for large and for infinite scores: where both are minus
     * infinity, so is the result. Gradients: {@code exp(a - y)} and {@code exp(b - y)}.
     */
    record LogAddExp() implements MathFunction {
        @Override
        public int operandCount() {
            return 2;
        }

        @Override
        public Tensor value(Tensor... x) {
            Tensor first = x[0].ge(x[1]);
            Tensor largest = first.select(x[0], x[1]);
            Tensor other = first.select(x[1], x[0]);
            // Infinity minus infinity would be NaN.
            Tensor same = largest.eq(other).and(isInfinite(largest));
            return largest.add(other.sub(largest).maskedFill(same, 0).exp().log1p());
        }
    }

    /**
     * {@code sqrt(a^2 + b^2)} without overflow or underflow on the way; infinite where an operand
     * is, even if the other is NaN, as IEEE 754 has it. The gradients, {@code a / y} and {@code b /
     * y}, are 0 where both operands are.
     */
    record Hypot() implements MathFunction {
        @Override
        public int operandCount() {
            return 2;
        }

        @Override
        public Tensor value(Tensor... x) {
            Tensor a = x[0].detach().abs();
            Tensor b = x[1].detach().abs();
            Tensor infinite = isInfinite(a).or(isInfinite(b));
            Tensor largest = a.maximum(b);
            Tensor none = largest.eq(0);
            // The result does not depend on the unit of length, and neither does its gradient.
            Tensor unit = largest.maskedFill(none.or(infinite), 1);
            Tensor width = x[0].maskedFill(infinite, 0).div(unit);
            Tensor height = x[1].maskedFill(infinite, 0).div(unit);
            Tensor square = width.square().add(height.square());
            Tensor length =
                    square.maskedFill(none.or(infinite), 1).sqrt().mul(unit).maskedFill(none, 0);
            return length.maskedFill(infinite, Double.POSITIVE_INFINITY);
        }
    }

    /**
     * {@code x * log(y)}, and 0 where x is 0, whatever y is unless NaN. Gradients: {@code log(y)}
     * and {@code x / y}; 0 where x is 0 and y not positive.
     */
    record Xlogy() implements MathFunction {
        @Override
        public int operandCount() {
            return 2;
        }

        @Override
        public Tensor value(Tensor... x) {
            Tensor regular = x[1].gt(0).and(isInfinite(x[1]).not());
            Tensor isNan = x[1].ne(x[1]);
            Tensor vanishes = x[0].eq(0).and(regular.or(isNan).not());
            return x[0].mul(x[1].maskedFill(vanishes, 1).log());
        }
    }

    /** {@code sin(pi x) / (pi x)}, and 1 at 0; smooth there. */
    record Sinc() implements MathFunction {
        private static final double NEAR = 0.15;

        /** Of the sine's power series, {@code (-1)^n / (2n + 1)!}, the highest power first. */
        private static final double[] SERIES = {
            1.0 / 355687428096000.0,
            -1.0 / 1307674368000.0,
            1.0 / 6227020800.0,
            -1.0 / 39916800.0,
            1.0 / 362880.0,
            -1.0 / 5040.0,
            1.0 / 120.0,
            -1.0 / 6.0,
            1
        };

        @Override
        public Tensor value(Tensor... x) {
            Tensor near = x[0].detach().abs().lt(NEAR);
            Tensor infinite = isInfinite(x[0]);
            Tensor small = near.select(x[0], x[0].scalarLike(0)).mul(Math.PI);
            Tensor large = x[0].maskedFill(near.or(infinite), 1);
            Tensor turns = large.detach().mul(0.5).round().mul(2);
            Tensor far = large.sub(turns).mul(Math.PI).sin().div(large.mul(Math.PI));
            return near.select(polynomial(SERIES, small.square()), far.maskedFill(infinite, 0));
        }
    }

    /**
     * The logarithm of the gamma function's magnitude; infinite at 0 and the negative integers.
     * Computed in F64, to about 1e-14 absolutely, or relatively where it is large: by Stirling's
     * series from 8 on, by recurrence below, by reflection below 0.
     *
     * <p>Source: Abramowitz, Stegun: Handbook of Mathematical Functions, 6.1.15, 6.1.17 and 6.1.41.
     * Gradient: {@link Digamma}.
     */
    record LogGamma() implements MathFunction {
        private static final double HALF_LOG_TWO_PI = 0.91893853320467274178;

        /** {@code B(2n) / (2n (2n - 1))}, the highest first. */
        private static final double[] STIRLING = {
            -3617.0 / 122400,
            1.0 / 156,
            -691.0 / 360360,
            1.0 / 1188,
            -1.0 / 1680,
            1.0 / 1260,
            -1.0 / 360,
            1.0 / 12
        };

        @Override
        public boolean needsDouble() {
            return true;
        }

        @Override
        public Tensor value(Tensor... x) {
            Tensor negative = x[0].lt(0);
            Tensor y = positive(negative.select(x[0].neg().add(1), x[0]));
            Tensor fraction = x[0].sub(x[0].detach().round()).maskedFill(negative.not(), 0.5);
            Tensor sine = magnitude(fraction.mul(Math.PI).sin());
            Tensor reflected = sine.log().add(y).neg().add(Math.log(Math.PI));
            Tensor result = negative.select(reflected, y);
            return result.maskedFill(isInfinite(x[0]), Double.POSITIVE_INFINITY);
        }

        private static Tensor positive(Tensor x) {
            Tensor low = x.lt(SHIFT);
            Tensor small = low.select(x, x.scalarLike(1));
            Tensor product = small;
            for (int k = 1; k < SHIFT; k++) {
                product = product.mul(small.add(k));
            }
            Tensor z = low.select(x.add(SHIFT), x);
            // Where Stirling's terms would be infinity minus infinity.
            Tensor finite = z.maskedFill(isInfinite(z), 1);
            Tensor inverse = finite.reciprocal();
            Tensor series = inverse.mul(polynomial(STIRLING, inverse.square()));
            Tensor log = finite.log();
            Tensor main = finite.sub(0.5).mul(log.sub(1)).add(HALF_LOG_TWO_PI - 0.5);
            Tensor large = main.add(series).maskedFill(isInfinite(z), Double.POSITIVE_INFINITY);
            return low.select(large.sub(product.log()), large);
        }
    }

    /**
     * The logarithmic derivative of the gamma function; minus infinity at 0, NaN at the negative
     * integers. Computed in F64 to about 1e-14, as {@link LogGamma}.
     *
     * <p>Source: Abramowitz, Stegun: Handbook of Mathematical Functions, 6.3.5, 6.3.7 and 6.3.18.
     */
    record Digamma() implements MathFunction {
        /** {@code B(2n) / (2n)}, the highest first. */
        private static final double[] SERIES = {
            -3617.0 / 8160,
            1.0 / 12,
            -691.0 / 32760,
            1.0 / 132,
            -1.0 / 240,
            1.0 / 252,
            -1.0 / 120,
            1.0 / 12
        };

        @Override
        public boolean needsDouble() {
            return true;
        }

        @Override
        public Tensor value(Tensor... x) {
            Tensor negative = x[0].lt(0);
            Tensor y = positive(negative.select(x[0].neg().add(1), x[0]));
            Tensor fraction = x[0].sub(x[0].detach().round()).maskedFill(negative.not(), 0.5);
            Tensor pole = fraction.eq(0);
            Tensor cotangent = fraction.maskedFill(pole, 0.5).mul(Math.PI).tan().reciprocal();
            Tensor reflected = y.sub(cotangent.mul(Math.PI)).maskedFill(pole, Double.NaN);
            return negative.select(reflected, y);
        }

        private static Tensor positive(Tensor x) {
            Tensor low = x.lt(SHIFT);
            Tensor small = low.select(x, x.scalarLike(1));
            Tensor sum = small.reciprocal();
            for (int k = 1; k < SHIFT; k++) {
                sum = sum.add(small.add(k).reciprocal());
            }
            Tensor z = low.select(x.add(SHIFT), x);
            Tensor inverse = z.reciprocal();
            Tensor square = inverse.square();
            Tensor tail = square.mul(polynomial(SERIES, square));
            Tensor large = z.log().sub(inverse.mul(0.5)).sub(tail);
            return low.select(large.sub(sum), large);
        }
    }

    /** From here on the asymptotic series of the gamma function are exact to F64's last bits. */
    int SHIFT = 8;

    @Override
    default TensorType[] infer(TensorType... in) {
        Operands.count(this, in, operandCount(), operandCount());
        Operands.floating(this, in, in.length);
        for (int i = 1; i < in.length; i++) {
            Operands.shape(this, in, i, "operand " + i, in[0].shape());
        }
        return new TensorType[] {in[0]};
    }

    @Override
    default Tensor[] decompose(Tensor... operands) {
        DType dtype = Operands.check(this, operands)[0].dtype();
        Tensor[] x = new Tensor[operands.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = needsDouble() ? operands[i].cast(DType.F64) : Operands.wide(operands[i]);
        }
        return new Tensor[] {value(x).cast(dtype)};
    }

    /**
     * Exactly {@code value}, with the gradients of {@code smooth}: another formula for the same
     * function, finite wherever the function is.
     */
    private static Tensor withSlopeOf(Tensor smooth, Tensor value) {
        return value.detach().add(smooth.sub(smooth.detach()));
    }

    private static Tensor logarithm(Tensor x, double base) {
        Tensor y = x.log().mul(1 / Math.log(base));
        Tensor near = y.detach();
        Tensor whole = near.round();
        Tensor power = x.scalarLike(base).pow(whole).eq(x.detach());
        // Subnormal numbers may equal a rounded power without being near one.
        Tensor slack = near.abs().mul(x.dtype() == DType.F64 ? 0x1p-50 : 0x1p-21);
        Tensor exact = power.and(whole.sub(near).abs().le(slack));
        // Whole is so near that the difference is exact, and so the sum is whole.
        return y.add(exact.select(whole.sub(near), x.scalarLike(0)));
    }

    /** {@code |x|}, whose derivative at 0 is 1. */
    private static Tensor magnitude(Tensor x) {
        return x.lt(0).select(x.neg(), x);
    }

    /** {@code size}, negative where x is; of what {@link #magnitude} went into. */
    private static Tensor withSignOf(Tensor x, Tensor size) {
        // Adding x where it is 0 keeps the sign of zero.
        Tensor signed = x.lt(0).select(size.neg(), size);
        return x.detach().eq(0).select(x, signed);
    }

    /** From where on 1 is nothing beside {@code x^2}. */
    private static double far(Tensor x) {
        return x.dtype() == DType.F64 ? 0x1p28 : 0x1p14;
    }

    /** {@code log(2x)} where {@code far}, without overflow. */
    private static Tensor logOfTwice(Tensor far, Tensor x) {
        return far.select(x, x.scalarLike(1)).log().add(Math.log(2));
    }

    private static Tensor isInfinite(Tensor x) {
        return x.detach().abs().eq(Double.POSITIVE_INFINITY);
    }

    private static Tensor polynomial(double[] coefficients, Tensor at) {
        Tensor sum = at.scalarLike(coefficients[0]);
        for (int i = 1; i < coefficients.length; i++) {
            sum = sum.mul(at).add(coefficients[i]);
        }
        return sum;
    }
}
