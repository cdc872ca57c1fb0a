package dev.ugoki.tensor.kernel;

/** The type of a scalar inside a kernel. */
public enum ValueType {
    /** IEEE 754 binary32. */
    F32,
    /** 32-bit two's complement. */
    I32,
    /** The outcome of a comparison; it can only choose between values, it is never stored. */
    MASK
}
