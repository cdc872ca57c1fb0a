package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * The loops on the Vector API: for each function one method, which C2 compiles for itself.
 *
 * <p>They work on whole vectors. What is left at an array's end is copied to scratch memory, goes
 * through the same loop as one vector, and is copied back.
 */
final class VectorElementwise implements ElementwiseLoops {
    private static final int VECTOR = Lanes.BYTES;
    private static final long ERF_BLOCK = 2048;
    private static final ScalarElementwise SCALAR = new ScalarElementwise();

    @Override
    public void unary(UnaryFunction function, long x, long out, long count) {
        long whole = 4 * count & -VECTOR;
        long rest = 4 * count - whole;
        vectors(function, x, out, whole);
        if (rest > 0) {
            long scratch = Scratch.address(VECTOR + ERF_BLOCK);
            copy(x + whole, scratch, rest);
            vectors(function, scratch, scratch, VECTOR);
            copy(scratch, out + whole, rest);
        }
    }

    @Override
    public void binary(
            BinaryFunction function, long a, int aStep, long b, int bStep, long out, long count) {
        long whole = 4 * count & -VECTOR;
        long rest = 4 * count - whole;
        long scratch = Scratch.address(4L * VECTOR);
        long left = aStep == 0 ? spread(a, scratch) : a;
        long right = bStep == 0 ? spread(b, scratch + VECTOR) : b;
        vectors(function, left, -aStep, right, -bStep, out, whole);
        if (rest > 0) {
            long restOfA = scratch + 2L * VECTOR;
            long restOfB = scratch + 3L * VECTOR;
            copyOrSpread(a, aStep, whole, rest, restOfA);
            copyOrSpread(b, bStep, whole, rest, restOfB);
            vectors(function, restOfA, -1, restOfB, -1, restOfA, VECTOR);
            copy(restOfA, out + whole, rest);
        }
    }

    private static void copy(long source, long target, long bytes) {
        for (long i = 0; i < bytes; i += 4) {
            NativeMemory.setFloat(target + i, NativeMemory.getFloat(source + i));
        }
    }

    private static long spread(long number, long target) {
        float value = NativeMemory.getFloat(number);
        for (long i = 0; i < VECTOR; i += 4) {
            NativeMemory.setFloat(target + i, value);
        }
        return target;
    }

    private static void copyOrSpread(long source, int step, long from, long bytes, long target) {
        if (step == 0) {
            spread(source, target);
        } else {
            copy(source + from, target, bytes);
        }
    }

    private static void vectors(UnaryFunction function, long x, long out, long bytes) {
        switch (function) {
            case NEGATE -> negate(x, out, bytes);
            case ABS -> abs(x, out, bytes);
            case SIGN -> sign(x, out, bytes);
            case SQUARE -> square(x, out, bytes);
            case RECIPROCAL -> reciprocal(x, out, bytes);
            case SQRT -> sqrt(x, out, bytes);
            case RSQRT -> rsqrt(x, out, bytes);
            case RELU -> relu(x, out, bytes);
            case FLOOR -> floor(x, out, bytes);
            case CEIL -> ceil(x, out, bytes);
            case ROUND -> round(x, out, bytes);
            case TRUNCATE -> truncate(x, out, bytes);
            case EXP -> exp(x, out, bytes);
            case EXPM1 -> expm1(x, out, bytes);
            case LOG -> log(x, out, bytes);
            case LOG1P -> log1p(x, out, bytes);
            case TANH -> tanh(x, out, bytes);
            case SIGMOID -> sigmoid(x, out, bytes);
            case ERF -> erf(x, out, bytes);
            case SIN -> sin(x, out, bytes);
            case COS -> cos(x, out, bytes);
            case TAN, ASIN, ACOS, ATAN, SINH, COSH -> SCALAR.unary(function, x, out, bytes / 4);
        }
    }

    /** The masks are all ones for an array, and 0 for one vector that stands for all. */
    private static void vectors(
            BinaryFunction function, long a, long aMask, long b, long bMask, long out, long bytes) {
        switch (function) {
            case ADD -> add(a, aMask, b, bMask, out, bytes);
            case SUBTRACT -> subtract(a, aMask, b, bMask, out, bytes);
            case MULTIPLY -> multiply(a, aMask, b, bMask, out, bytes);
            case DIVIDE -> divide(a, aMask, b, bMask, out, bytes);
            case MAXIMUM -> maximum(a, aMask, b, bMask, out, bytes);
            case MINIMUM -> minimum(a, aMask, b, bMask, out, bytes);
            case POWER, ATAN2 ->
                    SCALAR.binary(function, a, (int) -aMask, b, (int) -bMask, out, bytes / 4);
        }
    }

    private static void negate(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(Lanes.load(x + i).neg(), out + i);
        }
    }

    private static void abs(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(Lanes.load(x + i).abs(), out + i);
        }
    }

    private static void sign(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.sign(Lanes.load(x + i)), out + i);
        }
    }

    private static void square(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector v = Lanes.load(x + i);
            Lanes.store(v.mul(v), out + i);
        }
    }

    private static void reciprocal(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector one = FloatVector.broadcast(Lanes.SPECIES, 1);
            Lanes.store(one.div(Lanes.load(x + i)), out + i);
        }
    }

    private static void sqrt(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(Lanes.load(x + i).sqrt(), out + i);
        }
    }

    private static void rsqrt(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector one = FloatVector.broadcast(Lanes.SPECIES, 1);
            Lanes.store(one.div(Lanes.load(x + i).sqrt()), out + i);
        }
    }

    private static void relu(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.relu(Lanes.load(x + i)), out + i);
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

    private static void exp(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.exp(Lanes.load(x + i)), out + i);
        }
    }

    private static void expm1(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.expm1(Lanes.load(x + i)), out + i);
        }
    }

    private static void log(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.log(Lanes.load(x + i)), out + i);
        }
    }

    private static void log1p(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.log1p(Lanes.load(x + i)), out + i);
        }
    }

    private static void tanh(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.tanh(Lanes.load(x + i)), out + i);
        }
    }

    private static void sigmoid(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.sigmoid(Lanes.load(x + i)), out + i);
        }
    }

    /** In two passes over blocks: the whole would be more than C2 puts into one method. */
    private static void erf(long x, long out, long bytes) {
        long near = Scratch.address(VECTOR + ERF_BLOCK) + VECTOR;
        for (long i = 0; i < bytes; i += ERF_BLOCK) {
            long some = Math.min(ERF_BLOCK, bytes - i);
            erfNearZero(x + i, near, some);
            erfEverywhere(x + i, near, out + i, some);
        }
    }

    private static void erfNearZero(long x, long near, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            Lanes.store(VectorMath.erfNearZero(Lanes.load(x + i)), near + i);
        }
    }

    private static void erfEverywhere(long x, long near, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector v = Lanes.load(x + i);
            Lanes.store(VectorMath.erf(v, Lanes.load(near + i)), out + i);
        }
    }

    private static void sin(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector v = Lanes.load(x + i);
            if (VectorMath.isTrigonometric(v)) {
                Lanes.store(VectorMath.sin(v), out + i);
            } else {
                SCALAR.unary(UnaryFunction.SIN, x + i, out + i, Lanes.COUNT);
            }
        }
    }

    private static void cos(long x, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector v = Lanes.load(x + i);
            if (VectorMath.isTrigonometric(v)) {
                Lanes.store(VectorMath.cos(v), out + i);
            } else {
                SCALAR.unary(UnaryFunction.COS, x + i, out + i, Lanes.COUNT);
            }
        }
    }

    private static void add(long a, long aMask, long b, long bMask, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector left = Lanes.load(a + (i & aMask));
            Lanes.store(left.add(Lanes.load(b + (i & bMask))), out + i);
        }
    }

    private static void subtract(long a, long aMask, long b, long bMask, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector left = Lanes.load(a + (i & aMask));
            Lanes.store(left.sub(Lanes.load(b + (i & bMask))), out + i);
        }
    }

    private static void multiply(long a, long aMask, long b, long bMask, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector left = Lanes.load(a + (i & aMask));
            Lanes.store(left.mul(Lanes.load(b + (i & bMask))), out + i);
        }
    }

    private static void divide(long a, long aMask, long b, long bMask, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector left = Lanes.load(a + (i & aMask));
            Lanes.store(left.div(Lanes.load(b + (i & bMask))), out + i);
        }
    }

    private static void maximum(long a, long aMask, long b, long bMask, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector left = Lanes.load(a + (i & aMask));
            Lanes.store(left.max(Lanes.load(b + (i & bMask))), out + i);
        }
    }

    private static void minimum(long a, long aMask, long b, long bMask, long out, long bytes) {
        for (long i = 0; i < bytes; i += VECTOR) {
            FloatVector left = Lanes.load(a + (i & aMask));
            Lanes.store(left.min(Lanes.load(b + (i & bMask))), out + i);
        }
    }
}
