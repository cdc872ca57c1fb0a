package dev.ugoki.tensor.io;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An array as files hold it: an element type, a shape, and the elements row-major and little-endian
 * in host memory.
 *
 * <p>It is what readers return and writers take:
 *
 * <pre>{@code
 * HostArray weight = HostArray.of(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
 * float[] values = weight.to(DType.BF16).toFloats();
 * }</pre>
 *
 * <p>The memory is never written to through this class. It may be a view of a mapped file; then it
 * lives as long as that file is open, as the reader says that made it. Elements need not be aligned
 * to their size.
 *
 * @param dtype the type of the elements
 * @param shape the extents, rows first
 * @param bytes exactly the elements, read-only
 */
public record HostArray(DType dtype, Shape shape, MemorySegment bytes) {
    private static final int LARGEST_JAVA_ARRAY = Integer.MAX_VALUE - 8;

    /**
     * An array of the given memory, which is not copied.
     *
     * @throws IllegalArgumentException if the memory is smaller or larger than dtype and shape say,
     *     or a BOOL is neither 0 nor 1
     */
    public HostArray {
        long expected = byteCount(dtype, shape);
        if (bytes.byteSize() != expected) {
            throw new IllegalArgumentException(
                    "%s%s takes %d bytes, but %d were given"
                            .formatted(dtype, shape, expected, bytes.byteSize()));
        }
        if (dtype == DType.BOOL) {
            long index = Elements.firstNotBoolean(bytes);
            if (index >= 0) {
                throw new IllegalArgumentException(
                        "BOOL%s: element %d is %d; a BOOL is 0 or 1"
                                .formatted(shape, index, Elements.getByte(bytes, index) & 0xff));
            }
        }
        bytes = bytes.asReadOnly();
    }

    /** An F32 array with a copy of these values, row-major. */
    public static HostArray of(Shape shape, float... values) {
        return copyOf(DType.F32, shape, values.length, MemorySegment.ofArray(values));
    }

    /** An F64 array with a copy of these values, row-major. */
    public static HostArray of(Shape shape, double... values) {
        return copyOf(DType.F64, shape, values.length, MemorySegment.ofArray(values));
    }

    /** An I64 array with a copy of these values, row-major. */
    public static HostArray of(Shape shape, long... values) {
        return copyOf(DType.I64, shape, values.length, MemorySegment.ofArray(values));
    }

    /** An I32 array with a copy of these values, row-major. */
    public static HostArray of(Shape shape, int... values) {
        return copyOf(DType.I32, shape, values.length, MemorySegment.ofArray(values));
    }

    /** A BOOL array with a copy of these values, row-major. */
    public static HostArray of(Shape shape, boolean... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return copyOf(DType.BOOL, shape, values.length, MemorySegment.ofArray(bytes));
    }

    /** An array with a copy of these bytes: the elements row-major and little-endian. */
    public static HostArray ofBytes(DType dtype, Shape shape, byte... bytes) {
        return new HostArray(dtype, shape, MemorySegment.ofArray(bytes.clone()));
    }

    private static HostArray copyOf(DType dtype, Shape shape, int count, MemorySegment values) {
        if (count != shape.elementCount()) {
            throw new IllegalArgumentException(
                    "%s%s holds %d elements, but %d were given"
                            .formatted(dtype, shape, shape.elementCount(), count));
        }
        MemorySegment bytes = allocate(dtype, shape);
        Elements.copyNativeToLittleEndian(dtype, values, bytes);
        return new HostArray(dtype, shape, bytes);
    }

    /**
     * Zeroed memory for such an array; on the heap unless it is too large for a Java array. It is
     * freed when it can no longer be reached.
     *
     * @throws IllegalArgumentException if it takes more bytes than a long can count
     */
    static MemorySegment allocate(DType dtype, Shape shape) {
        long size = byteCount(dtype, shape);
        return size <= LARGEST_JAVA_ARRAY
                ? MemorySegment.ofArray(new byte[(int) size])
                : Arena.ofAuto().allocate(size);
    }

    private static long byteCount(DType dtype, Shape shape) {
        long count = shape.elementCount();
        if (count > Long.MAX_VALUE / dtype.byteSize()) {
            throw new IllegalArgumentException(
                    "%s%s: more bytes than a long can count".formatted(dtype, shape));
        }
        return count * dtype.byteSize();
    }

    /** The number of elements. */
    public long elementCount() {
        return shape.elementCount();
    }

    /** The same array in memory of its own, valid as long as it can be reached. */
    public HostArray copy() {
        MemorySegment copied = allocate(dtype, shape);
        MemorySegment.copy(bytes, 0, copied, 0, bytes.byteSize());
        return new HostArray(dtype, shape, copied);
    }

    /**
     * The same values in another element type. Into floating types values are rounded to nearest,
     * ties to even, and become infinite where they are too large, as IEEE 754 says; integers and
     * BOOL take only values that they hold exactly.
     *
     * @throws IllegalArgumentException if a value is not exact in an integer type or BOOL
     */
    public HostArray to(DType target) {
        if (target == dtype) {
            return this;
        }
        MemorySegment converted = allocate(target, shape);
        long count = elementCount();
        if (dtype.isFloating()) {
            for (long i = 0; i < count; i++) {
                Elements.putDouble(target, converted, i, Elements.getDouble(dtype, bytes, i));
            }
        } else {
            for (long i = 0; i < count; i++) {
                Elements.putLong(target, converted, i, Elements.getLong(dtype, bytes, i));
            }
        }
        return new HostArray(target, shape, converted);
    }

    /**
     * The element at a row-major index as a double: exact, but for integers beyond 2^53 in
     * magnitude, which are rounded; BOOL gives 0 or 1.
     */
    public double doubleAt(long index) {
        checkIndex(index);
        return Elements.getDouble(dtype, bytes, index);
    }

    /**
     * The element at a row-major index of an array of integers or BOOL.
     *
     * @throws IllegalStateException if the array is floating
     */
    public long longAt(long index) {
        checkIndex(index);
        requireWhole("longAt");
        return Elements.getLong(dtype, bytes, index);
    }

    private void checkIndex(long index) {
        if (index < 0 || index >= elementCount()) {
            throw new IndexOutOfBoundsException(
                    "element %d of %s%s, which has %d"
                            .formatted(index, dtype, shape, elementCount()));
        }
    }

    /** All elements as floats, row-major: exact for F32, F16, BF16, others rounded to nearest. */
    public float[] toFloats() {
        float[] values = new float[javaArrayLength("toFloats")];
        if (dtype == DType.F32) {
            MemorySegment.copy(bytes, Elements.FLOAT, 0, values, 0, values.length);
        } else if (dtype.isFloating()) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) Elements.getDouble(dtype, bytes, i);
            }
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = Elements.getLong(dtype, bytes, i);
            }
        }
        return values;
    }

    /** All elements as doubles, row-major: exact, but for I64 beyond 2^53, which is rounded. */
    public double[] toDoubles() {
        double[] values = new double[javaArrayLength("toDoubles")];
        for (int i = 0; i < values.length; i++) {
            values[i] = Elements.getDouble(dtype, bytes, i);
        }
        return values;
    }

    /**
     * All elements of an array of integers or BOOL (0 and 1), row-major.
     *
     * @throws IllegalStateException if the array is floating
     */
    public long[] toLongs() {
        requireWhole("toLongs");
        long[] values = new long[javaArrayLength("toLongs")];
        for (int i = 0; i < values.length; i++) {
            values[i] = Elements.getLong(dtype, bytes, i);
        }
        return values;
    }

    /**
     * All elements of an array of integers or BOOL (0 and 1), row-major.
     *
     * @throws IllegalStateException if the array is floating
     * @throws IllegalArgumentException if an I64 does not fit into an int
     */
    public int[] toInts() {
        requireWhole("toInts");
        HostArray narrow = dtype == DType.I64 ? to(DType.I32) : this;
        int[] values = new int[javaArrayLength("toInts")];
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) Elements.getLong(narrow.dtype, narrow.bytes, i);
        }
        return values;
    }

    /**
     * All elements of a BOOL array, row-major.
     *
     * @throws IllegalStateException if the array is not BOOL
     */
    public boolean[] toBooleans() {
        if (dtype != DType.BOOL) {
            throw new IllegalStateException(
                    "toBooleans: the array is %s%s, not BOOL".formatted(dtype, shape));
        }
        boolean[] values = new boolean[javaArrayLength("toBooleans")];
        for (int i = 0; i < values.length; i++) {
            values[i] = Elements.getByte(bytes, i) != 0;
        }
        return values;
    }

    /** A copy of the bytes: the elements row-major and little-endian. */
    public byte[] toBytes() {
        byte[] values = new byte[javaArrayLength("toBytes", bytes.byteSize())];
        MemorySegment.copy(bytes, Elements.BYTE, 0, values, 0, values.length);
        return values;
    }

    private void requireWhole(String method) {
        if (dtype.isFloating()) {
            throw new IllegalStateException(
                    "%s: the array is %s%s; convert it with to(DType.I64), or read doubles"
                            .formatted(method, dtype, shape));
        }
    }

    private int javaArrayLength(String method) {
        return javaArrayLength(method, elementCount());
    }

    private int javaArrayLength(String method, long length) {
        if (length > LARGEST_JAVA_ARRAY) {
            throw new IllegalStateException(
                    "%s: %s%s is larger than a Java array; read its bytes()"
                            .formatted(method, dtype, shape));
        }
        return (int) length;
    }

    /** Whether the other has the same dtype, shape and, bit for bit, elements. */
    @Override
    public boolean equals(Object other) {
        return this == other
                || other instanceof HostArray that
                        && dtype == that.dtype
                        && shape.equals(that.shape)
                        && bytes.mismatch(that.bytes) < 0;
    }

    @Override
    public int hashCode() {
        return 31 * dtype.hashCode() + shape.hashCode();
    }

    /** Type and shape: {@code F32[8,64]}. */
    @Override
    public String toString() {
        return dtype.toString() + shape;
    }
}
