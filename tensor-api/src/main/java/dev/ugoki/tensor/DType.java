package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * The element types of tensors.
 *
 * <p>Floating types follow IEEE 754 (F64, F32, F16) or are its upper half (BF16); integers are
 * two's complement, U8 is unsigned; BOOL is one byte that holds 0 or 1. In memory and in files all
 * are little-endian.
 */
public enum DType {
    F64(8, Family.FLOATING),
    F32(4, Family.FLOATING),
    F16(2, Family.FLOATING),
    BF16(2, Family.FLOATING),
    I64(8, Family.INTEGER),
    I32(4, Family.INTEGER),
    I8(1, Family.INTEGER),
    U8(1, Family.INTEGER),
    BOOL(1, Family.BOOLEAN);

    private enum Family {
        FLOATING,
        INTEGER,
        BOOLEAN
    }

    private final int byteSize;
    private final Family family;

    DType(int byteSize, Family family) {
        this.byteSize = byteSize;
        this.family = family;
    }

    /** Bytes of one element. */
    public int byteSize() {
        return byteSize;
    }

    /** Whether this is F64, F32, F16 or BF16: the types that gradients flow through. */
    public boolean isFloating() {
        return family == Family.FLOATING;
    }

    /** Whether this is I64, I32, I8 or U8. */
    public boolean isInteger() {
        return family == Family.INTEGER;
    }

    /** The least number of an integer type, or of BOOL; floating types have no place here. */
    private long least() {
        return this == BOOL || this == U8 ? 0 : -1L << (8 * byteSize - 1);
    }

    /**
     * The largest number of an integer type, or of BOOL.
     *
     * @throws IllegalArgumentException if this is a floating type
     */
    public long largestInteger() {
        if (isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("largestInteger") + ": " + this + " is no integer type");
        }
        return this == BOOL ? 1 : this == U8 ? 255 : ~least();
    }

    /**
     * {@code value} in the form in which operations hold numbers of this type: a Double for
     * floating types, not rounded to them yet; a Long for integers and BOOL (0 or 1).
     *
     * @throws IllegalArgumentException if this is no floating type, and the number is not whole,
     *     not finite, or beyond the type's range
     */
    public Number numberOf(Number value) {
        if (isFloating()) {
            return value.doubleValue();
        }
        long whole = value.longValue();
        boolean fits =
                switch (value) {
                    case Long _, Integer _, Short _, Byte _ -> true;
                    case BigInteger big -> big.bitLength() < Long.SIZE;
                    case BigDecimal big -> big.compareTo(BigDecimal.valueOf(whole)) == 0;
                    // 2^63 as a double is one more than the largest long, which it converts to.
                    default -> value.doubleValue() == whole && value.doubleValue() != 0x1p63;
                };
        if (!fits || whole < least() || whole > largestInteger()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.orElse("number")
                            + ": "
                            + value
                            + " is no "
                            + this
                            + ", which takes whole numbers from "
                            + least()
                            + " to "
                            + largestInteger()
                            + "; cast the tensor first, such as to DType.F32, or give another"
                            + " number");
        }
        return whole;
    }
}
