package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;

import jdk.incubator.vector.FloatVector;

/**
 * The loops on the Vector API: for each function one method, which C2 compiles for itself.
 *
 * <p>They work on whole vectors. What is left at an array's end is copied to scratch memory, goes
 * through the same loop as one vector, and is copied back.
 */
final class VectorFunctionLoops implements FunctionLoops {
    private static final int VECTOR = Lanes.BYTES;
    private static final ScalarFunctionLoops SCALAR = new ScalarFunctionLoops();

    @Override
    public void run(Prim.Unary.Kind kind, long x, long out, long count) {
        long whole = 4 * count & -VECTOR;
        long rest = 4 * count - whole;
        vectors(kind, x, out, whole);
        if (rest > 0) {
            long scratch = Scratch.address(VECTOR);
            copy(x + whole, scratch, rest);
            vectors(kind, scratch, scratch, VECTOR);
            copy(scratch, out + whole, rest);
        }
    }

    private static void copy(long source, long target, long bytes) {
        for (long i = 0; i < bytes; i += 4) {
            NativeMemory.setFloat(target + i, NativeMemory.getFloat(source + i));
        }
    }

    private static void vectors(Prim.Unary.Kind kind, long x, long out, long bytes) {
        switch (kind) {
            case SIN -> sin(x, out, bytes);
            case COS -> cos(x, out, bytes);
            case FLOOR -> floor(x, out, bytes);
            case CEIL -> ceil(x, out, bytes);
            case ROUND -> round(x, out, bytes);
            case TRUNC -> truncate(x, out, bytes);
            default -> SCALAR.run(kind, x, out, bytes / 4);
        }
    }

    private static void sin(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector v = Lanes.load(x + i);
            if (VectorMath.isTrigonometric(v)) {
                Lanes.store(VectorMath.sin(v), out + i);
            } else {
                SCALAR.run(Prim.Unary.Kind.SIN, x + i, out + i, Lanes.COUNT);
            }
        }
    }

    private static void cos(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector v = Lanes.load(x + i);
            if (VectorMath.isTrigonometric(v)) {
                Lanes.store(VectorMath.cos(v), out + i);
            } else {
                SCALAR.run(Prim.Unary.Kind.COS, x + i, out + i, Lanes.COUNT);
            }
        }
    }

    private static void floor(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.floor(Lanes.load(x + i)), out + i);
        }
    }

    private static void ceil(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.ceil(Lanes.load(x + i)), out + i);
        }
    }

    private static void round(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.round(Lanes.load(x + i)), out + i);
        }
    }

    private static void truncate(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.truncate(Lanes.load(x + i)), out + i);
        }
    }
}
