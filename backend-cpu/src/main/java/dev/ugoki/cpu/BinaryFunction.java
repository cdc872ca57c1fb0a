package dev.ugoki.cpu;

/** The functions of two F32 numbers that have a kernel. */
enum BinaryFunction {
    ADD(1 << 15),
    SUBTRACT(1 << 15),
    MULTIPLY(1 << 15),
    DIVIDE(1 << 15),
    /** The greater; NaN if either is, and +0 above -0. */
    MAXIMUM(1 << 15),
    /** The lesser; NaN if either is, and -0 below +0. */
    MINIMUM(1 << 15),
    /** As IEEE 754's pow, 1 ulp; computed in F64, but for the exponent 2, which squares. */
    POWER(1 << 11),
    /** The angle of the point (b, a), in F64; 1 ulp. */
    ATAN2(1 << 9);

    private final int elementsPerTask;

    BinaryFunction(int elementsPerTask) {
        this.elementsPerTask = elementsPerTask;
    }

    /** How many elements are worth a task of their own; a multiple of a vector. */
    int elementsPerTask() {
        return elementsPerTask;
    }
}
