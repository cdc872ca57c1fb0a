package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Contiguous elements of any dtype as Java numbers and back: how kernels that are not worth a
 * version for each dtype read and write. Integers wrap to their width when stored; floating numbers
 * are rounded once, to nearest even.
 */
final class Chunks {
    private static final MemorySegment ALL = NativeMemory.ALL;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private Chunks() {}

    static double getDouble(DType dtype, long address) {
        return switch (dtype) {
            case F64 -> NativeMemory.getDouble(address);
            case F32 -> NativeMemory.getFloat(address);
            case F16 -> NarrowFloats.fromF16(ALL.get(SHORT, address));
            case BF16 -> NarrowFloats.fromBF16(ALL.get(SHORT, address));
            case I64, I32, I8, U8, BOOL -> getLong(dtype, address);
        };
    }

    static long getLong(DType dtype, long address) {
        return switch (dtype) {
            case I64 -> NativeMemory.getLong(address);
            case I32 -> NativeMemory.getInt(address);
            case I8, BOOL -> ALL.get(BYTE, address);
            case U8 -> Byte.toUnsignedLong(ALL.get(BYTE, address));
            case F64, F32, F16, BF16 -> throw new IllegalStateException(dtype + " is no integer");
        };
    }

    static void setDouble(DType dtype, long address, double value) {
        switch (dtype) {
            case F64 -> NativeMemory.setDouble(address, value);
            case F32 -> NativeMemory.setFloat(address, (float) value);
            case F16 -> ALL.set(SHORT, address, NarrowFloats.toF16(value));
            case BF16 -> ALL.set(SHORT, address, NarrowFloats.toBF16(value));
            case I64, I32, I8, U8, BOOL ->
                    throw new IllegalStateException(dtype + " is not floating");
        }
    }

    static void setLong(DType dtype, long address, long value) {
        switch (dtype) {
            case I64 -> NativeMemory.setLong(address, value);
            case I32 -> NativeMemory.setInt(address, (int) value);
            case I8, U8 -> ALL.set(BYTE, address, (byte) value);
            case BOOL -> ALL.set(BYTE, address, (byte) (value != 0 ? 1 : 0));
            case F64, F32, F16, BF16 -> throw new IllegalStateException(dtype + " is no integer");
        }
    }

    static void setBoolean(long address, boolean value) {
        ALL.set(BYTE, address, (byte) (value ? 1 : 0));
    }

    static boolean getBoolean(long address) {
        return ALL.get(BYTE, address) != 0;
    }

    /** {@code count} elements as floats, from F32, F16 or BF16 to F32. */
    static void toFloats(DType dtype, long from, long count, long to) {
        switch (dtype) {
            case F32 -> NativeMemory.copy(from, to, 4 * count);
            case F16 -> {
                for (long i = 0; i < count; i++) {
                    short bits = ALL.get(SHORT, from + 2 * i);
                    NativeMemory.setFloat(to + 4 * i, Float.float16ToFloat(bits));
                }
            }
            case BF16 -> {
                for (long i = 0; i < count; i++) {
                    NativeMemory.setInt(to + 4 * i, ALL.get(SHORT, from + 2 * i) << 16);
                }
            }
            case F64, I64, I32, I8, U8, BOOL -> throw new IllegalStateException(dtype + " as F32");
        }
    }

    /** {@code count} F32 elements rounded to F32, F16 or BF16. */
    static void fromFloats(long from, long count, DType dtype, long to) {
        switch (dtype) {
            case F32 -> NativeMemory.copy(from, to, 4 * count);
            case F16 -> {
                for (long i = 0; i < count; i++) {
                    float value = NativeMemory.getFloat(from + 4 * i);
                    ALL.set(SHORT, to + 2 * i, Float.floatToFloat16(value));
                }
            }
            case BF16 -> {
                for (long i = 0; i < count; i++) {
                    float value = NativeMemory.getFloat(from + 4 * i);
                    ALL.set(SHORT, to + 2 * i, NarrowFloats.toBF16(value));
                }
            }
            case F64, I64, I32, I8, U8, BOOL -> throw new IllegalStateException("F32 as " + dtype);
        }
    }
}
