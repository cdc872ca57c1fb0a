package dev.ugoki.cpu;

import jdk.incubator.vector.VectorMask;

/** By whole vectors; a panel of few pieces has their places in registers. */
final class VectorPanelCopies implements PanelCopies {
    private static final int LANES = Lanes.COUNT;

    @Override
    public void pack(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            int pieces,
            long target,
            long rowBytes) {
        switch (pieces) {
            case 1 -> one(source, rows, depth, sources, targets, target, rowBytes);
            case 2 -> two(source, rows, depth, sources, targets, target, rowBytes);
            case 3 -> three(source, rows, depth, sources, targets, target, rowBytes);
            case 4 -> four(source, rows, depth, sources, targets, target, rowBytes);
            default -> many(source, rows, depth, sources, targets, pieces, target, rowBytes);
        }
    }

    private static void one(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            long target,
            long rowBytes) {
        long from0 = source + 4L * sources[0];
        long to0 = target + 4L * targets[0];
        for (int row = 0; row < depth; row++) {
            Lanes.store(Lanes.load(from0 + 4L * rows[row]), to0 + row * rowBytes);
        }
    }

    private static void two(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            long target,
            long rowBytes) {
        long from0 = source + 4L * sources[0];
        long from1 = source + 4L * sources[1];
        long to0 = target + 4L * targets[0];
        long to1 = target + 4L * targets[1];
        for (int row = 0; row < depth; row++) {
            long offset = 4L * rows[row];
            long at = row * rowBytes;
            Lanes.store(Lanes.load(from0 + offset), to0 + at);
            Lanes.store(Lanes.load(from1 + offset), to1 + at);
        }
    }

    private static void three(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            long target,
            long rowBytes) {
        long from0 = source + 4L * sources[0];
        long from1 = source + 4L * sources[1];
        long from2 = source + 4L * sources[2];
        long to0 = target + 4L * targets[0];
        long to1 = target + 4L * targets[1];
        long to2 = target + 4L * targets[2];
        for (int row = 0; row < depth; row++) {
            long offset = 4L * rows[row];
            long at = row * rowBytes;
            Lanes.store(Lanes.load(from0 + offset), to0 + at);
            Lanes.store(Lanes.load(from1 + offset), to1 + at);
            Lanes.store(Lanes.load(from2 + offset), to2 + at);
        }
    }

    private static void four(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            long target,
            long rowBytes) {
        long from0 = source + 4L * sources[0];
        long from1 = source + 4L * sources[1];
        long from2 = source + 4L * sources[2];
        long from3 = source + 4L * sources[3];
        long to0 = target + 4L * targets[0];
        long to1 = target + 4L * targets[1];
        long to2 = target + 4L * targets[2];
        long to3 = target + 4L * targets[3];
        for (int row = 0; row < depth; row++) {
            long offset = 4L * rows[row];
            long at = row * rowBytes;
            Lanes.store(Lanes.load(from0 + offset), to0 + at);
            Lanes.store(Lanes.load(from1 + offset), to1 + at);
            Lanes.store(Lanes.load(from2 + offset), to2 + at);
            Lanes.store(Lanes.load(from3 + offset), to3 + at);
        }
    }

    private static void many(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            int pieces,
            long target,
            long rowBytes) {
        for (int row = 0; row < depth; row++) {
            long from = source + 4L * rows[row];
            long to = target + row * rowBytes;
            for (int piece = 0; piece < pieces; piece++) {
                Lanes.store(Lanes.load(from + 4L * sources[piece]), to + 4L * targets[piece]);
            }
        }
    }

    // Pieces are put together in registers: a store that crosses lines takes twice as long.

    @Override
    public void packVectors(
            long source,
            int[] rows,
            int depth,
            int vectors,
            int[] counts,
            int[] starts,
            int[] offsets,
            long target) {
        long rowBytes = (long) Lanes.BYTES * vectors;
        for (int vector = 0; vector < vectors; vector++) {
            int i = vector * MOST_PIECES;
            long to = target + (long) Lanes.BYTES * vector;
            long a = source + 4L * offsets[i];
            long b = source + 4L * offsets[i + 1];
            long c = source + 4L * offsets[i + 2];
            long d = source + 4L * offsets[i + 3];
            switch (counts[vector]) {
                case 1 -> vectorOfOne(rows, depth, a, to, rowBytes);
                case 2 -> vectorOfTwo(rows, depth, a, b, starts[i + 1], to, rowBytes);
                case 3 ->
                        vectorOfThree(
                                rows, depth, a, b, starts[i + 1], c, starts[i + 2], to, rowBytes);
                default ->
                        vectorOfFour(
                                rows,
                                depth,
                                a,
                                b,
                                starts[i + 1],
                                c,
                                starts[i + 2],
                                d,
                                starts[i + 3],
                                to,
                                rowBytes);
            }
        }
    }

    private static VectorMask<Float> from(int lane) {
        return VectorMask.fromLong(Lanes.SPECIES, -1L << lane);
    }

    private static void vectorOfOne(int[] rows, int depth, long a, long to, long rowBytes) {
        for (int row = 0; row < depth; row++) {
            Lanes.store(Lanes.load(a + 4L * rows[row]), to + row * rowBytes);
        }
    }

    private static void vectorOfTwo(
            int[] rows, int depth, long a, long b, int startB, long to, long rowBytes) {
        VectorMask<Float> inB = from(startB);
        for (int row = 0; row < depth; row++) {
            long offset = 4L * rows[row];
            Lanes.store(
                    Lanes.load(a + offset).blend(Lanes.load(b + offset), inB), to + row * rowBytes);
        }
    }

    private static void vectorOfThree(
            int[] rows,
            int depth,
            long a,
            long b,
            int startB,
            long c,
            int startC,
            long to,
            long rowBytes) {
        VectorMask<Float> inB = from(startB);
        VectorMask<Float> inC = from(startC);
        for (int row = 0; row < depth; row++) {
            long offset = 4L * rows[row];
            Lanes.store(
                    Lanes.load(a + offset)
                            .blend(Lanes.load(b + offset), inB)
                            .blend(Lanes.load(c + offset), inC),
                    to + row * rowBytes);
        }
    }

    private static void vectorOfFour(
            int[] rows,
            int depth,
            long a,
            long b,
            int startB,
            long c,
            int startC,
            long d,
            int startD,
            long to,
            long rowBytes) {
        VectorMask<Float> inB = from(startB);
        VectorMask<Float> inC = from(startC);
        VectorMask<Float> inD = from(startD);
        for (int row = 0; row < depth; row++) {
            long offset = 4L * rows[row];
            Lanes.store(
                    Lanes.load(a + offset)
                            .blend(Lanes.load(b + offset), inB)
                            .blend(Lanes.load(c + offset), inC)
                            .blend(Lanes.load(d + offset), inD),
                    to + row * rowBytes);
        }
    }

    @Override
    public void copy(
            long source, long sourceStep, long target, long targetStep, int rows, int count) {
        if (count >= LANES) {
            copyVectors(source, sourceStep, target, targetStep, rows, count);
        } else if (count >= 8) {
            copyEights(source, sourceStep, target, targetStep, rows, count);
        } else if (count >= 4) {
            copyFours(source, sourceStep, target, targetStep, rows, count);
        } else {
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < count; i++) {
                    NativeMemory.setFloat(
                            target + row * targetStep + 4L * i,
                            NativeMemory.getFloat(source + row * sourceStep + 4L * i));
                }
            }
        }
    }

    // The last vector of a row ends with it, over what has been copied before.

    private static void copyVectors(
            long source, long sourceStep, long target, long targetStep, int rows, int count) {
        long last = 4L * (count - LANES);
        for (int row = 0; row < rows; row++) {
            long from = source + row * sourceStep;
            long to = target + row * targetStep;
            for (long at = 0; at < last; at += Lanes.BYTES) {
                Lanes.store(Lanes.load(from + at), to + at);
            }
            Lanes.store(Lanes.load(from + last), to + last);
        }
    }

    private static void copyEights(
            long source, long sourceStep, long target, long targetStep, int rows, int count) {
        long last = 4L * (count - 8);
        for (int row = 0; row < rows; row++) {
            long from = source + row * sourceStep;
            long to = target + row * targetStep;
            copyFour(from, to);
            copyFour(from + 16, to + 16);
            copyFour(from + last, to + last);
            copyFour(from + last + 16, to + last + 16);
        }
    }

    private static void copyFours(
            long source, long sourceStep, long target, long targetStep, int rows, int count) {
        long last = 4L * (count - 4);
        for (int row = 0; row < rows; row++) {
            long from = source + row * sourceStep;
            long to = target + row * targetStep;
            copyFour(from, to);
            copyFour(from + last, to + last);
        }
    }

    /** No vectors of another width: those would spoil the code of all kernels of this one. */
    private static void copyFour(long from, long to) {
        long first = NativeMemory.getLong(from);
        long second = NativeMemory.getLong(from + 8);
        NativeMemory.setLong(to, first);
        NativeMemory.setLong(to + 8, second);
    }
}
