package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Traced;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Erfinv;
import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.MathFunction;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.StopGradient;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * An immutable array of numbers with a shape, a dtype and a device; the values may be shared with
 * other tensors of another layout.
 *
 * <p>Operations broadcast as NumPy's do: shapes are aligned at their ends, and dimensions of extent
 * 1 stretch. Tensors of two dtypes do not mix: {@link #cast} one of them; Java numbers take the
 * tensor's dtype, and must be numbers of it where that is not floating: {@code ints.add(2.0)} adds
 * 2, and {@code ints.add(0.5)} throws. Dimensions count from 0, negative ones from the end.
 *
 * <p>Every error names the operation, the operands and the fix. Wrong shapes, dtypes, devices and
 * settings throw {@link IllegalArgumentException}; an element of an index tensor that is out of
 * range throws {@link IndexOutOfBoundsException}; use after release (see {@link TensorScope}) or of
 * a traced tensor's values throws {@link IllegalStateException}; what the device has no memory for
 * throws {@link dev.ugoki.tensor.spi.OutOfDeviceMemoryException}.
 *
 * <p>Safe for use by many threads.
 *
 * <p>Source, where nothing else is named: NumPy's and PyTorch's operations of the same names.
 */
public final class Tensor {
    private final TensorType type;
    private final Payload payload;
    private final @Nullable Lineage lineage;

    Tensor(TensorType type, Payload payload, @Nullable Lineage lineage) {
        this.type = type;
        this.payload = payload;
        this.lineage = lineage;
    }

    // ---- making tensors ----

    /**
     * A tensor of {@code shape} of the given values, F32, row-major.
     *
     * <p>Shapes: values, to {@code shape}.
     */
    public static Tensor of(float[] values, long... shape) {
        return fromHost(DType.F32, MemorySegment.ofArray(values), values.length, shape);
    }

    /** A tensor of {@code shape} of the given values, F64, row-major. */
    public static Tensor of(double[] values, long... shape) {
        return fromHost(DType.F64, MemorySegment.ofArray(values), values.length, shape);
    }

    /** A tensor of {@code shape} of the given values, I64, row-major. */
    public static Tensor of(long[] values, long... shape) {
        return fromHost(DType.I64, MemorySegment.ofArray(values), values.length, shape);
    }

    /** A tensor of {@code shape} of the given values, I32, row-major. */
    public static Tensor of(int[] values, long... shape) {
        return fromHost(DType.I32, MemorySegment.ofArray(values), values.length, shape);
    }

    /** A tensor of {@code shape} of the given values, BOOL, row-major. */
    public static Tensor of(boolean[] values, long... shape) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return fromHost(DType.BOOL, MemorySegment.ofArray(bytes), values.length, shape);
    }

    private static Tensor fromHost(DType dtype, MemorySegment values, long count, long[] extents) {
        Shape shape = Shape.of(extents);
        if (count != shape.elementCount()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("tensor")
                            + ": "
                            + count
                            + " values do not fill "
                            + shape
                            + " ("
                            + shape.elementCount()
                            + ")");
        }
        return of(new TensorType(dtype, shape), values);
    }

    /**
     * A tensor of row-major elements in the machine's byte order; BOOL is one byte, 0 or 1.
     *
     * @throws IllegalArgumentException if there are not exactly as many bytes as the type has
     */
    public static Tensor of(TensorType type, MemorySegment elements) {
        if (elements.byteSize() != type.byteSize()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("tensor")
                            + ": "
                            + elements.byteSize()
                            + " bytes given, but "
                            + type
                            + " takes "
                            + type.byteSize());
        }
        return HostCopies.upload(Backends.forDevice(Device.current()), elements, type);
    }

    /**
     * A scalar, F32.
     *
     * <p>Shapes: to {@code []}.
     */
    public static Tensor scalar(float value) {
        return full(DType.F32, Shape.SCALAR, value);
    }

    /**
     * A tensor with {@code value} everywhere, rounded to {@code dtype} if that is floating.
     *
     * @throws IllegalArgumentException if {@code value} is no number of an integer dtype or BOOL:
     *     not whole, or beyond its range
     */
    public static Tensor full(DType dtype, Shape shape, Number value) {
        return Engine.one(new Prim.Fill(dtype, shape, dtype.numberOf(value)));
    }

    /** A tensor of zeros. */
    public static Tensor zeros(DType dtype, long... shape) {
        return full(dtype, Shape.of(shape), 0);
    }

    /** A tensor of ones. */
    public static Tensor ones(DType dtype, long... shape) {
        return full(dtype, Shape.of(shape), 1);
    }

    /**
     * The numbers 0 to {@code count - 1}, rounded if the dtype is floating.
     *
     * <p>Shapes: to {@code [count]}.
     *
     * @throws IllegalArgumentException if an integer dtype or BOOL cannot count so far
     */
    public static Tensor arange(DType dtype, long count) {
        if (!dtype.isFloating() && (dtype == DType.BOOL || count - 1 > dtype.largestInteger())) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("arange")
                            + ": "
                            + dtype
                            + " cannot count to "
                            + (count - 1)
                            + "; count in DType.I64, and cast");
        }
        return Engine.one(new Prim.Iota(dtype, Shape.of(count), 0));
    }

    /**
     * The numbers {@code start}, {@code start + step}, ... before {@code end} (beyond, where the
     * step is negative), as Python's {@code range}; none, where the step leads away. Computed in
     * F64 and converted to {@code dtype}, so that integers are exact up to 2^53.
     */
    public static Tensor arange(DType dtype, double start, double end, double step) {
        double count = Math.ceil((end - start) / step);
        if (!(Math.abs(step) > 0) || !(Math.abs(count) < Integer.MAX_VALUE)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("arange")
                            + ": no list of numbers goes from "
                            + start
                            + " to before "
                            + end
                            + " by "
                            + step);
        }
        Tensor places = arange(DType.F64, (long) Math.max(0, count));
        return places.mul(step).add(start).cast(dtype);
    }

    /**
     * {@code count} numbers from {@code start} to {@code end}, both included, at even distances.
     * Computed in F64 and converted to {@code dtype}.
     *
     * <p>Shapes: to {@code [count]}.
     */
    public static Tensor linspace(DType dtype, double start, double end, long count) {
        if (count < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("linspace") + ": the count is negative: " + count);
        }
        double step = count < 2 ? 0 : (end - start) / (count - 1);
        Tensor places = arange(DType.F64, count);
        Tensor fromStart = places.mul(step).add(start);
        Tensor fromEnd = places.sub(count - 1.0).mul(step).add(count < 2 ? start : end);
        return places.lt(count / 2.0).select(fromStart, fromEnd).cast(dtype);
    }

    /**
     * A mask {@code [rows, columns]} (BOOL), true at and below diagonal {@code diagonal}: where
     * column - row is at most that. {@code tri(n, n, 0)} lets each of n queries attend to the keys
     * up to its own.
     */
    public static Tensor tri(long rows, long columns, long diagonal) {
        Tensor row = arange(DType.I64, rows).unsqueeze(1);
        return arange(DType.I64, columns).sub(row).le(diagonal);
    }

    /** A tensor with {@code value} everywhere, of this one's type and on its device. */
    public Tensor fullLike(Number value) {
        return Engine.createLike(this, new Prim.Fill(dtype(), shape(), dtype().numberOf(value)));
    }

    /** Zeros, of this tensor's type and on its device. */
    public Tensor zerosLike() {
        return fullLike(0);
    }

    /** Ones, of this tensor's type and on its device. */
    public Tensor onesLike() {
        return fullLike(1);
    }

    /**
     * A tensor over a payload, for those who interpret operations (tracers, backends' tests,
     * differentiation); others use the methods above.
     */
    public static Tensor wrap(TensorType type, Payload payload) {
        return new Tensor(type, payload, null);
    }

    // ---- what is known of a tensor ----

    public TensorType type() {
        return type;
    }

    public Shape shape() {
        return type.shape();
    }

    public DType dtype() {
        return type.dtype();
    }

    /** The number of dimensions. */
    public int rank() {
        return type.shape().rank();
    }

    /** The extent of dimension {@code dim}; negative ones count from the end. */
    public long extent(int dim) {
        return type.shape().extent(dimension("extent", dim));
    }

    public Device device() {
        return payload instanceof Stored stored
                ? stored.storage().backend().device()
                : Device.current();
    }

    public Payload payload() {
        return payload;
    }

    public @Nullable Lineage lineage() {
        return lineage;
    }

    /** The same values, followed by {@code newLineage} from here on. */
    public Tensor withLineage(@Nullable Lineage newLineage) {
        return newLineage == lineage ? this : new Tensor(type, payload, newLineage);
    }

    /**
     * The same values, as a constant to whoever differentiates: no gradient flows through the
     * result. Under a trace it is written down, and holds at each run of the program.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor detach() {
        return payload instanceof Traced
                ? Engine.one(new StopGradient(), withLineage(null))
                : withLineage(null);
    }

    // ---- values ----

    /**
     * The one value of a tensor of one element.
     *
     * @throws IllegalArgumentException if there is not exactly one, or it is an I64 beyond 2^53
     *     that no double equals; {@link #longItem} takes that
     */
    public double item() {
        requireOneElement("item");
        double value = toDoubleArray()[0];
        if (dtype() == DType.I64) {
            long exact = toLongArray()[0];
            if (value == 0x1p63 || (long) value != exact) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("item")
                                + ": "
                                + exact
                                + " ("
                                + type
                                + ") is no double; use longItem()");
            }
        }
        return value;
    }

    /**
     * The one value of an integer or BOOL tensor of one element, exactly.
     *
     * @throws IllegalArgumentException if there is not exactly one element, or it is floating
     */
    public long longItem() {
        requireOneElement("longItem");
        if (dtype().isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("longItem")
                            + ": "
                            + type
                            + " is not whole; use item(), or cast to DType.I64 first");
        }
        return toLongArray()[0];
    }

    private void requireOneElement(String operation) {
        if (shape().elementCount() != 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": "
                            + type
                            + " has "
                            + shape().elementCount()
                            + " elements, not one; reduce or slice it first");
        }
    }

    /**
     * The elements in row-major order, converted as by {@link #cast} to F32: F64, I64 and I32 are
     * rounded to nearest even.
     *
     * @throws IllegalArgumentException if they are more than an array can hold
     */
    public float[] toFloatArray() {
        return HostCopies.toArray(
                "toFloatArray",
                this,
                DType.F32,
                elements -> elements.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
    }

    /**
     * The elements in row-major order, converted as by {@link #cast} to F64: exact for all dtypes
     * but I64, which beyond 2^53 is rounded to nearest even; {@link #toLongArray} has it exactly.
     *
     * @throws IllegalArgumentException if they are more than an array can hold
     */
    public double[] toDoubleArray() {
        return HostCopies.toArray(
                "toDoubleArray",
                this,
                DType.F64,
                elements -> elements.toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED));
    }

    /**
     * The elements in row-major order, converted as by {@link #cast} to I64: floating ones towards
     * zero, NaN giving 0.
     *
     * @throws IllegalArgumentException if they are more than an array can hold
     */
    public long[] toLongArray() {
        return HostCopies.toArray(
                "toLongArray",
                this,
                DType.I64,
                elements -> elements.toArray(ValueLayout.JAVA_LONG_UNALIGNED));
    }

    /** The elements in row-major order in the machine's byte order: a copy on the host. */
    public MemorySegment toMemory() {
        return HostCopies.download(this);
    }

    /** The same values on {@code device}. */
    public Tensor to(Device device) {
        return Engine.one(new Prim.CopyTo(device), this);
    }

    // ---- element by element ----

    public Tensor neg() {
        return unary(Prim.Unary.Kind.NEG);
    }

    /** {@code |x|}; the gradient at 0 counts as 0. */
    public Tensor abs() {
        return unary(Prim.Unary.Kind.ABS);
    }

    public Tensor sign() {
        return unary(Prim.Unary.Kind.SIGN);
    }

    /**
     * The square root; NaN below 0. The gradient at 0 is infinite, and NaN where the cotangent is
     * 0: bound x from below, or replace zeros by {@link #maskedFill} before the root.
     */
    public Tensor sqrt() {
        return unary(Prim.Unary.Kind.SQRT);
    }

    /** {@code 1 / sqrt(x)}. */
    public Tensor rsqrt() {
        return unary(Prim.Unary.Kind.RSQRT);
    }

    public Tensor exp() {
        return unary(Prim.Unary.Kind.EXP);
    }

    /** {@code exp(x) - 1}, exact near 0. */
    public Tensor expm1() {
        return unary(Prim.Unary.Kind.EXPM1);
    }

    /** {@code 2^x}, exact for integers. */
    public Tensor exp2() {
        return scalarLike(2).pow(this);
    }

    /** The natural logarithm. */
    public Tensor log() {
        return unary(Prim.Unary.Kind.LOG);
    }

    /** {@code log(1 + x)}, exact near 0. */
    public Tensor log1p() {
        return unary(Prim.Unary.Kind.LOG1P);
    }

    /**
     * The logarithm to base 2, see {@link MathFunction.Log2}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor log2() {
        return Engine.one(new MathFunction.Log2(), this);
    }

    /**
     * The logarithm to base 10, see {@link MathFunction.Log10}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor log10() {
        return Engine.one(new MathFunction.Log10(), this);
    }

    public Tensor sin() {
        return unary(Prim.Unary.Kind.SIN);
    }

    public Tensor cos() {
        return unary(Prim.Unary.Kind.COS);
    }

    public Tensor tan() {
        return unary(Prim.Unary.Kind.TAN);
    }

    public Tensor asin() {
        return unary(Prim.Unary.Kind.ASIN);
    }

    public Tensor acos() {
        return unary(Prim.Unary.Kind.ACOS);
    }

    public Tensor atan() {
        return unary(Prim.Unary.Kind.ATAN);
    }

    public Tensor sinh() {
        return unary(Prim.Unary.Kind.SINH);
    }

    public Tensor cosh() {
        return unary(Prim.Unary.Kind.COSH);
    }

    public Tensor tanh() {
        return unary(Prim.Unary.Kind.TANH);
    }

    /**
     * The inverse of {@link #sinh}, see {@link MathFunction.Asinh}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor asinh() {
        return Engine.one(new MathFunction.Asinh(), this);
    }

    /**
     * The inverse of {@link #cosh} for x from 1 up, see {@link MathFunction.Acosh}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor acosh() {
        return Engine.one(new MathFunction.Acosh(), this);
    }

    /**
     * The inverse of {@link #tanh}, see {@link MathFunction.Atanh}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor atanh() {
        return Engine.one(new MathFunction.Atanh(), this);
    }

    /** The error function, {@code 2/sqrt(pi) * integral of exp(-t^2) from 0 to x}. */
    public Tensor erf() {
        return unary(Prim.Unary.Kind.ERF);
    }

    /**
     * {@code 1 - erf(x)}, exact where it is small too; see {@link MathFunction.Erfc}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor erfc() {
        return Engine.one(new MathFunction.Erfc(), this);
    }

    /**
     * The inverse of {@link #erf}, for x from -1 to 1, where it is infinite; NaN beyond. See {@link
     * Erfinv}.
     */
    public Tensor erfinv() {
        return Engine.one(new Erfinv(), this);
    }

    /** {@code 1 / (1 + exp(-x))}. */
    public Tensor sigmoid() {
        return unary(Prim.Unary.Kind.SIGMOID);
    }

    public Tensor floor() {
        return unary(Prim.Unary.Kind.FLOOR);
    }

    public Tensor ceil() {
        return unary(Prim.Unary.Kind.CEIL);
    }

    /** To the nearest integer, halves to the even one. */
    public Tensor round() {
        return unary(Prim.Unary.Kind.ROUND);
    }

    /**
     * {@code x * x}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor square() {
        return mul(this);
    }

    /**
     * {@code 1 / x}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor reciprocal() {
        return scalarLike(1).div(this);
    }

    /** Towards zero. */
    public Tensor trunc() {
        return unary(Prim.Unary.Kind.TRUNC);
    }

    /**
     * What {@link #trunc} takes away, {@code x - trunc(x)}, with the sign of x.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor frac() {
        return sub(trunc());
    }

    /** Where the elements are NaN (BOOL). */
    public Tensor isNan() {
        return ne(this);
    }

    /**
     * Where the elements are infinite, of either sign (BOOL).
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor isInfinite() {
        return dtype().isFloating() ? abs().eq(Double.POSITIVE_INFINITY) : ne(this);
    }

    /**
     * Where the elements are neither infinite nor NaN (BOOL).
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor isFinite() {
        return dtype().isFloating() ? abs().lt(Double.POSITIVE_INFINITY) : eq(this);
    }

    /**
     * The elements, with {@code nan} in place of NaN, and the other two in place of the infinities.
     * The gradient is 0 there.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor nanToNum(double nan, double positiveInfinity, double negativeInfinity) {
        if (!dtype().isFloating()) {
            return this;
        }
        return maskedFill(isNan(), nan)
                .maskedFill(eq(Double.POSITIVE_INFINITY), positiveInfinity)
                .maskedFill(eq(Double.NEGATIVE_INFINITY), negativeInfinity);
    }

    /** Logical for BOOL, bitwise for integers. */
    public Tensor not() {
        return unary(Prim.Unary.Kind.NOT);
    }

    public Tensor add(Tensor other) {
        return binary(Prim.Binary.Kind.ADD, other);
    }

    public Tensor add(Number other) {
        return binary(Prim.Binary.Kind.ADD, scalarLike(other));
    }

    public Tensor sub(Tensor other) {
        return binary(Prim.Binary.Kind.SUB, other);
    }

    public Tensor sub(Number other) {
        return binary(Prim.Binary.Kind.SUB, scalarLike(other));
    }

    public Tensor mul(Tensor other) {
        return binary(Prim.Binary.Kind.MUL, other);
    }

    public Tensor mul(Number other) {
        return binary(Prim.Binary.Kind.MUL, scalarLike(other));
    }

    /**
     * The quotient; of integers, towards zero, and 0 where the divisor is 0. Floats divided by 0
     * are infinite or NaN, and so are their gradients, also where a later {@link #select} drops
     * them: replace zeros before dividing, {@code b.maskedFill(b.eq(0), 1)}.
     */
    public Tensor div(Tensor other) {
        return binary(Prim.Binary.Kind.DIV, other);
    }

    public Tensor div(Number other) {
        return binary(Prim.Binary.Kind.DIV, scalarLike(other));
    }

    /** The remainder, with the dividend's sign. */
    public Tensor rem(Tensor other) {
        return binary(Prim.Binary.Kind.REM, other);
    }

    /** The remainder, with the dividend's sign. */
    public Tensor rem(Number other) {
        return binary(Prim.Binary.Kind.REM, scalarLike(other));
    }

    /**
     * The largest integer that is not above the quotient, as Python's {@code //}; of integers by 0
     * it is 0. It has no gradient.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor floorDiv(Tensor other) {
        Tensor a = detach();
        Tensor b = other.detach();
        Tensor rest = a.rem(b);
        Tensor down = rest.ne(0).and(rest.lt(0).xor(b.lt(0))).cast(dtype());
        if (!dtype().isFloating()) {
            return a.div(b).sub(down);
        }
        return b.eq(0).select(a.div(b), a.sub(rest).div(b).sub(down).round());
    }

    public Tensor floorDiv(Number other) {
        return floorDiv(scalarLike(other));
    }

    /**
     * The remainder with the divisor's sign, {@code x - floorDiv(x, y) * y}, as Python's {@code %}.
     * Gradients: 1 and {@code -floorDiv(x, y)}.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor floorMod(Tensor other) {
        Tensor rest = rem(other);
        Tensor apart = rest.ne(0).and(rest.lt(0).xor(other.lt(0)));
        return apart.select(rest.add(other), rest);
    }

    public Tensor floorMod(Number other) {
        return floorMod(scalarLike(other));
    }

    /**
     * The power, as IEEE 754's: 1 where the exponent is 0, also of 0 and NaN. The gradient in x is
     * {@code p * x^(p-1)}, and 0 where the exponent is 0; so at 0 that of {@code x^2} is 0, of
     * {@code x^1} 1, and of a root infinite. The gradient in the exponent is {@code x^p * log(x)}:
     * 0 where x is 0 and p not negative, NaN where x is negative.
     */
    public Tensor pow(Tensor other) {
        return binary(Prim.Binary.Kind.POW, other);
    }

    /** As {@link #pow(Tensor)}. */
    public Tensor pow(Number other) {
        return binary(Prim.Binary.Kind.POW, scalarLike(other));
    }

    /**
     * The larger of the two; NaN where either is. The gradient goes to the larger; equal ones get
     * half of it each.
     */
    public Tensor maximum(Tensor other) {
        return binary(Prim.Binary.Kind.MAX, other);
    }

    /** As {@link #maximum(Tensor)}: where equal, half of the gradient. */
    public Tensor maximum(Number other) {
        return binary(Prim.Binary.Kind.MAX, scalarLike(other));
    }

    /**
     * The smaller of the two; NaN where either is. The gradient goes to the smaller; equal ones get
     * half of it each.
     */
    public Tensor minimum(Tensor other) {
        return binary(Prim.Binary.Kind.MIN, other);
    }

    /** As {@link #minimum(Tensor)}: where equal, half of the gradient. */
    public Tensor minimum(Number other) {
        return binary(Prim.Binary.Kind.MIN, scalarLike(other));
    }

    /**
     * The angle of the point (x: {@code other}, y: this), in radians from -pi to pi. The gradients
     * are {@code x / (x^2 + y^2)} in y and {@code -y / (x^2 + y^2)} in x; at the origin, where the
     * angle jumps, they count as 0.
     */
    public Tensor atan2(Tensor other) {
        return binary(Prim.Binary.Kind.ATAN2, other);
    }

    /**
     * {@code sqrt(x^2 + y^2)} without overflow, see {@link MathFunction.Hypot}.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor hypot(Tensor other) {
        return combine(new MathFunction.Hypot(), other);
    }

    /**
     * {@code log(exp(x) + exp(y))}, safe for large scores; see {@link MathFunction.LogAddExp}.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor logAddExp(Tensor other) {
        return combine(new MathFunction.LogAddExp(), other);
    }

    /**
     * {@code x + weight * (end - x)}, exactly x where the weight is 0 and exactly {@code end} where
     * it is 1.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor lerp(Tensor end, Tensor weight) {
        Tensor way = end.sub(this);
        Tensor fromEnd = end.sub(way.mul(weight.neg().add(1)));
        return weight.lt(0.5).select(add(way.mul(weight)), fromEnd);
    }

    /** As {@link #lerp(Tensor, Tensor)}. */
    public Tensor lerp(Tensor end, double weight) {
        return lerp(end, scalarLike(weight));
    }

    /** Logical for BOOL, bitwise for integers. */
    public Tensor and(Tensor other) {
        return binary(Prim.Binary.Kind.AND, other);
    }

    /** Logical for BOOL, bitwise for integers. */
    public Tensor or(Tensor other) {
        return binary(Prim.Binary.Kind.OR, other);
    }

    /** Logical for BOOL, bitwise for integers. */
    public Tensor xor(Tensor other) {
        return binary(Prim.Binary.Kind.XOR, other);
    }

    /**
     * The bits moved up by {@code count}, from 0 to one less than the dtype has; integers only.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor shiftLeft(int count) {
        return shift(Prim.Binary.Kind.SHIFT_LEFT, count);
    }

    /**
     * The bits moved down by {@code count}, the sign kept: as {@link #shiftLeft}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor shiftRight(int count) {
        return shift(Prim.Binary.Kind.SHIFT_RIGHT, count);
    }

    /**
     * The bits moved down by {@code count}, zeros following: as {@link #shiftLeft}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor shiftRightUnsigned(int count) {
        return shift(Prim.Binary.Kind.SHIFT_RIGHT_UNSIGNED, count);
    }

    private Tensor shift(Prim.Binary.Kind kind, int count) {
        int bits = 8 * dtype().byteSize();
        if (count < 0 || count >= bits) {
            throw new IllegalArgumentException(
                    ErrorPrefix.orElse("shift")
                            + ": "
                            + dtype()
                            + " is shifted by 0 to "
                            + (bits - 1)
                            + ", not by "
                            + count
                            + "; operand "
                            + type);
        }
        return binary(kind, dtype().isInteger() ? scalarLike(count) : this);
    }

    public Tensor eq(Tensor other) {
        return compare(Prim.Compare.Kind.EQ, other);
    }

    public Tensor eq(Number other) {
        return compare(Prim.Compare.Kind.EQ, scalarLike(other));
    }

    public Tensor ne(Tensor other) {
        return compare(Prim.Compare.Kind.NE, other);
    }

    public Tensor ne(Number other) {
        return compare(Prim.Compare.Kind.NE, scalarLike(other));
    }

    public Tensor lt(Tensor other) {
        return compare(Prim.Compare.Kind.LT, other);
    }

    public Tensor lt(Number other) {
        return compare(Prim.Compare.Kind.LT, scalarLike(other));
    }

    public Tensor le(Tensor other) {
        return compare(Prim.Compare.Kind.LE, other);
    }

    public Tensor le(Number other) {
        return compare(Prim.Compare.Kind.LE, scalarLike(other));
    }

    public Tensor gt(Tensor other) {
        return compare(Prim.Compare.Kind.GT, other);
    }

    public Tensor gt(Number other) {
        return compare(Prim.Compare.Kind.GT, scalarLike(other));
    }

    public Tensor ge(Tensor other) {
        return compare(Prim.Compare.Kind.GE, other);
    }

    public Tensor ge(Number other) {
        return compare(Prim.Compare.Kind.GE, scalarLike(other));
    }

    /**
     * Whether {@code |x - y| <= absolute + relative * |y|} (BOOL); infinities are close to
     * themselves, and NaN to nothing.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor isClose(Tensor other, double relative, double absolute) {
        if (!dtype().isFloating()) {
            Tensor far = other.cast(DType.F64);
            return cast(DType.F64).isClose(far, relative, absolute);
        }
        Tensor x = detach();
        Tensor y = other.detach();
        Tensor near = x.sub(y).abs().le(y.abs().mul(relative).add(absolute));
        return x.eq(y).or(near.and(x.isFinite()).and(y.isFinite()));
    }

    /** Whether all elements are close, as {@link #isClose} says; waits for the values. */
    public boolean allClose(Tensor other, double relative, double absolute) {
        return isClose(other, relative, absolute).all(false).item() != 0;
    }

    /**
     * {@code this ? whenTrue : whenFalse}, element by element; this is BOOL. The gradient goes to
     * what was taken.
     *
     * <p>What was not taken gets the gradient 0, and hands 0 on: where it is infinitely steep, 0
     * times infinity is NaN. So {@code x.gt(0).select(x.sqrt(), zero)} has the gradient NaN at 0,
     * though the root is not taken. Replace such operands before the operation, not after it:
     * {@code x.maskedFill(x.le(0), 1).sqrt().maskedFill(x.le(0), 0)}.
     */
    public Tensor select(Tensor whenTrue, Tensor whenFalse) {
        Tensor[] all = {this, whenTrue, whenFalse};
        Shape shape = broadcast("select", shape(), whenTrue.shape(), all);
        shape = broadcast("select", shape, whenFalse.shape(), all);
        return Engine.one(
                new Prim.Select(), expand(shape), whenTrue.expand(shape), whenFalse.expand(shape));
    }

    /**
     * {@code condition ? whenTrue : whenFalse}, element by element, as NumPy's; see {@link #select}
     * for the gradient of a branch that is not taken.
     */
    public static Tensor where(Tensor condition, Tensor whenTrue, Tensor whenFalse) {
        return condition.select(whenTrue, whenFalse);
    }

    /**
     * These elements, but {@code value} where {@code mask} (BOOL) is true; there the gradient is 0,
     * whatever is computed of the value. Before an operation it keeps what that cannot take, and
     * its gradient, out of it; see {@link #select}.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     */
    public Tensor maskedFill(Tensor mask, Number value) {
        return mask.select(scalarLike(value), this);
    }

    /**
     * {@code min(max(x, least), most)}, NaN where x is. The gradient passes at the bounds and
     * between, and is 0 beyond.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor clamp(Number least, Number most) {
        return Engine.one(new Clamp(dtype().numberOf(least), dtype().numberOf(most)), this);
    }

    /**
     * {@code min(max(x, least), most)} with bounds for each element; NaN where one of the three is,
     * and {@code most} where the bounds are in the wrong order. The gradient goes to x at the
     * bounds and between, and to the bound beyond.
     */
    public Tensor clamp(Tensor least, Tensor most) {
        Tensor raised = lt(least).or(least.isNan()).select(least, this);
        return raised.gt(most).or(most.isNan()).select(most, raised);
    }

    /** The same numbers as {@code dtype}; see {@link Prim.Cast} for how they are converted. */
    public Tensor cast(DType dtype) {
        return dtype == dtype() ? this : Engine.one(new Prim.Cast(dtype), this);
    }

    // ---- activations ----

    /** See {@link Activation.Relu}: {@code max(x, 0)}. */
    public Tensor relu() {
        return Engine.one(new Activation.Relu(), this);
    }

    /** See {@link Activation.LeakyRelu}: {@code x > 0 ? x : slope * x}. */
    public Tensor leakyRelu(double slope) {
        return Engine.one(new Activation.LeakyRelu(slope), this);
    }

    /** See {@link Activation.Elu}: {@code x > 0 ? x : alpha * (exp(x) - 1)}. */
    public Tensor elu(double alpha) {
        return Engine.one(new Activation.Elu(alpha), this);
    }

    /** See {@link Activation.Silu}: {@code x * sigmoid(x)}. */
    public Tensor silu() {
        return Engine.one(new Activation.Silu(), this);
    }

    /** See {@link Activation.Gelu}: {@code x * Phi(x)}, exactly. */
    public Tensor gelu() {
        return Engine.one(new Activation.Gelu(), this);
    }

    /** See {@link Activation.GeluTanh}: {@link #gelu} by its approximation with tanh. */
    public Tensor geluTanh() {
        return Engine.one(new Activation.GeluTanh(), this);
    }

    /** See {@link Activation.Mish}: {@code x * tanh(softplus(x))}. */
    public Tensor mish() {
        return Engine.one(new Activation.Mish(), this);
    }

    /** See {@link Activation.Softplus}: {@code log(1 + exp(x))}. */
    public Tensor softplus() {
        return Engine.one(new Activation.Softplus(), this);
    }

    /** See {@link Activation.LogSigmoid}: {@code log(sigmoid(x))}. */
    public Tensor logSigmoid() {
        return Engine.one(new Activation.LogSigmoid(), this);
    }

    /** See {@link Activation.Hardswish}: {@code x * min(max(x + 3, 0), 6) / 6}. */
    public Tensor hardswish() {
        return Engine.one(new Activation.Hardswish(), this);
    }

    /** See {@link Activation.Hardsigmoid}: {@code min(max(x + 3, 0), 6) / 6}. */
    public Tensor hardsigmoid() {
        return Engine.one(new Activation.Hardsigmoid(), this);
    }

    /** See {@link Activation.Hardtanh}: {@code min(max(x, least), most)}. */
    public Tensor hardtanh(double least, double most) {
        return Engine.one(new Activation.Hardtanh(least, most), this);
    }

    /** See {@link Activation.Relu6}: {@code min(max(x, 0), 6)}. */
    public Tensor relu6() {
        return Engine.one(new Activation.Relu6(), this);
    }

    /** See {@link Activation.Selu}: {@link #elu} with the numbers that keep mean and variance. */
    public Tensor selu() {
        return Engine.one(new Activation.Selu(), this);
    }

    /** See {@link Activation.Celu}: {@code x > 0 ? x : alpha * (exp(x / alpha) - 1)}. */
    public Tensor celu(double alpha) {
        return Engine.one(new Activation.Celu(alpha), this);
    }

    /** See {@link Activation.Softsign}: {@code x / (1 + |x|)}. */
    public Tensor softsign() {
        return Engine.one(new Activation.Softsign(), this);
    }

    /** See {@link Activation.Tanhshrink}: {@code x - tanh(x)}. */
    public Tensor tanhshrink() {
        return Engine.one(new Activation.Tanhshrink(), this);
    }

    /** See {@link Activation.Softshrink}: {@code x} moved towards 0 by {@code bound}. */
    public Tensor softshrink(double bound) {
        return Engine.one(new Activation.Softshrink(bound), this);
    }

    /** See {@link Activation.Hardshrink}: {@code |x| > bound ? x : 0}. */
    public Tensor hardshrink(double bound) {
        return Engine.one(new Activation.Hardshrink(bound), this);
    }

    /** See {@link Activation.Threshold}: {@code x > bound ? x : otherwise}. */
    public Tensor threshold(double bound, double otherwise) {
        return Engine.one(new Activation.Threshold(bound, otherwise), this);
    }

    /**
     * {@code x > 0 ? x : slope * x} with slopes that are learned: one, {@code [1]}, or one for each
     * channel, {@code [c]}, of x {@code [n, c, ..]}.
     *
     * <p>Source: He et al.: Delving deep into rectifiers (ICCV 2015).
     */
    public Tensor prelu(Tensor slope) {
        if (slope.rank() != 1
                || slope.extent(0) != 1 && (rank() < 2 || slope.extent(0) != extent(1))) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("prelu")
                            + ": the slopes must be [1], or one for each channel of "
                            + type
                            + ", and are "
                            + slope.type);
        }
        long[] extents = new long[Math.max(1, rank() - 1)];
        Arrays.fill(extents, 1);
        extents[0] = slope.extent(0);
        return gt(0).select(this, mul(slope.reshape(Shape.of(extents))));
    }

    /**
     * The first half of dimension {@code dim} times the sigmoid of the second.
     *
     * <p>Source: Dauphin et al.: Language modeling with gated convolutional networks (ICML 2017).
     *
     * <p>Shapes: {@code [.., 2 * e, ..] -> [.., e, ..]}.
     */
    public Tensor glu(int dim) {
        List<Tensor> halves = chunk(dim, 2);
        return halves.get(0).mul(halves.get(1).sigmoid());
    }

    /**
     * The first half of dimension {@code dim} times {@link #gelu} of the second.
     *
     * <p>Source: Shazeer: GLU variants improve transformer (2020).
     *
     * <p>Shapes: {@code [.., 2 * e, ..] -> [.., e, ..]}.
     */
    public Tensor geglu(int dim) {
        List<Tensor> halves = chunk(dim, 2);
        return halves.get(0).mul(halves.get(1).gelu());
    }

    /**
     * The first half of dimension {@code dim} times {@link #silu} of the second; source as {@link
     * #geglu}. With the halves from two layers it is {@code up.mul(gate.silu())}.
     *
     * <p>Shapes: {@code [.., 2 * e, ..] -> [.., e, ..]}.
     */
    public Tensor swiglu(int dim) {
        List<Tensor> halves = chunk(dim, 2);
        return halves.get(0).mul(halves.get(1).silu());
    }

    /**
     * {@code softmax(-x)} along {@code dim}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor softmin(int dim) {
        return neg().softmax(dim);
    }

    /**
     * {@code exp(x) / sum(exp(x))} along {@code dim}; safe for large scores. Scores of -infinity
     * get 0, and gradient 0; where all are, the result is NaN.
     */
    public Tensor softmax(int dim) {
        return Engine.one(new Likelihood.Softmax(dimension("softmax", dim)), this);
    }

    /** {@code x - log(sum(exp(x)))} along {@code dim}; safe for large scores. */
    public Tensor logSoftmax(int dim) {
        return Engine.one(new Likelihood.LogSoftmax(dimension("logSoftmax", dim)), this);
    }

    private Tensor unary(Prim.Unary.Kind kind) {
        return Engine.one(new Prim.Unary(kind), this);
    }

    private Tensor binary(Prim.Binary.Kind kind, Tensor other) {
        return combine(new Prim.Binary(kind), other);
    }

    private Tensor compare(Prim.Compare.Kind kind, Tensor other) {
        return combine(new Prim.Compare(kind), other);
    }

    /** The result of {@code op} on this and {@code other}, which are broadcast. */
    Tensor combine(Op op, Tensor other) {
        if (shape().equals(other.shape())) {
            return Engine.one(op, this, other);
        }
        Shape shape = broadcast(op.name(), shape(), other.shape(), this, other);
        return Engine.one(op, expand(shape), other.expand(shape));
    }

    /**
     * A scalar of this tensor's dtype, on its device.
     *
     * <p>Shapes: to {@code []}.
     */
    public Tensor scalarLike(Number value) {
        Prim fill = new Prim.Fill(dtype(), Shape.SCALAR, dtype().numberOf(value));
        return Engine.createLike(this, fill);
    }

    /**
     * The shape that both stretch to.
     *
     * @param whole the operands, of which {@code lhs} and {@code rhs} may be parts, for the message
     */
    static Shape broadcast(String operation, Shape lhs, Shape rhs, Tensor... whole) {
        long[] extents = new long[Math.max(lhs.rank(), rhs.rank())];
        for (int fromEnd = 1; fromEnd <= extents.length; fromEnd++) {
            long left = fromEnd <= lhs.rank() ? lhs.extent(-fromEnd) : 1;
            long right = fromEnd <= rhs.rank() ? rhs.extent(-fromEnd) : 1;
            if (left != right && left != 1 && right != 1) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of(operation)
                                + ": shapes "
                                + lhs
                                + " and "
                                + rhs
                                + " cannot be broadcast: "
                                + describe(whole)
                                + " ("
                                + left
                                + " and "
                                + right
                                + " differ, and neither is 1); reshape or slice one of them");
            }
            extents[extents.length - fromEnd] = left == 1 ? right : left;
        }
        return Shape.of(extents);
    }

    private static String describe(Tensor[] operands) {
        if (operands.length == 2) {
            return "lhs " + operands[0].type + ", rhs " + operands[1].type;
        }
        StringBuilder text = new StringBuilder("operands");
        for (int i = 0; i < operands.length; i++) {
            text.append(i == 0 ? " " : ", ").append(operands[i].type);
        }
        return text.toString();
    }

    // ---- layout ----

    /**
     * The same elements under another shape, in row-major order; one extent may be -1, and is found
     * from the others.
     *
     * <p>Shapes: {@code [..] -> extents}.
     */
    public Tensor reshape(long... extents) {
        return reshape(resolve(extents));
    }

    /** The same elements under another shape, in row-major order. */
    public Tensor reshape(Shape shape) {
        return shape.equals(shape()) ? this : Engine.one(new Prim.Reshape(shape), this);
    }

    private Shape resolve(long[] extents) {
        int open = -1;
        for (int dim = 0; dim < extents.length && open < 0; dim++) {
            open = extents[dim] == -1 ? dim : -1;
        }
        if (open < 0) {
            return Shape.of(extents);
        }
        long[] others = extents.clone();
        others[open] = 1;
        long known = Shape.of(others).elementCount();
        if (known == 0 || shape().elementCount() % known != 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("reshape")
                            + ": "
                            + type
                            + " cannot become "
                            + Arrays.toString(extents)
                            + ": no extent for -1 fits");
        }
        long[] found = extents.clone();
        found[open] = shape().elementCount() / known;
        return Shape.of(found);
    }

    /**
     * The same elements, one after the other in memory; this, if they are.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor contiguous() {
        return payload instanceof Stored stored && !stored.isContiguous()
                ? Engine.copyOf(this, stored)
                : this;
    }

    /**
     * The same elements in memory of their own.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor copy() {
        return payload instanceof Stored stored ? Engine.copyOf(this, stored) : this;
    }

    /** Dimension {@code d} of the result is dimension {@code dims[d]} of this. */
    public Tensor permute(int... dims) {
        int[] order = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            order[i] = dimension("permute", dims[i]);
        }
        return Engine.one(new Prim.Permute(Axes.of(order)), this);
    }

    /**
     * Two dimensions exchanged.
     *
     * <p>Shapes: {@code [.., a, .., b, ..] -> [.., b, .., a, ..]}.
     */
    public Tensor transpose(int first, int second) {
        int[] order = Axes.all(rank()).toArray();
        int a = dimension("transpose", first);
        int b = dimension("transpose", second);
        order[a] = b;
        order[b] = a;
        return Engine.one(new Prim.Permute(Axes.of(order)), this);
    }

    /** Dimension {@code from} moved to be dimension {@code to}, the others kept in order. */
    public Tensor movedim(int from, int to) {
        return movedim(new int[] {from}, new int[] {to});
    }

    /** Dimensions {@code from[i]} moved to be dimensions {@code to[i]}; as NumPy's moveaxis. */
    public Tensor movedim(int[] from, int[] to) {
        if (from.length != to.length) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("movedim")
                            + ": as many dimensions must move as there are places: "
                            + Arrays.toString(from)
                            + ", "
                            + Arrays.toString(to));
        }
        int[] order = new int[rank()];
        Arrays.fill(order, -1);
        boolean[] moved = new boolean[rank()];
        for (int i = 0; i < from.length; i++) {
            int source = dimension("movedim", from[i]);
            int target = dimension("movedim", to[i]);
            if (moved[source] || order[target] >= 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("movedim")
                                + ": a dimension occurs twice in "
                                + Arrays.toString(from)
                                + " or "
                                + Arrays.toString(to));
            }
            moved[source] = true;
            order[target] = source;
        }
        int next = 0;
        for (int dim = 0; dim < order.length; dim++) {
            if (order[dim] < 0) {
                while (moved[next]) {
                    next++;
                }
                order[dim] = next++;
            }
        }
        return Engine.one(new Prim.Permute(Axes.of(order)), this);
    }

    /** Dimensions {@code first} to {@code last} as one, in row-major order; a scalar as one. */
    public Tensor flatten(int first, int last) {
        if (rank() == 0) {
            return unsqueeze(0).flatten(first, last);
        }
        int from = dimension("flatten", first);
        int to = dimension("flatten", last);
        if (from > to) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("flatten")
                            + ": dimension "
                            + first
                            + " is behind "
                            + last
                            + " in "
                            + type);
        }
        long[] extents = new long[rank() - (to - from)];
        Arrays.fill(extents, 1);
        for (int dim = 0; dim < rank(); dim++) {
            extents[dim < from ? dim : Math.max(from, dim - (to - from))] *= extent(dim);
        }
        return reshape(Shape.of(extents));
    }

    /** All dimensions as one, in row-major order. */
    public Tensor flatten() {
        return flatten(0, -1);
    }

    /**
     * Dimension {@code dim} as several of the given extents, in row-major order; one of them may be
     * -1, and is found from the others.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., e0, e1, .., ..]}.
     */
    public Tensor unflatten(int dim, long... extents) {
        int at = dimension("unflatten", dim);
        long[] given = extents.clone();
        int open = 0;
        while (open < given.length && given[open] != -1) {
            open++;
        }
        if (open < given.length) {
            given[open] = 1;
        }
        long known = Shape.of(given).elementCount();
        boolean fits =
                open == given.length ? known == extent(at) : known > 0 && extent(at) % known == 0;
        if (!fits || given.length == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("unflatten")
                            + ": dimension "
                            + dim
                            + " of "
                            + type
                            + " cannot become "
                            + Arrays.toString(extents));
        }
        if (open < given.length) {
            given[open] = extent(at) / known;
        }
        long[] all = new long[rank() - 1 + given.length];
        for (int i = 0; i < all.length; i++) {
            int inner = i - at;
            if (inner >= 0 && inner < given.length) {
                all[i] = given[inner];
            } else {
                all[i] = extent(inner < 0 ? i : i - given.length + 1);
            }
        }
        return reshape(Shape.of(all));
    }

    /**
     * Stretches dimensions of extent 1 to those of {@code shape}, and adds dimensions in front,
     * without copying.
     *
     * <p>Shapes: {@code [.., 1, ..] -> shape}.
     */
    public Tensor expand(Shape shape) {
        if (shape.equals(shape())) {
            return this;
        }
        int added = shape.rank() - rank();
        if (added <= 0) {
            return Engine.one(new Prim.Expand(shape), this);
        }
        long[] extents = new long[shape.rank()];
        for (int dim = 0; dim < extents.length; dim++) {
            extents[dim] = dim < added ? 1 : shape().extent(dim - added);
        }
        return Engine.one(new Prim.Expand(shape), reshape(Shape.of(extents)));
    }

    /** As {@link #expand(Shape)}; an extent of -1 keeps that of a dimension that there is. */
    public Tensor expand(long... extents) {
        long[] found = extents.clone();
        int added = extents.length - rank();
        for (int dim = Math.max(0, added); dim < found.length; dim++) {
            if (found[dim] == -1 && added >= 0) {
                found[dim] = shape().extent(dim - added);
            }
        }
        return expand(Shape.of(found));
    }

    /**
     * A dimension of extent 1 put in before {@code dim}; -1 is after the last.
     *
     * <p>Shapes: {@code [.., ..] -> [.., 1, ..]}.
     */
    public Tensor unsqueeze(int dim) {
        int at = dim < 0 ? dim + rank() + 1 : dim;
        if (at < 0 || at > rank()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("unsqueeze")
                            + ": dimension "
                            + dim
                            + " of "
                            + type
                            + " is not from "
                            + (-rank() - 1)
                            + " to "
                            + rank());
        }
        long[] extents = new long[rank() + 1];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = i < at ? shape().extent(i) : i == at ? 1 : shape().extent(i - 1);
        }
        return reshape(Shape.of(extents));
    }

    /**
     * Dimension {@code dim}, of extent 1, taken away.
     *
     * <p>Shapes: {@code [.., 1, ..] -> [.., ..]}.
     */
    public Tensor squeeze(int dim) {
        int at = dimension("squeeze", dim);
        if (shape().extent(at) != 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("squeeze")
                            + ": dimension "
                            + dim
                            + " of "
                            + type
                            + " is not of extent 1");
        }
        long[] extents = new long[rank() - 1];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = shape().extent(i < at ? i : i + 1);
        }
        return reshape(Shape.of(extents));
    }

    /**
     * Elements {@code start, start + step, ..} before {@code end} of dimension {@code dim}. As in
     * Python, negative bounds count from the end and bounds beyond the ends are clipped; {@code
     * step} is positive.
     */
    public Tensor slice(int dim, long start, long end, long step) {
        int at = dimension("slice", dim);
        if (step < 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("slice")
                            + ": step must be at least 1, is "
                            + step
                            + "; flip reverses");
        }
        long extent = shape().extent(at);
        long from = clip(start, extent);
        long to = clip(end, extent);
        long count = to > from ? (to - from - 1) / step + 1 : 0;
        return ranged(at, new Prim.Range(count == 0 ? 0 : from, step, count));
    }

    /** Elements {@code start} to {@code end - 1} of dimension {@code dim}, as Python slices. */
    public Tensor slice(int dim, long start, long end) {
        return slice(dim, start, end, 1);
    }

    /** {@code length} elements of dimension {@code dim} from {@code start} on; all must exist. */
    public Tensor narrow(int dim, long start, long length) {
        int at = dimension("narrow", dim);
        long from = start < 0 ? start + extent(at) : start;
        if (length < 0 || from < 0 || length > extent(at) - from) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("narrow")
                            + ": "
                            + length
                            + " elements from "
                            + start
                            + " on are not within dimension "
                            + dim
                            + " of "
                            + type);
        }
        return ranged(at, new Prim.Range(length == 0 ? 0 : from, 1, length));
    }

    /**
     * Windows of {@code size} elements of dimension {@code dim}, one each {@code step} elements, in
     * a new last dimension: the result has {@code (extent - size) / step + 1} windows in {@code
     * dim}. An element that is in several windows has the sum of their gradients. For images see
     * {@link Patches#unfold}.
     */
    public Tensor unfold(int dim, long size, long step) {
        int at = dimension("unfold", dim);
        if (size < 0 || size > extent(at) || step < 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("unfold")
                            + ": windows of "
                            + size
                            + " elements at steps of "
                            + step
                            + " do not go with dimension "
                            + dim
                            + " of "
                            + type
                            + ": from 0 to its extent, and at least 1");
        }
        long count = (extent(at) - size) / step + 1;
        long[] extents = Arrays.copyOf(shape().toArray(), rank() + 1);
        System.arraycopy(extents, at, extents, at + 1, rank() - at);
        extents[at] = count;
        extents[at + 1] = size;
        Tensor windows = indexSelect(at, Indexing.sums(this, count, step, size, 1));
        return windows.reshape(Shape.of(extents)).movedim(at + 1, -1);
    }

    private static long clip(long bound, long extent) {
        long fromStart = bound < 0 ? bound + extent : bound;
        return Math.clamp(fromStart, 0, extent);
    }

    /**
     * The elements of the given dimensions in reverse order.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor flip(int... dims) {
        Tensor flipped = this;
        for (int dim : dims) {
            int at = dimension("flip", dim);
            long extent = shape().extent(at);
            if (extent > 1) {
                flipped = flipped.ranged(at, new Prim.Range(extent - 1, -1, extent));
            }
        }
        return flipped;
    }

    private Tensor ranged(int dim, Prim.Range range) {
        List<Prim.Range> ranges = new ArrayList<>(rank());
        for (int i = 0; i < rank(); i++) {
            ranges.add(i == dim ? range : new Prim.Range(0, 1, shape().extent(i)));
        }
        return Engine.one(new Prim.Slice(ranges), this);
    }

    /**
     * {@code before} and {@code after} elements of {@code value} around dimension {@code dim}.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., before + e + after, ..]}.
     */
    public Tensor pad(int dim, long before, long after, Number value) {
        int at = dimension("pad", dim);
        List<Prim.Edges> edges = new ArrayList<>(Collections.nCopies(rank(), Prim.Edges.NONE));
        edges.set(at, new Prim.Edges(before, after, 0));
        return Engine.one(new Prim.Pad(edges, dtype().numberOf(value)), this);
    }

    /**
     * {@code value} around the elements: {@code edges[d]} holds how many before and how many after
     * in dimension d.
     */
    public Tensor pad(long[][] edges, Number value) {
        List<Prim.Edges> all = new ArrayList<>(edges.length);
        for (long[] each : edges) {
            if (each.length != 2) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("pad")
                                + ": a dimension's edges are two numbers, before and after, not "
                                + Arrays.toString(each));
            }
            all.add(new Prim.Edges(each[0], each[1], 0));
        }
        return Engine.one(new Prim.Pad(all, dtype().numberOf(value)), this);
    }

    /**
     * {@code before} and {@code after} elements around dimension {@code dim}, taken from within as
     * {@code mode} says. The gradient of an element is the sum over all places that it was put to.
     */
    public Tensor pad(int dim, long before, long after, PadMode mode) {
        int at = dimension("pad", dim);
        long extent = mode.paddedExtent(type, at, before, after);
        if (before == 0 && after == 0) {
            return this;
        }
        return indexSelect(at, mode.places(rangeLike(DType.I64, extent).sub(before), extent(at)));
    }

    /**
     * As {@link #pad(int, long, long, PadMode)} along every dimension: {@code edges[d]} holds how
     * many before and how many after in dimension d.
     */
    public Tensor pad(long[][] edges, PadMode mode) {
        if (edges.length != rank()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("pad")
                            + ": "
                            + edges.length
                            + " edges for the "
                            + rank()
                            + " dimensions of "
                            + type);
        }
        Tensor padded = this;
        for (int dim = 0; dim < edges.length; dim++) {
            if (edges[dim].length != 2) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("pad")
                                + ": a dimension's edges are two numbers, before and after, not "
                                + Arrays.toString(edges[dim]));
            }
            padded = padded.pad(dim, edges[dim][0], edges[dim][1], mode);
        }
        return padded;
    }

    /** Tensors one after the other along {@code dim}. */
    public static Tensor concat(int dim, Tensor... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("concat") + ": needs at least one tensor");
        }
        return Engine.one(new Prim.Concat(parts[0].dimension("concat", dim)), parts);
    }

    /**
     * Tensors of one shape along a new dimension {@code dim}; -1 is after the last.
     *
     * <p>Shapes: {@code [..], [..], .. -> [.., count, ..]}.
     */
    public static Tensor stack(int dim, Tensor... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("stack") + ": needs at least one tensor");
        }
        int at = dim < 0 ? dim + parts[0].rank() + 1 : dim;
        Tensor[] rows = new Tensor[parts.length];
        for (int i = 0; i < parts.length; i++) {
            if (!parts[i].type.equals(parts[0].type)) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("stack")
                                + ": tensor "
                                + i
                                + " is "
                                + parts[i].type
                                + ", the first "
                                + parts[0].type
                                + "; cast or reshape one of them");
            }
            rows[i] = parts[i].unsqueeze(at);
        }
        return concat(at, rows);
    }

    /**
     * Consecutive parts of dimension {@code dim}, of the given extents, which must fill it.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., extents[0], ..], [.., extents[1], ..], ..}.
     */
    public List<Tensor> split(int dim, long... extents) {
        int at = dimension("split", dim);
        long total = 0;
        for (long extent : extents) {
            total = extent < 0 || total < 0 ? -1 : total + extent;
        }
        if (total != extent(at)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("split")
                            + ": extents "
                            + Arrays.toString(extents)
                            + " do not add up to the "
                            + extent(at)
                            + " of dimension "
                            + dim
                            + " of "
                            + type);
        }
        List<Tensor> parts = new ArrayList<>(extents.length);
        long start = 0;
        for (long extent : extents) {
            parts.add(slice(at, start, start + extent));
            start += extent;
        }
        return parts;
    }

    /**
     * {@code count} parts of dimension {@code dim} of one extent.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., e / count, ..], ..}.
     */
    public List<Tensor> chunk(int dim, int count) {
        int at = dimension("chunk", dim);
        if (count < 1 || count > Math.max(1, extent(at)) || extent(at) % count != 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("chunk")
                            + ": dimension "
                            + dim
                            + " of "
                            + type
                            + " does not divide into "
                            + count
                            + " parts; use split");
        }
        long[] extents = new long[count];
        Arrays.fill(extents, extent(at) / count);
        return split(at, extents);
    }

    /**
     * The indices of dimension {@code dim}, one after the other, without that dimension.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..], ..}.
     */
    public List<Tensor> unbind(int dim) {
        int at = dimension("unbind", dim);
        List<Tensor> slices = new ArrayList<>();
        for (long place = 0; place < extent(at); place++) {
            slices.add(select(at, place));
        }
        return slices;
    }

    /**
     * The elements moved on by {@code shift} along {@code dim} (back, where negative); what leaves
     * at one end comes in at the other.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor roll(long shift, int dim) {
        int at = dimension("roll", dim);
        long extent = extent(at);
        long moved = extent == 0 ? 0 : Math.floorMod(shift, extent);
        return moved == 0
                ? this
                : concat(at, slice(at, extent - moved, extent), slice(at, 0, extent - moved));
    }

    /**
     * The tensor laid side by side with itself, {@code counts[d]} times along dimension d; more
     * counts than dimensions add dimensions in front.
     *
     * <p>Shapes: {@code [e0, e1, ..] -> [e0 * counts[0], e1 * counts[1], ..]}.
     */
    public Tensor repeat(long... counts) {
        int added = counts.length - rank();
        if (added < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("repeat")
                            + ": "
                            + Arrays.toString(counts)
                            + " has fewer counts than "
                            + type
                            + " has dimensions");
        }
        long[] apart = new long[2 * counts.length];
        long[] laid = new long[2 * counts.length];
        long[] result = new long[counts.length];
        for (int dim = 0; dim < counts.length; dim++) {
            long extent = dim < added ? 1 : shape().extent(dim - added);
            apart[2 * dim] = 1;
            apart[2 * dim + 1] = extent;
            laid[2 * dim] = counts[dim];
            laid[2 * dim + 1] = extent;
            result[dim] = laid(counts, dim, extent);
        }
        return reshape(Shape.of(apart)).expand(laid).reshape(Shape.of(result));
    }

    private long laid(long[] counts, int dim, long extent) {
        long high = Math.multiplyHigh(counts[dim], extent);
        long low = counts[dim] * extent;
        if (counts[dim] < 0 || high != 0 || low < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("repeat")
                            + ": "
                            + Arrays.toString(counts)
                            + " times "
                            + type
                            + ": counts must not be negative, nor extents beyond 2^63 - 1");
        }
        return low;
    }

    /**
     * The elements at and below diagonal {@code diagonal} of the last two dimensions, else 0.
     *
     * <p>Shapes: {@code [.., m, n] -> [.., m, n]}.
     */
    public Tensor tril(long diagonal) {
        return diagonals("tril").le(diagonal).select(this, scalarLike(0));
    }

    /**
     * The elements at and above diagonal {@code diagonal} of the last two dimensions, else 0.
     *
     * <p>Shapes: {@code [.., m, n] -> [.., m, n]}.
     */
    public Tensor triu(long diagonal) {
        return diagonals("triu").ge(diagonal).select(this, scalarLike(0));
    }

    /** The diagonal, {@code column - row} (I64), of each place of the last two dimensions. */
    private Tensor diagonals(String operation) {
        if (rank() < 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs rows and columns, and is "
                            + type
                            + "; reshape it to rank 2 or more");
        }
        Tensor rows = rangeLike(DType.I64, extent(-2)).unsqueeze(1);
        return rangeLike(DType.I64, extent(-1)).sub(rows);
    }

    // ---- reductions ----

    /**
     * The sum along {@code dims}, which disappear or stay with extent 1; no dims mean all. Integers
     * and BOOL are summed as I64 (so that the sum of a mask is a count), and wrap beyond that; F16
     * and BF16 are summed in F32 and rounded once.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}, or {@code [.., 1, ..]} where dimensions are kept.
     */
    public Tensor sum(boolean keepDims, int... dims) {
        return forSums().reduce(Prim.Reduce.Kind.SUM, keepDims, dims);
    }

    /**
     * The product along {@code dims}; dtypes and dims as in {@link #sum}. Its derivatives, products
     * of the other elements, are right where elements are 0.
     */
    public Tensor prod(boolean keepDims, int... dims) {
        return forSums().reduce(Prim.Reduce.Kind.PROD, keepDims, dims);
    }

    /** As I64, where sums would soon not fit or be none; as PyTorch and NumPy promote. */
    private Tensor forSums() {
        return dtype().isFloating() ? this : cast(DType.I64);
    }

    /** As F32, where this is narrower: what is made of several steps is rounded once. */
    Tensor wide() {
        return dtype() == DType.F16 || dtype() == DType.BF16 ? cast(DType.F32) : this;
    }

    /**
     * The largest element along {@code dims}, or NaN where there is one; as {@link #sum}. Equal
     * ones share the gradient evenly.
     */
    public Tensor max(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.MAX, keepDims, dims);
    }

    /**
     * The smallest element along {@code dims}, or NaN where there is one; as {@link #sum}. Equal
     * ones share the gradient evenly.
     */
    public Tensor min(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.MIN, keepDims, dims);
    }

    /** Whether any element along {@code dims} is true (BOOL); as {@link #sum}. */
    public Tensor any(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.ANY, keepDims, dims);
    }

    /** Whether all elements along {@code dims} are true (BOOL); as {@link #sum}. */
    public Tensor all(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.ALL, keepDims, dims);
    }

    /** The sum of all elements, a scalar. */
    public Tensor sum() {
        return sum(false);
    }

    /** The mean along {@code dims}, of floating elements; as {@link #sum}. */
    public Tensor mean(boolean keepDims, int... dims) {
        if (!dtype().isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("mean")
                            + ": "
                            + type
                            + " would be rounded to integers; cast it: x.cast(DType.F32)");
        }
        return wide().sum(keepDims, dims).div(count(axes("mean", dims))).cast(dtype());
    }

    /** The mean of all elements, a scalar. */
    public Tensor mean() {
        return mean(false);
    }

    /**
     * The variance along {@code dims}: squared deviations from the mean, divided by the number of
     * elements less {@code correction} (1 for a sample's, 0 for a population's; NaN where nothing
     * is left); as {@link #sum}. The gradient of equal elements is 0.
     */
    public Tensor var(double correction, boolean keepDims, int... dims) {
        Axes axes = axes("var", dims);
        if (axes.count() == 0) {
            Tensor zero = sub(this);
            return correction == 0 ? zero : zero.div(Math.max(0, 1 - correction));
        }
        Tensor x = wide();
        Tensor deviations = x.sub(x.mean(true, dims));
        double divisor = Math.max(0, count(axes) - correction);
        return deviations.square().sum(keepDims, dims).div(divisor).cast(dtype());
    }

    /**
     * The root of {@link #var}; where that is 0 its gradient counts as 0, as in PyTorch.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}, or {@code [.., 1, ..]} where dimensions are kept.
     */
    public Tensor std(double correction, boolean keepDims, int... dims) {
        Tensor variance = wide().var(correction, keepDims, dims);
        Tensor none = variance.eq(0);
        return variance.maskedFill(none, 1).sqrt().maskedFill(none, 0).cast(dtype());
    }

    /**
     * {@code log(sum(exp(x)))} along {@code dims}, safe for large scores; as {@link #sum}. Scores
     * of -infinity take no part, and have gradient 0, also where there are no others.
     */
    public Tensor logSumExp(boolean keepDims, int... dims) {
        Axes axes = axes("logSumExp", dims);
        Tensor reduced = Engine.one(new Likelihood.LogSumExp(axes), this);
        return keepDims ? reduced.reshape(kept(axes)) : reduced;
    }

    /** The index (I64) of the first largest element along {@code dim}; NaN wins. */
    public Tensor argmax(int dim, boolean keepDims) {
        return argReduce(Prim.ArgReduce.Kind.MAX, dimension("argmax", dim), keepDims);
    }

    /** The index (I64) of the first smallest element along {@code dim}; NaN wins. */
    public Tensor argmin(int dim, boolean keepDims) {
        return argReduce(Prim.ArgReduce.Kind.MIN, dimension("argmin", dim), keepDims);
    }

    /** The index (I64 scalar) of the first largest of all elements, row-major; NaN wins. */
    public Tensor argmax() {
        return reshape(shape().elementCount()).argmax(0, false);
    }

    /** The index (I64 scalar) of the first smallest of all elements, row-major; NaN wins. */
    public Tensor argmin() {
        return reshape(shape().elementCount()).argmin(0, false);
    }

    /**
     * The largest element along {@code dim} and its index, the first where there are several; NaN
     * wins. The gradient goes to that place alone (that of {@link #max} is shared).
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}, or {@code [.., 1, ..]} where the dimension is
     * kept.
     */
    public Sorted maxAlong(int dim, boolean keepDims) {
        return at(dim, argmax(dim, true), keepDims);
    }

    /**
     * The smallest element along {@code dim} and its index; as {@link #maxAlong}.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}, or {@code [.., 1, ..]} where the dimension is
     * kept.
     */
    public Sorted minAlong(int dim, boolean keepDims) {
        return at(dim, argmin(dim, true), keepDims);
    }

    private Sorted at(int dim, Tensor index, boolean keepDims) {
        Tensor values = gather(dim, index);
        return keepDims
                ? new Sorted(values, index)
                : new Sorted(values.squeeze(dim), index.squeeze(dim));
    }

    private Tensor argReduce(Prim.ArgReduce.Kind kind, int dim, boolean keepDims) {
        Tensor index = Engine.one(new Prim.ArgReduce(kind, dim), this);
        return keepDims ? index.unsqueeze(dim) : index;
    }

    /** The sums of all elements so far along {@code dim}; dtypes as in {@link #sum}. */
    public Tensor cumsum(int dim) {
        Prim scan = new Prim.Scan(Prim.Scan.Kind.SUM, dimension("cumsum", dim), false);
        return Engine.one(scan, forSums());
    }

    /**
     * The products of all elements so far along {@code dim}; dtypes as in {@link #sum}. Its
     * derivatives are right where elements are 0; they take {@code log2} of the extent rounds over
     * all elements.
     */
    public Tensor cumprod(int dim) {
        Prim scan = new Prim.Scan(Prim.Scan.Kind.PROD, dimension("cumprod", dim), false);
        return Engine.one(scan, forSums());
    }

    /**
     * The largest element so far along {@code dim}, NaN from the first NaN on. The gradient goes to
     * the last place so far that holds it.
     */
    public Tensor cummax(int dim) {
        return Engine.one(new Prim.Scan(Prim.Scan.Kind.MAX, dimension("cummax", dim), false), this);
    }

    /** The smallest element so far along {@code dim}; as {@link #cummax}. */
    public Tensor cummin(int dim) {
        return Engine.one(new Prim.Scan(Prim.Scan.Kind.MIN, dimension("cummin", dim), false), this);
    }

    /**
     * {@code log(sum(exp(x)))} of all elements so far along {@code dim}, safe for large scores:
     * sums over twice as many elements each time, {@code log2(n)} times.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public Tensor logCumSumExp(int dim) {
        int at = dimension("logCumSumExp", dim);
        Tensor sums = this;
        for (long reach = 1; reach < extent(at); reach *= 2) {
            Tensor before =
                    sums.slice(at, 0, extent(at) - reach)
                            .pad(at, reach, 0, Double.NEGATIVE_INFINITY);
            sums = before.logAddExp(sums);
        }
        return sums;
    }

    /**
     * Elements in order, and where they were.
     *
     * @param indices I64, along the dimension that was sorted
     */
    public record Sorted(Tensor values, Tensor indices) {}

    /** The indices (I64) that sort along {@code dim}; stable; NaN counts as the largest. */
    public Tensor argsort(int dim, boolean descending) {
        return Engine.one(new Prim.ArgSort(dimension("argsort", dim), descending), this);
    }

    /**
     * The elements in order along {@code dim}; stable; NaN counts as the largest. The gradient of a
     * sorted element goes to the place that it came from, of equal ones as they were ordered.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., e, ..]}, twice.
     */
    public Sorted sort(int dim, boolean descending) {
        Tensor indices = argsort(dim, descending);
        return new Sorted(gather(dim, indices), indices);
    }

    /**
     * The {@code k} largest elements along {@code dim}, the largest first; as {@link #sort}.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., k, ..]}, twice.
     */
    public Sorted topk(long k, int dim) {
        return topk(k, dim, true);
    }

    /**
     * The {@code k} largest elements along {@code dim}, the largest first, or the smallest, the
     * smallest first; as {@link #sort}.
     */
    public Sorted topk(long k, int dim, boolean largest) {
        int at = dimension("topk", dim);
        if (k < 0 || k > extent(at)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("topk")
                            + ": k is "
                            + k
                            + ", but dimension "
                            + dim
                            + " of "
                            + type
                            + " has "
                            + extent(at)
                            + " elements");
        }
        Tensor indices = argsort(at, largest).slice(at, 0, k);
        return new Sorted(gather(at, indices), indices);
    }

    private Tensor reduce(Prim.Reduce.Kind kind, boolean keepDims, int[] dims) {
        Prim.Reduce op = new Prim.Reduce(kind, axes("reduce", dims));
        Tensor reduced = Engine.one(op, this);
        if (!keepDims) {
            return reduced;
        }
        return reduced.reshape(kept(op.axes()));
    }

    private Shape kept(Axes axes) {
        long[] extents = shape().toArray();
        for (int i = 0; i < axes.count(); i++) {
            extents[axes.get(i)] = 1;
        }
        return Shape.of(extents);
    }

    private long count(Axes axes) {
        long count = 1;
        for (int i = 0; i < axes.count(); i++) {
            count *= shape().extent(axes.get(i));
        }
        return count;
    }

    private Axes axes(String operation, int[] dims) {
        if (dims.length == 0) {
            return Axes.all(rank());
        }
        int[] resolved = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            resolved[i] = dimension(operation, dims[i]);
        }
        Arrays.sort(resolved);
        return Axes.of(resolved);
    }

    // ---- indexing ----

    /**
     * The elements that an indexing expression names, as {@code x[..]} in NumPy: {@code
     * x.get(Index.at(3), Index.range(1, -1), Index.of(tensor))}. See {@link Index}.
     *
     * <p>Ranges, single indices and new axes give a view; index tensors and masks move elements,
     * whole rows where the last dimensions are not indexed. The gradient of an element that is
     * taken several times is the sum. Masks read values and throw under a trace; an index out of
     * range throws {@link IndexOutOfBoundsException}.
     *
     * <p>Shapes: as the expression says, in NumPy.
     */
    public Tensor get(Index... where) {
        return Selection.of("get", this, where).read();
    }

    /**
     * This with {@code values}, broadcast, in place of what {@code where} names: {@code x[where] =
     * values} in NumPy, but a new tensor. Where an element is named more than once the last value
     * in row-major order stays, and has the gradient; that of this is 0 where values were put.
     *
     * <p>Shapes: {@code [..], [values..] -> [..]}.
     */
    public Tensor with(Tensor values, Index... where) {
        return Selection.of("with", this, where).written(Prim.Scatter.Mode.SET, values);
    }

    /** As {@link #with(Tensor, Index...)}, with one value everywhere. */
    public Tensor with(Number value, Index... where) {
        return with(scalarLike(value), where);
    }

    /**
     * This with {@code values}, broadcast, added to what {@code where} names, every one of them
     * where an element is named more than once: PyTorch's {@code index_put(accumulate=True)},
     * NumPy's {@code add.at}.
     *
     * <p>Shapes: {@code [..], [values..] -> [..]}.
     */
    public Tensor withAdded(Tensor values, Index... where) {
        return Selection.of("withAdded", this, where).written(Prim.Scatter.Mode.ADD, values);
    }

    /** Index {@code place} of dimension {@code dim}, which disappears; -1 is the last. */
    public Tensor select(int dim, long place) {
        Index[] where = new Index[dimension("select", dim) + 1];
        Arrays.fill(where, Index.all());
        where[where.length - 1] = Index.at(place);
        return Selection.of("select", this, where).read();
    }

    /**
     * Where elements are not 0 (or false): I64 {@code [count, rank]}, the indices of one element a
     * row, in row-major order. NaN is not 0. It reads values, so it throws under a trace.
     */
    public Tensor nonZero() {
        long[] places = TruePlaces.of("nonZero", Indexing.nonZero(this));
        int rank = rank();
        if ((long) places.length * rank > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("nonZero")
                            + ": "
                            + places.length
                            + " indices of "
                            + type
                            + " are more than an array can hold; slice it");
        }
        long[] rows = new long[places.length * rank];
        long[] strides = shape().rowMajorStrides();
        for (int i = 0; i < places.length; i++) {
            for (int dim = 0; dim < rank; dim++) {
                rows[i * rank + dim] = places[i] / strides[dim] % extent(dim);
            }
        }
        return device().call(() -> of(rows, places.length, rank));
    }

    /**
     * {@code result[.., i, ..] = this[.., index[.., i, ..], ..]} along {@code dim}. The index (I64
     * or I32) has this tensor's rank, and in the other dimensions at most its extents: fewer take
     * the first. The gradient of an element that is taken several times is the sum. An index out of
     * range throws.
     */
    public Tensor gather(int dim, Tensor index) {
        int at = dimension("gather", dim);
        return Engine.one(new Prim.Gather(at), leading(at, index), index);
    }

    /** The part of this that an index along {@code dim} with smaller extents reaches. */
    private Tensor leading(int dim, Tensor index) {
        Tensor part = this;
        for (int i = 0; i < rank() && index.rank() == rank(); i++) {
            if (i != dim && index.extent(i) < extent(i)) {
                part = part.slice(i, 0, index.extent(i));
            }
        }
        return part;
    }

    /**
     * A copy into which {@code updates} are added along {@code dim}: {@code result[.., index[.., i,
     * ..], ..] += updates[.., i, ..]}, in row-major order where an index repeats. {@code index}
     * (I64 or I32) has this tensor's rank, and in the other dimensions at most its extents; {@code
     * updates} may be larger than {@code index}, and its rest counts for nothing.
     */
    public Tensor scatterAdd(int dim, Tensor index, Tensor updates) {
        return scatter("scatterAdd", Prim.Scatter.Mode.ADD, dim, index, updates);
    }

    /**
     * As {@link #scatterAdd}, but updates take the place of elements, the last one where an index
     * repeats; only that one has a gradient.
     */
    public Tensor scatter(int dim, Tensor index, Tensor updates) {
        return scatter("scatter", Prim.Scatter.Mode.SET, dim, index, updates);
    }

    private Tensor scatter(
            String operation, Prim.Scatter.Mode mode, int dim, Tensor index, Tensor updates) {
        int at = dimension(operation, dim);
        Tensor used = updates;
        for (int i = 0; i < index.rank() && index.rank() == updates.rank(); i++) {
            if (index.extent(i) < updates.extent(i)) {
                used = used.slice(i, 0, index.extent(i));
            }
        }
        Tensor part = leading(at, index);
        Tensor scattered = Engine.one(new Prim.Scatter(at, mode), part, index, used);
        return part == this ? scattered : around(scattered);
    }

    /** This tensor with its leading part replaced by {@code part}. */
    private Tensor around(Tensor part) {
        Tensor whole = part;
        for (int dim = rank() - 1; dim >= 0; dim--) {
            if (part.extent(dim) < extent(dim)) {
                Tensor rest = slice(dim, part.extent(dim), extent(dim));
                for (int i = 0; i < dim; i++) {
                    rest = rest.slice(i, 0, part.extent(i));
                }
                whole = concat(dim, whole, rest);
            }
        }
        return whole;
    }

    /**
     * Rows of this table {@code [count, width..]} by {@code index} (I64 or I32, any shape): {@code
     * [index.., width..]}. The gradient of a row is the sum over the places that name it.
     *
     * <p>Shapes: {@code [count, width..], [index..] -> [index.., width..]}.
     */
    public Tensor embedding(Tensor index) {
        if (rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("embedding") + ": the table has no rows: " + type);
        }
        Tensor rows = indexSelect(0, index.reshape(index.shape().elementCount()));
        long[] extents = Arrays.copyOf(index.shape().toArray(), index.rank() + rank() - 1);
        for (int dim = 1; dim < rank(); dim++) {
            extents[index.rank() + dim - 1] = extent(dim);
        }
        return rows.reshape(Shape.of(extents));
    }

    /**
     * For each index (I64 or I32) a row of {@code classes} zeros with a one at its place, I64:
     * {@code [.., classes]}; zeros only, where the index is out of range.
     *
     * <p>Shapes: {@code [..] -> [.., classes]}.
     */
    public Tensor oneHot(long classes) {
        if (!dtype().isInteger() || classes < 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("oneHot")
                            + ": needs integers and at least one class: "
                            + type
                            + ", "
                            + classes);
        }
        // In I64, since a narrow dtype may not count as far as there are classes.
        Tensor index = cast(DType.I64).unsqueeze(-1);
        return index.eq(rangeLike(DType.I64, classes)).cast(DType.I64);
    }

    private Tensor rangeLike(DType dtype, long count) {
        return Engine.createLike(this, new Prim.Iota(dtype, Shape.of(count), 0));
    }

    /**
     * The slices of dimension {@code dim} that {@code index} (I64 or I32, rank 1) names.
     *
     * <p>Shapes: {@code [.., e, ..], [i] -> [.., i, ..]}.
     */
    public Tensor indexSelect(int dim, Tensor index) {
        int at = dimension("indexSelect", dim);
        if (index.rank() != 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("indexSelect")
                            + ": the index must have rank 1, and is "
                            + index.type());
        }
        long[] aligned = new long[rank()];
        Arrays.fill(aligned, 1);
        aligned[at] = index.extent(0);
        long[] extents = shape().toArray();
        extents[at] = index.extent(0);
        return gather(at, index.reshape(Shape.of(aligned)).expand(Shape.of(extents)));
    }

    // ---- products ----

    /**
     * The matrix product of the last two dimensions; those before are broadcast. A vector counts as
     * a row on the left and as a column on the right, and its dimension disappears.
     */
    public Tensor matmul(Tensor other) {
        if (rank() == 0 || other.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("matmul")
                            + ": a scalar has no rows: lhs "
                            + type
                            + ", rhs "
                            + other.type
                            + "; multiply with mul");
        }
        if (rank() == 1) {
            return unsqueeze(0).matmul(other).squeeze(other.rank() == 1 ? 0 : -2);
        }
        if (other.rank() == 1) {
            return matmul(other.unsqueeze(1)).squeeze(-1);
        }
        if (rank() == other.rank() && rank() == 2) {
            return Engine.one(new Prim.MatMul(), this, other);
        }
        Shape batch = broadcast("matmul", outer(shape()), outer(other.shape()), this, other);
        return Engine.one(
                new Prim.MatMul(),
                expand(inner(batch, shape())),
                other.expand(inner(batch, other.shape())));
    }

    /**
     * {@code x W^T + bias}, see {@link Linear}: x is this, {@code [.., in]}, the weight {@code
     * [out, in]}, the bias {@code [out]}.
     */
    public Tensor linear(Tensor weight, @Nullable Tensor bias) {
        return bias == null
                ? Engine.one(new Linear(), this, weight)
                : Engine.one(new Linear(), this, weight, bias);
    }

    /**
     * A sum of products by Einstein's convention, as NumPy's: {@code einsum("bij,bjk->bik", a, b)}.
     *
     * <p>A letter names a dimension of each operand; what the part behind the arrow leaves out is
     * summed over. Without an arrow the result has the letters that occur once, in the order of the
     * alphabet. A letter twice in one operand takes its diagonal; {@code ...} stands for any number
     * of dimensions, which are broadcast. More than two operands are combined pair by pair, each
     * time the pair that leaves the least behind, by matrix products.
     *
     * <p>Shapes: as the equation says.
     */
    public static Tensor einsum(String equation, Tensor... operands) {
        return Einsum.of(equation, operands);
    }

    /**
     * {@code sum(a * b) / (max(|a|, epsilon) * max(|b|, epsilon))} along {@code dim}, with
     * broadcasting; finite gradients at zero vectors.
     *
     * <p>Shapes: {@code [.., e, ..], [.., e, ..] -> [.., ..]}.
     */
    public Tensor cosineSimilarity(Tensor other, int dim, double epsilon) {
        Tensor x = wide();
        Tensor y = other.wide();
        Tensor product = x.mul(y).sum(false, dim);
        Tensor ofX = x.boundedNorm(dim, epsilon);
        return product.div(ofX).div(y.boundedNorm(dim, epsilon)).cast(dtype());
    }

    private Tensor boundedNorm(int dim, double epsilon) {
        return square().sum(false, dim).clamp(epsilon * epsilon, Double.POSITIVE_INFINITY).sqrt();
    }

    private static Shape outer(Shape shape) {
        return Shape.of(Arrays.copyOf(shape.toArray(), shape.rank() - 2));
    }

    private static Shape inner(Shape batch, Shape matrix) {
        long[] extents = Arrays.copyOf(batch.toArray(), batch.rank() + 2);
        extents[batch.rank()] = matrix.extent(-2);
        extents[batch.rank() + 1] = matrix.extent(-1);
        return Shape.of(extents);
    }

    // ---- inside ----

    /** {@code dim} counted from 0. */
    int dimension(String operation, int dim) {
        int at = dim < 0 ? dim + rank() : dim;
        if (at < 0 || at >= rank()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": dimension "
                            + dim
                            + " is not one of the "
                            + rank()
                            + " dimensions of "
                            + type
                            + (rank() == 0
                                    ? "; a scalar has none"
                                    : "; take one from " + -rank() + " to " + (rank() - 1)));
        }
        return at;
    }

    /**
     * The type and the elements, written as NumPy writes them: {@code F32[2,2]}, and below it the
     * rows. Of more than a thousand elements, three at either end of each long dimension; of a
     * traced or released tensor just that.
     */
    @Override
    public String toString() {
        return TensorText.of(this);
    }
}
