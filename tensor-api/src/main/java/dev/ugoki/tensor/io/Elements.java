package dev.ugoki.tensor.io;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Single elements of arrays in memory: reading, writing and converting them.
 *
 * <p>Memory is little-endian and need not be aligned. Conversions to narrower floating types round
 * once, to nearest, ties to even.
 */
final class Elements {
    static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    static final ValueLayout.OfShort SHORT = littleEndian(ValueLayout.JAVA_SHORT_UNALIGNED);
    static final ValueLayout.OfInt INT = littleEndian(ValueLayout.JAVA_INT_UNALIGNED);
    static final ValueLayout.OfLong LONG = littleEndian(ValueLayout.JAVA_LONG_UNALIGNED);
    static final ValueLayout.OfFloat FLOAT = littleEndian(ValueLayout.JAVA_FLOAT_UNALIGNED);
    static final ValueLayout.OfDouble DOUBLE = littleEndian(ValueLayout.JAVA_DOUBLE_UNALIGNED);

    private static final int COPY_CHUNK = 1 << 16;
    private static final long NO_BIT_BUT_THE_LOWEST_OF_EACH_BYTE = 0xfefefefefefefefeL;

    private Elements() {}

    @SuppressWarnings("unchecked") // withOrder returns the type that it is called on
    private static <L extends ValueLayout> L littleEndian(L layout) {
        return (L) layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    static byte getByte(MemorySegment bytes, long index) {
        return bytes.get(BYTE, index);
    }

    static double getDouble(DType dtype, MemorySegment bytes, long index) {
        return switch (dtype) {
            case F64 -> bytes.get(DOUBLE, index * 8);
            case F32 -> bytes.get(FLOAT, index * 4);
            case F16 -> NarrowFloats.fromF16(bytes.get(SHORT, index * 2));
            case BF16 -> NarrowFloats.fromBF16(bytes.get(SHORT, index * 2));
            case I64, I32, I8, U8, BOOL -> getLong(dtype, bytes, index);
        };
    }

    static long getLong(DType dtype, MemorySegment bytes, long index) {
        return switch (dtype) {
            case I64 -> bytes.get(LONG, index * 8);
            case I32 -> bytes.get(INT, index * 4);
            case I8 -> bytes.get(BYTE, index);
            case U8, BOOL -> bytes.get(BYTE, index) & 0xff;
            case F64, F32, F16, BF16 -> throw new IllegalArgumentException(dtype + " is floating");
        };
    }

    static void putDouble(DType dtype, MemorySegment bytes, long index, double value) {
        switch (dtype) {
            case F64 -> bytes.set(DOUBLE, index * 8, value);
            case F32 -> bytes.set(FLOAT, index * 4, (float) value);
            case F16 -> bytes.set(SHORT, index * 2, NarrowFloats.toF16(value));
            case BF16 -> bytes.set(SHORT, index * 2, NarrowFloats.toBF16(value));
            case I64, I32, I8, U8, BOOL -> {
                // -0.0 passes as 0; 2^63 casts to a long that casts back to itself
                long whole = (long) value;
                if (whole != value || value == 0x1p63) {
                    throw notExact(dtype, index, Double.toString(value));
                }
                putLong(dtype, bytes, index, whole);
            }
        }
    }

    static void putLong(DType dtype, MemorySegment bytes, long index, long value) {
        switch (dtype) {
            case F64 -> bytes.set(DOUBLE, index * 8, value);
            case F32 -> bytes.set(FLOAT, index * 4, value);
            case F16, BF16 -> putDouble(dtype, bytes, index, doubleRoundedToOdd(value));
            case I64 -> bytes.set(LONG, index * 8, value);
            case I32 -> bytes.set(INT, index * 4, (int) exact(dtype, index, value, (int) value));
            case I8 -> bytes.set(BYTE, index, (byte) exact(dtype, index, value, (byte) value));
            case U8 -> bytes.set(BYTE, index, (byte) exact(dtype, index, value, value & 0xff));
            case BOOL -> bytes.set(BYTE, index, (byte) exact(dtype, index, value, value & 1));
        }
    }

    private static long exact(DType dtype, long index, long value, long held) {
        if (value != held) {
            throw notExact(dtype, index, Long.toString(value));
        }
        return value;
    }

    private static IllegalArgumentException notExact(DType dtype, long index, String value) {
        return new IllegalArgumentException(
                "element %d is %s, which %s does not hold exactly".formatted(index, value, dtype));
    }

    private static double doubleRoundedToOdd(long value) {
        double nearest = value;
        // both differ by less than 2^11 and the difference is exact; at 2^63 it wraps to the same
        long error = value - (long) nearest - (nearest == 0x1p63 ? 1 : 0);
        if (error == 0 || (Double.doubleToRawLongBits(nearest) & 1) != 0) {
            return nearest;
        }
        return error > 0 ? Math.nextUp(nearest) : Math.nextDown(nearest);
    }

    /** The index of the first byte that is neither 0 nor 1; -1 if there is none. */
    static long firstNotBoolean(MemorySegment bytes) {
        long size = bytes.byteSize();
        long i = 0;
        while (i + 8 <= size && (bytes.get(LONG, i) & NO_BIT_BUT_THE_LOWEST_OF_EACH_BYTE) == 0) {
            i += 8;
        }
        while (i < size) {
            if ((getByte(bytes, i) & 0xfe) != 0) {
                return i;
            }
            i++;
        }
        return -1;
    }

    /** Copies elements from memory of this machine's byte order, as Java arrays are. */
    static void copyNativeToLittleEndian(DType dtype, MemorySegment from, MemorySegment to) {
        long count = from.byteSize() / dtype.byteSize();
        switch (dtype.byteSize()) {
            case 8 ->
                    MemorySegment.copy(
                            from, ValueLayout.JAVA_LONG_UNALIGNED, 0, to, LONG, 0, count);
            case 4 ->
                    MemorySegment.copy(from, ValueLayout.JAVA_INT_UNALIGNED, 0, to, INT, 0, count);
            case 2 ->
                    MemorySegment.copy(
                            from, ValueLayout.JAVA_SHORT_UNALIGNED, 0, to, SHORT, 0, count);
            default -> MemorySegment.copy(from, 0, to, 0, count);
        }
    }

    /** Reverses the bytes of every element in place. */
    static void reverseBytes(int byteSize, MemorySegment bytes) {
        long size = bytes.byteSize();
        switch (byteSize) {
            case 8 -> {
                for (long i = 0; i < size; i += 8) {
                    bytes.set(LONG, i, Long.reverseBytes(bytes.get(LONG, i)));
                }
            }
            case 4 -> {
                for (long i = 0; i < size; i += 4) {
                    bytes.set(INT, i, Integer.reverseBytes(bytes.get(INT, i)));
                }
            }
            case 2 -> {
                for (long i = 0; i < size; i += 2) {
                    bytes.set(SHORT, i, Short.reverseBytes(bytes.get(SHORT, i)));
                }
            }
            default -> {}
        }
    }

    /** Copies one element of 1, 2, 4 or 8 bytes. */
    static void copyElement(
            int byteSize, MemorySegment from, long fromIndex, MemorySegment to, long toIndex) {
        switch (byteSize) {
            case 8 -> to.set(LONG, toIndex * 8, from.get(LONG, fromIndex * 8));
            case 4 -> to.set(INT, toIndex * 4, from.get(INT, fromIndex * 4));
            case 2 -> to.set(SHORT, toIndex * 2, from.get(SHORT, fromIndex * 2));
            default -> to.set(BYTE, toIndex, from.get(BYTE, fromIndex));
        }
    }

    /** Writes the memory to a stream, piece by piece. */
    static void writeTo(OutputStream out, MemorySegment bytes) throws IOException {
        byte[] chunk = new byte[(int) Math.min(COPY_CHUNK, bytes.byteSize())];
        for (long offset = 0; offset < bytes.byteSize(); offset += chunk.length) {
            int length = (int) Math.min(chunk.length, bytes.byteSize() - offset);
            MemorySegment.copy(bytes, BYTE, offset, chunk, 0, length);
            out.write(chunk, 0, length);
        }
    }
}
