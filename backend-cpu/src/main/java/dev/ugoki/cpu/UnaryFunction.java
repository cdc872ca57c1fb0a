package dev.ugoki.cpu;

/**
 * The functions of one F32 number that have a kernel. Next to each stands how far its results may
 * be from the true value, in units in the last place; where nothing stands, the result is the one
 * that IEEE 754 prescribes. NaN gives NaN.
 */
enum UnaryFunction {
    /** {@code -x}. */
    NEGATE(Cost.LOW),
    /** {@code |x|}. */
    ABS(Cost.LOW),
    /** -1, 1, or x itself where that is a zero or NaN. */
    SIGN(Cost.LOW),
    /** {@code x * x}. */
    SQUARE(Cost.LOW),
    /** {@code 1 / x}. */
    RECIPROCAL(Cost.LOW),
    SQRT(Cost.LOW),
    /** {@code 1 / sqrt(x)}, rounded twice: 2 ulp. */
    RSQRT(Cost.LOW),
    /** x where it is positive, else +0. */
    RELU(Cost.LOW),
    FLOOR(Cost.LOW),
    CEIL(Cost.LOW),
    /** To the nearest integer, halves to the even one. */
    ROUND(Cost.LOW),
    TRUNCATE(Cost.LOW),
    /** 2 ulp. */
    EXP(Cost.MIDDLE),
    /** {@code exp(x) - 1}; 4 ulp. */
    EXPM1(Cost.MIDDLE),
    /** 2 ulp. */
    LOG(Cost.MIDDLE),
    /** {@code log(1 + x)}; 4 ulp. */
    LOG1P(Cost.MIDDLE),
    /** 2 ulp, for all arguments. */
    SIN(Cost.MIDDLE),
    /** 2 ulp, for all arguments. */
    COS(Cost.MIDDLE),
    /** 4 ulp. */
    TANH(Cost.MIDDLE),
    /** {@code 1 / (1 + exp(-x))}; 4 ulp. */
    SIGMOID(Cost.MIDDLE),
    /** 4 ulp. */
    ERF(Cost.MIDDLE),
    /** 1 ulp, as those that follow: they are computed in F64 and are slow. */
    TAN(Cost.HIGH),
    ASIN(Cost.HIGH),
    ACOS(Cost.HIGH),
    ATAN(Cost.HIGH),
    SINH(Cost.HIGH),
    COSH(Cost.HIGH);

    /** How long one element takes: what decides how many make a task. */
    private enum Cost {
        LOW(1 << 15),
        MIDDLE(1 << 13),
        HIGH(1 << 9);

        final int elementsPerTask;

        Cost(int elementsPerTask) {
            this.elementsPerTask = elementsPerTask;
        }
    }

    private final Cost cost;

    UnaryFunction(Cost cost) {
        this.cost = cost;
    }

    /** How many elements are worth a task of their own; a multiple of a vector. */
    int elementsPerTask() {
        return cost.elementsPerTask;
    }
}
