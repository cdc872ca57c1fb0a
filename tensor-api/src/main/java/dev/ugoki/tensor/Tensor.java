package dev.ugoki.tensor;

import dev.ugoki.tensor.op.Axes;
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
        return binary(Prim.Binary.Kind.ADD, like(other));
    }

    public Tensor sub(Tensor other) {
        return binary(Prim.Binary.Kind.SUB, other);
    }

    public Tensor sub(Number other) {
        return binary(Prim.Binary.Kind.SUB, like(other));
    }

    public Tensor mul(Tensor other) {
        return binary(Prim.Binary.Kind.MUL, other);
    }

    public Tensor mul(Number other) {
        return binary(Prim.Binary.Kind.MUL, like(other));
    }

    /** The quotient; of integers, towards zero, and 0 where the divisor is 0. */
    public Tensor div(Tensor other) {
        return binary(Prim.Binary.Kind.DIV, other);
    }

    public Tensor div(Number other) {
        return binary(Prim.Binary.Kind.DIV, like(other));
    }

    /** The remainder, with the dividend's sign. */
    public Tensor rem(Tensor other) {
        return binary(Prim.Binary.Kind.REM, other);
    }

    public Tensor pow(Tensor other) {
        return binary(Prim.Binary.Kind.POW, other);
    }

    public Tensor pow(Number other) {
        return binary(Prim.Binary.Kind.POW, like(other));
    }

    /** The larger of the two; NaN where either is. */
    public Tensor maximum(Tensor other) {
        return binary(Prim.Binary.Kind.MAX, other);
    }

    public Tensor maximum(Number other) {
        return binary(Prim.Binary.Kind.MAX, like(other));
    }

    /** The smaller of the two; NaN where either is. */
    public Tensor minimum(Tensor other) {
        return binary(Prim.Binary.Kind.MIN, other);
    }

    public Tensor minimum(Number other) {
        return binary(Prim.Binary.Kind.MIN, like(other));
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

    public Tensor eq(Tensor other) {
        return compare(Prim.Compare.Kind.EQ, other);
    }

    public Tensor eq(Number other) {
        return compare(Prim.Compare.Kind.EQ, like(other));
    }

    public Tensor ne(Tensor other) {
        return compare(Prim.Compare.Kind.NE, other);
    }

    public Tensor ne(Number other) {
        return compare(Prim.Compare.Kind.NE, like(other));
    }

    public Tensor lt(Tensor other) {
        return compare(Prim.Compare.Kind.LT, other);
    }

    public Tensor lt(Number other) {
        return compare(Prim.Compare.Kind.LT, like(other));
    }

    public Tensor le(Tensor other) {
        return compare(Prim.Compare.Kind.LE, other);
    }

    public Tensor le(Number other) {
        return compare(Prim.Compare.Kind.LE, like(other));
    }

    public Tensor gt(Tensor other) {
        return compare(Prim.Compare.Kind.GT, other);
    }

    public Tensor gt(Number other) {
        return compare(Prim.Compare.Kind.GT, like(other));
    }

    public Tensor ge(Tensor other) {
        return compare(Prim.Compare.Kind.GE, other);
    }

    public Tensor ge(Number other) {
        return compare(Prim.Compare.Kind.GE, like(other));
    }

    /** {@code this ? whenTrue : whenFalse}, element by element; this is BOOL. */
    public Tensor select(Tensor whenTrue, Tensor whenFalse) {
        Shape shape =
                broadcast("select", broadcast("select", shape(), whenTrue), whenFalse.shape());
        return Engine.one(
                new Prim.Select(), expand(shape), whenTrue.expand(shape), whenFalse.expand(shape));
    }

    /** The same numbers as {@code dtype}; see {@link Prim.Cast} for how they are converted. */
    public Tensor cast(DType dtype) {
        return dtype == dtype() ? this : Engine.one(new Prim.Cast(dtype), this);
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

    private Tensor like(Number value) {
        return full(dtype(), Shape.SCALAR, value);
    }

    private static Shape broadcast(String operation, Shape lhs, Tensor rhs) {
        return broadcast(operation, lhs, rhs.shape());
    }

    private static Shape broadcast(String operation, Shape lhs, Shape rhs) {
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

    /** Tensors one after the other along {@code dim}. */
    public static Tensor concat(int dim, Tensor... parts) {
        if (parts.length == 0) {
            throw new IllegalArgumentException("concat: needs at least one tensor");
        }
        return Engine.one(new Prim.Concat(parts[0].dimension("concat", dim)), parts);
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
        long count = 1;
        for (int dim : axes("mean", dims).toArray()) {
            count *= shape().extent(dim);
        }
        return sum(keepDims, dims).mul(1.0 / count);
    }

    /** The mean of all elements, a scalar. */
    public Tensor mean() {
        return mean(false);
    }

    private Tensor reduce(Prim.Reduce.Kind kind, boolean keepDims, int[] dims) {
        Prim.Reduce op = new Prim.Reduce(kind, axes("reduce", dims));
        Tensor reduced = Engine.one(op, this);
        if (!keepDims) {
            return reduced;
        }
        long[] extents = shape().toArray();
        for (int dim : op.axes().toArray()) {
            extents[dim] = 1;
        }
        return reduced.reshape(Shape.of(extents));
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

    /** See {@link Prim.Gather}: {@code result[.., i, ..] = this[.., index[.., i, ..], ..]}. */
    public Tensor gather(int dim, Tensor index) {
        return Engine.one(new Prim.Gather(dimension("gather", dim)), this, index);
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
