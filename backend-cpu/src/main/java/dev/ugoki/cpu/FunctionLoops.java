package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;

/**
 * The F32 functions of one number that generated kernels don't have, applied to every element of an
 * array, on one thread: {@code out[i] = function(x[i])}. The output may be the input; nothing
 * beyond it is written. All implementations give the same bits.
 */
sealed interface FunctionLoops permits VectorFunctionLoops, ScalarFunctionLoops {
    /** Those of this machine. */
    FunctionLoops BEST =
            VectorModule.isUsable() ? new VectorFunctionLoops() : new ScalarFunctionLoops();

    /** Whether {@link #run} knows the function. */
    static boolean has(Prim.Unary.Kind kind) {
        return switch (kind) {
            case SIN, COS, TAN, FLOOR, CEIL, ROUND, TRUNC -> true;
            default -> false;
        };
    }

    /** Applies the function to {@code count} elements. */
    void run(Prim.Unary.Kind kind, long x, long out, long count);
}
