package dev.ugoki.tensor.kernel;

/** The type of a scalar inside a kernel. */
public enum ValueType {
    /** IEEE 754 binary32. */
    F32,
    /** 32-bit two's complement. */
    I32,
    /** A condition; in memory a byte, 0 where it does not hold and 1 where it does. */
    MASK;

    /** Bytes of an element in memory. */
    public int bytes() {
        return this == MASK ? 1 : 4;
    }
}
