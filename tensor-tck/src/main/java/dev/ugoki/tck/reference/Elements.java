package dev.ugoki.tck.reference;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A strided view's elements as Java numbers: floating ones as doubles, rounded once when they are
 * stored; integers as longs, wrapped to their width when they are stored; BOOL as 0 and 1.
 *
 * <p>A position is a distance in elements from the start of the storage. Every access is checked
 * against the storage's end.
 */
final class Elements {
    private final Stored view;
    private final MemorySegment memory;
    private final DType dtype;
    private final long[] extents;
    private final long[] strides;

    Elements(Stored view) {
        this.view = view;
        this.memory = HostMemory.segment(view.storage().address(), view.storage().capacity());
        this.dtype = view.dtype();
        this.extents = view.shape().toArray();
        this.strides = view.toStrides();
    }

    DType dtype() {
        return dtype;
    }

    Shape shape() {
        return view.shape();
    }

    long extent(int dim) {
        return extents[dim];
    }

    long count() {
        return view.elementCount();
    }

    /** The position of element {@code number}, counted in row-major order. */
    long position(long number) {
        if (view.isContiguous()) {
            return view.offset() + number;
        }
        long position = view.offset();
        long rest = number;
        for (int dim = extents.length - 1; dim >= 0; dim--) {
            position += rest % extents[dim] * strides[dim];
            rest /= extents[dim];
        }
        return position;
    }

    /** The position of the element at {@code index}. */
    long position(long[] index) {
        long position = view.offset();
        for (int dim = 0; dim < index.length; dim++) {
            position += index[dim] * strides[dim];
        }
        return position;
    }

    /** How many elements come before the one at {@code index} in row-major order. */
    long number(long[] index) {
        long number = 0;
        for (int dim = 0; dim < index.length; dim++) {
            number = number * extents[dim] + index[dim];
        }
        return number;
    }

    /** A number of any dtype; I64 beyond 2^53 is rounded. */
    double getDouble(long position) {
        return switch (dtype) {
            case F64 -> memory.get(ValueLayout.JAVA_DOUBLE, position * Double.BYTES);
            case F32 -> memory.get(ValueLayout.JAVA_FLOAT, position * Float.BYTES);
            case F16 -> NarrowFloats.fromF16(getShort(position));
            case BF16 -> NarrowFloats.fromBF16(getShort(position));
            case I64, I32, I8, U8, BOOL -> getLong(position);
        };
    }

    /** A number of an integer dtype or BOOL. */
    long getLong(long position) {
        return switch (dtype) {
            case I64 -> memory.get(ValueLayout.JAVA_LONG, position * Long.BYTES);
            case I32 -> memory.get(ValueLayout.JAVA_INT, position * Integer.BYTES);
            case I8, BOOL -> memory.get(ValueLayout.JAVA_BYTE, position);
            case U8 -> Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, position));
            case F64, F32, F16, BF16 ->
                    throw new IllegalStateException(dtype + " elements are no longs");
        };
    }

    boolean getBoolean(long position) {
        return getLong(position) != 0;
    }

    void setDouble(long position, double value) {
        switch (dtype) {
            case F64 -> memory.set(ValueLayout.JAVA_DOUBLE, position * Double.BYTES, value);
            case F32 -> memory.set(ValueLayout.JAVA_FLOAT, position * Float.BYTES, (float) value);
            case F16 -> setShort(position, NarrowFloats.toF16(value));
            case BF16 -> setShort(position, NarrowFloats.toBF16(value));
            case I64, I32, I8, U8, BOOL ->
                    throw new IllegalStateException(dtype + " elements are no doubles");
        }
    }

    void setLong(long position, long value) {
        switch (dtype) {
            case I64 -> memory.set(ValueLayout.JAVA_LONG, position * Long.BYTES, value);
            case I32 -> memory.set(ValueLayout.JAVA_INT, position * Integer.BYTES, (int) value);
            case I8, U8 -> memory.set(ValueLayout.JAVA_BYTE, position, (byte) value);
            case BOOL -> memory.set(ValueLayout.JAVA_BYTE, position, (byte) (value != 0 ? 1 : 0));
            case F64, F32, F16, BF16 ->
                    throw new IllegalStateException(dtype + " elements are no longs");
        }
    }

    void setBoolean(long position, boolean value) {
        setLong(position, value ? 1 : 0);
    }

    /** Stores a Double or a Long, as the dtype wants. */
    void setNumber(long position, Number value) {
        if (dtype.isFloating()) {
            setDouble(position, value.doubleValue());
        } else {
            setLong(position, value.longValue());
        }
    }

    /** Copies one element of {@code from}, which has the same dtype, bit by bit. */
    void copy(long position, Elements from, long fromPosition) {
        long bytes = dtype.byteSize();
        MemorySegment.copy(from.memory, fromPosition * bytes, memory, position * bytes, bytes);
    }

    private short getShort(long position) {
        return memory.get(ValueLayout.JAVA_SHORT, position * Short.BYTES);
    }

    private void setShort(long position, short value) {
        memory.set(ValueLayout.JAVA_SHORT, position * Short.BYTES, value);
    }
}
