package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;

/** The loops without the Vector API. */
final class ScalarFunctionLoops implements FunctionLoops {
    @Override
    public void run(Prim.Unary.Kind kind, long x, long out, long count) {
        for (long i = 0; i < count; i++) {
            NativeMemory.setFloat(out + 4 * i, apply(kind, NativeMemory.getFloat(x + 4 * i)));
        }
    }

    /** The function's value. */
    static float apply(Prim.Unary.Kind kind, float x) {
        return switch (kind) {
            case SIN -> ScalarMath.sin(x);
            case COS -> ScalarMath.cos(x);
            case TAN -> PreciseMath.tan(x);
            case FLOOR -> (float) Math.floor(x);
            case CEIL -> (float) Math.ceil(x);
            case ROUND -> (float) Math.rint(x);
            case TRUNC -> Math.copySign((float) Math.floor(Math.abs(x)), x);
            default -> throw new IllegalStateException(kind + " has no loop");
        };
    }
}
