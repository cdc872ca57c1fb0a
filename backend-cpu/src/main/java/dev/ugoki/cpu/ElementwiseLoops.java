package dev.ugoki.cpu;

/**
 * F32 functions applied to every element of arrays, on one thread. Steps are distances in elements:
 * 1 for an array, 0 for one number that stands for all. The output may be one of the inputs; no
 * byte beyond it is written.
 */
sealed interface ElementwiseLoops permits VectorElementwise, ScalarElementwise {
    /** {@code out[i] = function(x[i])} for {@code count} elements. */
    void unary(UnaryFunction function, long x, long out, long count);

    /** {@code out[i] = function(a[i aStep], b[i bStep])} for {@code count} elements. */
    void binary(
            BinaryFunction function, long a, int aStep, long b, int bStep, long out, long count);
}
