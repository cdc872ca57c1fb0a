package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;

/**
 * Functions of two I64, a loop for each, so that the JIT sees no call in it. Steps are bytes from
 * one element of an operand to the next, 0 where it stays.
 */
final class LongLoops {
    private LongLoops() {}

    /** Whether {@link #run} has a loop. */
    static boolean has(Prim.Binary.Kind kind) {
        return switch (kind) {
            case ADD, SUB, MUL, MAX, MIN, AND, OR, XOR -> true;
            default -> false;
        };
    }

    /** Writes {@code count} results. */
    static void run(
            Prim.Binary.Kind kind, long count, long a, long aStep, long b, long bStep, long to) {
        switch (kind) {
            case ADD -> add(count, a, aStep, b, bStep, to);
            case SUB -> subtract(count, a, aStep, b, bStep, to);
            case MUL -> multiply(count, a, aStep, b, bStep, to);
            case MAX -> larger(count, a, aStep, b, bStep, to);
            case MIN -> smaller(count, a, aStep, b, bStep, to);
            case AND -> and(count, a, aStep, b, bStep, to);
            case OR -> or(count, a, aStep, b, bStep, to);
            case XOR -> exclusiveOr(count, a, aStep, b, bStep, to);
            default -> throw new IllegalStateException(kind + " has no loop");
        }
    }

    /** Writes {@code count} conditions. */
    static void compare(
            Prim.Compare.Kind kind, long count, long a, long aStep, long b, long bStep, long to) {
        switch (kind) {
            case EQ -> equal(count, a, aStep, b, bStep, to);
            case NE -> notEqual(count, a, aStep, b, bStep, to);
            case LT -> less(count, a, aStep, b, bStep, to);
            case LE -> atMost(count, a, aStep, b, bStep, to);
            case GT -> less(count, b, bStep, a, aStep, to);
            case GE -> atMost(count, b, bStep, a, aStep, to);
        }
    }

    private static void add(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, x + y);
        }
    }

    private static void subtract(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, x - y);
        }
    }

    private static void multiply(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, x * y);
        }
    }

    private static void larger(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, Math.max(x, y));
        }
    }

    private static void smaller(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, Math.min(x, y));
        }
    }

    private static void and(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, x & y);
        }
    }

    private static void or(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, x | y);
        }
    }

    private static void exclusiveOr(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            NativeMemory.setLong(to + 8 * i, x ^ y);
        }
    }

    private static void equal(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            Chunks.setBoolean(to + i, x == y);
        }
    }

    private static void notEqual(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            Chunks.setBoolean(to + i, x != y);
        }
    }

    private static void less(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            Chunks.setBoolean(to + i, x < y);
        }
    }

    private static void atMost(long count, long a, long aStep, long b, long bStep, long to) {
        for (long i = 0; i < count; i++) {
            long x = NativeMemory.getLong(a + i * aStep);
            long y = NativeMemory.getLong(b + i * bStep);
            Chunks.setBoolean(to + i, x <= y);
        }
    }
}
