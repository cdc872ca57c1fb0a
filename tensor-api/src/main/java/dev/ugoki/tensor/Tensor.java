package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Erfinv;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Prim;
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
 * tensor's dtype. Dimensions count from 0, negative ones from the end. Wrong shapes, dtypes and
 * devices throw {@link IllegalArgumentException} with the operation, the operands and the fix; use
 * after release (see {@link TensorScope}) throws {@link IllegalStateException}.
 *
 * <p>Safe for use by many threads.
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

    /** A tensor of {@code shape} of the given values, F32, row-major. */
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
                    "tensor: "
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
                    "tensor: "
                            + elements.byteSize()
                            + " bytes given, but "
                            + type
                            + " takes "
                            + type.byteSize());
        }
        return HostCopies.upload(Backends.forDevice(Device.current()), elements, type);
    }

    /** A scalar, F32. */
    public static Tensor scalar(float value) {
        return full(DType.F32, Shape.SCALAR, value);
    }

    /** A tensor with {@code value} everywhere, converted to {@code dtype}. */
    public static Tensor full(DType dtype, Shape shape, Number value) {
        return Engine.one(new Prim.Fill(dtype, shape, numberFor(dtype, value)));
    }

    /** A tensor of zeros. */
    public static Tensor zeros(DType dtype, long... shape) {
        return full(dtype, Shape.of(shape), 0);
    }

    /** A tensor of ones. */
    public static Tensor ones(DType dtype, long... shape) {
        return full(dtype, Shape.of(shape), 1);
    }

    /** The numbers 0 to {@code count - 1}. */
    public static Tensor arange(DType dtype, long count) {
        return Engine.one(new Prim.Iota(dtype, Shape.of(count), 0));
    }

    /**
     * A tensor over a payload, for those who interpret operations (tracers, backends' tests,
     * differentiation); others use the methods above.
     */
    public static Tensor wrap(TensorType type, Payload payload) {
        return new Tensor(type, payload, null);
    }

    /** The form in which records hold a number of {@code dtype}: a Double, or a Long. */
    static Number numberFor(DType dtype, Number value) {
        if (dtype.isFloating()) {
            return value.doubleValue();
        }
        return dtype == DType.BOOL ? (value.doubleValue() != 0 ? 1L : 0L) : value.longValue();
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

    /** The same values, as a constant to whoever differentiates. */
    public Tensor detach() {
        return withLineage(null);
    }

    // ---- values ----

    /** The one value of a tensor of one element. */
    public double item() {
        if (shape().elementCount() != 1) {
            throw new IllegalArgumentException(
                    "item: " + type + " has " + shape().elementCount() + " elements, not one");
        }
        return toDoubleArray()[0];
    }

    /** The elements in row-major order, converted. */
    public float[] toFloatArray() {
        Tensor floats = dtype() == DType.F32 ? this : detach().cast(DType.F32);
        return HostCopies.download(floats).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    /** The elements in row-major order, converted. */
    public double[] toDoubleArray() {
        Tensor doubles = dtype() == DType.F64 ? this : detach().cast(DType.F64);
        return HostCopies.download(doubles).toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
    }

    /** The elements in row-major order, converted as by {@link #cast}. */
    public long[] toLongArray() {
        Tensor longs = dtype() == DType.I64 ? this : detach().cast(DType.I64);
        return HostCopies.download(longs).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
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

    public Tensor abs() {
        return unary(Prim.Unary.Kind.ABS);
    }

    public Tensor sign() {
        return unary(Prim.Unary.Kind.SIGN);
    }

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

    /** The natural logarithm. */
    public Tensor log() {
        return unary(Prim.Unary.Kind.LOG);
    }

    /** {@code log(1 + x)}, exact near 0. */
    public Tensor log1p() {
        return unary(Prim.Unary.Kind.LOG1P);
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

    /** The error function, {@code 2/sqrt(pi) * integral of exp(-t^2) from 0 to x}. */
    public Tensor erf() {
        return unary(Prim.Unary.Kind.ERF);
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

    /** {@code x * x}. */
    public Tensor square() {
        return mul(this);
    }

    /** {@code 1 / x}. */
    public Tensor reciprocal() {
        return scalarLike(1).div(this);
    }

    /** Towards zero. */
    public Tensor trunc() {
        return unary(Prim.Unary.Kind.TRUNC);
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

    /** The quotient; of integers, towards zero, and 0 where the divisor is 0. */
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

    public Tensor pow(Tensor other) {
        return binary(Prim.Binary.Kind.POW, other);
    }

    public Tensor pow(Number other) {
        return binary(Prim.Binary.Kind.POW, scalarLike(other));
    }

    /** The larger of the two; NaN where either is. */
    public Tensor maximum(Tensor other) {
        return binary(Prim.Binary.Kind.MAX, other);
    }

    public Tensor maximum(Number other) {
        return binary(Prim.Binary.Kind.MAX, scalarLike(other));
    }

    /** The smaller of the two; NaN where either is. */
    public Tensor minimum(Tensor other) {
        return binary(Prim.Binary.Kind.MIN, other);
    }

    public Tensor minimum(Number other) {
        return binary(Prim.Binary.Kind.MIN, scalarLike(other));
    }

    /** The angle of the point (x: {@code other}, y: this), in radians from -pi to pi. */
    public Tensor atan2(Tensor other) {
        return binary(Prim.Binary.Kind.ATAN2, other);
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

    /** The bits moved up by {@code count}, from 0 to one less than the dtype has; integers only. */
    public Tensor shiftLeft(int count) {
        return binary(Prim.Binary.Kind.SHIFT_LEFT, scalarLike(count));
    }

    /** The bits moved down by {@code count}, the sign kept: as {@link #shiftLeft}. */
    public Tensor shiftRight(int count) {
        return binary(Prim.Binary.Kind.SHIFT_RIGHT, scalarLike(count));
    }

    /** The bits moved down by {@code count}, zeros following: as {@link #shiftLeft}. */
    public Tensor shiftRightUnsigned(int count) {
        return binary(Prim.Binary.Kind.SHIFT_RIGHT_UNSIGNED, scalarLike(count));
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

    /** {@code this ? whenTrue : whenFalse}, element by element; this is BOOL. */
    public Tensor select(Tensor whenTrue, Tensor whenFalse) {
        Shape shape =
                broadcast("select", broadcast("select", shape(), whenTrue), whenFalse.shape());
        return Engine.one(
                new Prim.Select(), expand(shape), whenTrue.expand(shape), whenFalse.expand(shape));
    }

    /** {@code condition ? whenTrue : whenFalse}, element by element, as NumPy's. */
    public static Tensor where(Tensor condition, Tensor whenTrue, Tensor whenFalse) {
        return condition.select(whenTrue, whenFalse);
    }

    /** These elements, but {@code value} where {@code mask} (BOOL) is true. */
    public Tensor maskedFill(Tensor mask, Number value) {
        return mask.select(scalarLike(value), this);
    }

    /**
     * {@code min(max(x, least), most)}, NaN where x is. The gradient passes at the bounds and
     * between, and is 0 beyond.
     */
    public Tensor clamp(Number least, Number most) {
        return Engine.one(new Clamp(numberFor(dtype(), least), numberFor(dtype(), most)), this);
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

    /** {@code exp(x) / sum(exp(x))} along {@code dim}; safe for large scores. */
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

    private Tensor combine(Prim op, Tensor other) {
        if (shape().equals(other.shape())) {
            return Engine.one(op, this, other);
        }
        Shape shape = broadcast(op.name(), shape(), other);
        return Engine.one(op, expand(shape), other.expand(shape));
    }

    /** A scalar of this tensor's dtype, on its device. */
    public Tensor scalarLike(Number value) {
        Prim fill = new Prim.Fill(dtype(), Shape.SCALAR, numberFor(dtype(), value));
        return Engine.createLike(this, fill);
    }

    private static Shape broadcast(String operation, Shape lhs, Tensor rhs) {
        return broadcast(operation, lhs, rhs.shape());
    }

    static Shape broadcast(String operation, Shape lhs, Shape rhs) {
        long[] extents = new long[Math.max(lhs.rank(), rhs.rank())];
        for (int fromEnd = 1; fromEnd <= extents.length; fromEnd++) {
            long left = fromEnd <= lhs.rank() ? lhs.extent(-fromEnd) : 1;
            long right = fromEnd <= rhs.rank() ? rhs.extent(-fromEnd) : 1;
            if (left != right && left != 1 && right != 1) {
                throw new IllegalArgumentException(
                        operation
                                + ": shapes "
                                + lhs
                                + " and "
                                + rhs
                                + " cannot be broadcast: "
                                + left
                                + " and "
                                + right
                                + " differ and neither is 1");
            }
            extents[extents.length - fromEnd] = left == 1 ? right : left;
        }
        return Shape.of(extents);
    }

    // ---- layout ----

    /**
     * The same elements under another shape, in row-major order; one extent may be -1, and is found
     * from the others.
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
        long known = 1;
        for (int dim = 0; dim < extents.length; dim++) {
            if (extents[dim] == -1 && open < 0) {
                open = dim;
            } else {
                known *= extents[dim];
            }
        }
        if (open < 0) {
            return Shape.of(extents);
        }
        if (known <= 0 || shape().elementCount() % known != 0) {
            throw new IllegalArgumentException(
                    "reshape: "
                            + type
                            + " cannot become "
                            + Arrays.toString(extents)
                            + ": no extent for -1 fits");
        }
        long[] found = extents.clone();
        found[open] = shape().elementCount() / known;
        return Shape.of(found);
    }

    /** The same elements, one after the other in memory; this, if they are. */
    public Tensor contiguous() {
        return payload instanceof Stored stored && !stored.isContiguous()
                ? Engine.copyOf(this, stored)
                : this;
    }

    /** The same elements in memory of their own. */
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

    /** Two dimensions exchanged. */
    public Tensor transpose(int first, int second) {
        int[] order = Axes.all(rank()).toArray();
        int a = dimension("transpose", first);
        int b = dimension("transpose", second);
        order[a] = b;
        order[b] = a;
        return Engine.one(new Prim.Permute(Axes.of(order)), this);
    }

    /**
     * Stretches dimensions of extent 1 to those of {@code shape}, and adds dimensions in front,
     * without copying.
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

    /** As {@link #expand(Shape)}. */
    public Tensor expand(long... extents) {
        return expand(Shape.of(extents));
    }

    /** A dimension of extent 1 put in before {@code dim}; -1 is after the last. */
    public Tensor unsqueeze(int dim) {
        int at = dim < 0 ? dim + rank() + 1 : dim;
        if (at < 0 || at > rank()) {
            throw new IllegalArgumentException(
                    "unsqueeze: dimension "
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

    /** Dimension {@code dim}, of extent 1, taken away. */
    public Tensor squeeze(int dim) {
        int at = dimension("squeeze", dim);
        if (shape().extent(at) != 1) {
            throw new IllegalArgumentException(
                    "squeeze: dimension " + dim + " of " + type + " is not of extent 1");
        }
        long[] extents = new long[rank() - 1];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = shape().extent(i < at ? i : i + 1);
        }
        return reshape(Shape.of(extents));
    }

    /**
     * Elements {@code start}, {@code start + step}, ... before {@code end} of dimension {@code
     * dim}. As in Python, negative bounds count from the end and bounds beyond the ends are
     * clipped; {@code step} is positive.
     */
    public Tensor slice(int dim, long start, long end, long step) {
        int at = dimension("slice", dim);
        if (step < 1) {
            throw new IllegalArgumentException(
                    "slice: step must be at least 1, is " + step + "; flip reverses");
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

    private static long clip(long bound, long extent) {
        long fromStart = bound < 0 ? bound + extent : bound;
        return Math.clamp(fromStart, 0, extent);
    }

    /** The elements of the given dimensions in reverse order. */
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

    /** {@code before} and {@code after} elements of {@code value} around dimension {@code dim}. */
    public Tensor pad(int dim, long before, long after, Number value) {
        int at = dimension("pad", dim);
        List<Prim.Edges> edges = new ArrayList<>(Collections.nCopies(rank(), Prim.Edges.NONE));
        edges.set(at, new Prim.Edges(before, after, 0));
        return Engine.one(new Prim.Pad(edges, numberFor(dtype(), value)), this);
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
                        "pad: a dimension's edges are two numbers, before and after, not "
                                + Arrays.toString(each));
            }
            all.add(new Prim.Edges(each[0], each[1], 0));
        }
        return Engine.one(new Prim.Pad(all, numberFor(dtype(), value)), this);
    }

    /**
     * {@code before} and {@code after} elements around dimension {@code dim}, taken from within as
     * {@code mode} says. The gradient of an element is the sum over all places that it was put to.
     */
    public Tensor pad(int dim, long before, long after, PadMode mode) {
        int at = dimension("pad", dim);
        long[] places = mode.places(type, at, before, after);
        if (before == 0 && after == 0) {
            return this;
        }
        return indexSelect(at, device().call(() -> of(places, places.length)));
    }

    /** Tensors one after the other along {@code dim}. */
    public static Tensor concat(int dim, Tensor... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException("concat: needs at least one tensor");
        }
        return Engine.one(new Prim.Concat(parts[0].dimension("concat", dim)), parts);
    }

    /** Tensors of one shape along a new dimension {@code dim}; -1 is after the last. */
    public static Tensor stack(int dim, Tensor... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException("stack: needs at least one tensor");
        }
        int at = dim < 0 ? dim + parts[0].rank() + 1 : dim;
        Tensor[] rows = new Tensor[parts.length];
        for (int i = 0; i < parts.length; i++) {
            if (!parts[i].type.equals(parts[0].type)) {
                throw new IllegalArgumentException(
                        "stack: tensor "
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

    /** Consecutive parts of dimension {@code dim}, of the given extents, which must fill it. */
    public List<Tensor> split(int dim, long... extents) {
        int at = dimension("split", dim);
        long total = 0;
        for (long extent : extents) {
            total = extent < 0 || total < 0 ? -1 : total + extent;
        }
        if (total != extent(at)) {
            throw new IllegalArgumentException(
                    "split: extents "
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

    /** {@code count} parts of dimension {@code dim} of one extent. */
    public List<Tensor> chunk(int dim, int count) {
        int at = dimension("chunk", dim);
        if (count < 1 || extent(at) % count != 0) {
            throw new IllegalArgumentException(
                    "chunk: dimension "
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
     * The elements moved on by {@code shift} along {@code dim} (back, where negative); what leaves
     * at one end comes in at the other.
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
     */
    public Tensor repeat(long... counts) {
        int added = counts.length - rank();
        if (added < 0) {
            throw new IllegalArgumentException(
                    "repeat: "
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
            result[dim] = counts[dim] * extent;
        }
        return reshape(Shape.of(apart)).expand(laid).reshape(Shape.of(result));
    }

    /** The elements at and below diagonal {@code diagonal} of the last two dimensions, else 0. */
    public Tensor tril(long diagonal) {
        return belowDiagonal("tril", diagonal).select(this, scalarLike(0));
    }

    /** The elements at and above diagonal {@code diagonal} of the last two dimensions, else 0. */
    public Tensor triu(long diagonal) {
        return belowDiagonal("triu", diagonal - 1).select(scalarLike(0), this);
    }

    /** Whether column - row is at most {@code diagonal}, for the last two dimensions. */
    private Tensor belowDiagonal(String operation, long diagonal) {
        if (rank() < 2) {
            throw new IllegalArgumentException(
                    operation + ": needs rows and columns, and is " + type);
        }
        Tensor rows = rangeLike(DType.I64, extent(-2)).unsqueeze(1);
        Tensor columns = rangeLike(DType.I64, extent(-1));
        return columns.sub(rows).le(diagonal);
    }

    // ---- reductions ----

    /** The sum along {@code dims}, which disappear or stay with extent 1; no dims mean all. */
    public Tensor sum(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.SUM, keepDims, dims);
    }

    /** The product along {@code dims}; as {@link #sum}. */
    public Tensor prod(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.PROD, keepDims, dims);
    }

    /** The largest element along {@code dims}, or NaN where there is one; as {@link #sum}. */
    public Tensor max(boolean keepDims, int... dims) {
        return reduce(Prim.Reduce.Kind.MAX, keepDims, dims);
    }

    /** The smallest element along {@code dims}, or NaN where there is one; as {@link #sum}. */
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

    /** The mean along {@code dims}; as {@link #sum}. */
    public Tensor mean(boolean keepDims, int... dims) {
        return sum(keepDims, dims).div(count(axes("mean", dims)));
    }

    /** The mean of all elements, a scalar. */
    public Tensor mean() {
        return mean(false);
    }

    /**
     * The variance along {@code dims}: squared deviations from the mean, divided by the number of
     * elements less {@code correction} (1 for a sample's, 0 for a population's; NaN where nothing
     * is left); as {@link #sum}.
     */
    public Tensor var(double correction, boolean keepDims, int... dims) {
        Axes axes = axes("var", dims);
        if (axes.count() == 0) {
            Tensor zero = sub(this);
            return correction == 0 ? zero : zero.div(Math.max(0, 1 - correction));
        }
        Tensor deviations = sub(mean(true, dims));
        double divisor = Math.max(0, count(axes) - correction);
        return deviations.square().sum(keepDims, dims).div(divisor);
    }

    /** The root of {@link #var}; where that is 0 its gradient counts as 0, as in PyTorch. */
    public Tensor std(double correction, boolean keepDims, int... dims) {
        Tensor variance = var(correction, keepDims, dims);
        Tensor none = variance.eq(0);
        return variance.maskedFill(none, 1).sqrt().maskedFill(none, 0);
    }

    /** {@code log(sum(exp(x)))} along {@code dims}, safe for large scores; as {@link #sum}. */
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

    private Tensor argReduce(Prim.ArgReduce.Kind kind, int dim, boolean keepDims) {
        Tensor index = Engine.one(new Prim.ArgReduce(kind, dim), this);
        return keepDims ? index.unsqueeze(dim) : index;
    }

    /** The sums of all elements so far along {@code dim}. */
    public Tensor cumsum(int dim) {
        return Engine.one(new Prim.Scan(Prim.Scan.Kind.SUM, dimension("cumsum", dim), false), this);
    }

    /** The products of all elements so far along {@code dim}. */
    public Tensor cumprod(int dim) {
        return Engine.one(
                new Prim.Scan(Prim.Scan.Kind.PROD, dimension("cumprod", dim), false), this);
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
     * sorted element goes to the place that it came from.
     */
    public Sorted sort(int dim, boolean descending) {
        Tensor indices = argsort(dim, descending);
        return new Sorted(gather(dim, indices), indices);
    }

    /** The {@code k} largest elements along {@code dim}, the largest first; as {@link #sort}. */
    public Sorted topk(long k, int dim) {
        int at = dimension("topk", dim);
        if (k < 0 || k > extent(at)) {
            throw new IllegalArgumentException(
                    "topk: k is "
                            + k
                            + ", but dimension "
                            + dim
                            + " of "
                            + type
                            + " has "
                            + extent(at)
                            + " elements");
        }
        Tensor indices = argsort(at, true).slice(at, 0, k);
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
     */
    public Tensor embedding(Tensor index) {
        if (rank() == 0) {
            throw new IllegalArgumentException("embedding: the table has no rows: " + type);
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
     */
    public Tensor oneHot(long classes) {
        if (!dtype().isInteger() || classes < 1) {
            throw new IllegalArgumentException(
                    "oneHot: needs integers and at least one class: " + type + ", " + classes);
        }
        return unsqueeze(-1).eq(rangeLike(dtype(), classes)).cast(DType.I64);
    }

    private Tensor rangeLike(DType dtype, long count) {
        return Engine.createLike(this, new Prim.Iota(dtype, Shape.of(count), 0));
    }

    /** The slices of dimension {@code dim} that {@code index} (I64 or I32, rank 1) names. */
    public Tensor indexSelect(int dim, Tensor index) {
        int at = dimension("indexSelect", dim);
        if (index.rank() != 1) {
            throw new IllegalArgumentException(
                    "indexSelect: the index must have rank 1, and is " + index.type());
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
                    "matmul: a scalar has no rows; operands " + type + ", " + other.type);
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
        Shape batch = broadcast("matmul", outer(shape()), outer(other.shape()));
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
     * of dimensions, which are broadcast. Operands are combined from left to right, pair by pair,
     * by matrix products.
     */
    public static Tensor einsum(String equation, Tensor... operands) {
        return Einsum.of(equation, operands);
    }

    /**
     * {@code sum(a * b) / (max(|a|, epsilon) * max(|b|, epsilon))} along {@code dim}, with
     * broadcasting; finite gradients at zero vectors.
     */
    public Tensor cosineSimilarity(Tensor other, int dim, double epsilon) {
        Tensor product = mul(other).sum(false, dim);
        return product.div(boundedNorm(dim, epsilon)).div(other.boundedNorm(dim, epsilon));
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
    private int dimension(String operation, int dim) {
        int at = dim < 0 ? dim + rank() : dim;
        if (at < 0 || at >= rank()) {
            throw new IllegalArgumentException(
                    operation
                            + ": dimension "
                            + dim
                            + " is not one of the "
                            + rank()
                            + " dimensions of "
                            + type);
        }
        return at;
    }

    /** The type, and the values of small stored tensors. */
    @Override
    public String toString() {
        if (!(payload instanceof Stored) || shape().elementCount() > 64) {
            return type.toString();
        }
        return type
                + " "
                + (dtype().isFloating()
                        ? Arrays.toString(toDoubleArray())
                        : Arrays.toString(toLongArray()));
    }
}
