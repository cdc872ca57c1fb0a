package dev.ugoki.tensor;

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
}
