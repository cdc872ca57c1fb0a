package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;

/** Four pieces at a time, so that their chains of fma run side by side. */
final class VectorShiftedSums implements ShiftedSums {
    @Override
    public void run(
            long source,
            int[] shifts,
            int taps,
            long weights,
            int[] sources,
            int[] targets,
            int pieces,
            long target) {
        int piece = 0;
        for (; piece + 4 <= pieces; piece += 4) {
            four(source, shifts, taps, weights, sources, targets, piece, target);
        }
        for (; piece < pieces; piece++) {
            one(source, shifts, taps, weights, sources[piece], target + 4L * targets[piece]);
        }
    }

    private static void four(
            long source,
            int[] shifts,
            int taps,
            long weights,
            int[] sources,
            int[] targets,
            int piece,
            long target) {
        long fromA = source + 4L * sources[piece];
        long fromB = source + 4L * sources[piece + 1];
        long fromC = source + 4L * sources[piece + 2];
        long fromD = source + 4L * sources[piece + 3];
        FloatVector a = FloatVector.zero(Lanes.SPECIES);
        FloatVector b = FloatVector.zero(Lanes.SPECIES);
        FloatVector c = FloatVector.zero(Lanes.SPECIES);
        FloatVector d = FloatVector.zero(Lanes.SPECIES);
        for (int tap = 0; tap < taps; tap++) {
            long shift = 4L * shifts[tap];
            float weight = NativeMemory.getFloat(weights + 4L * tap);
            FloatVector spread = FloatVector.broadcast(Lanes.SPECIES, weight);
            a = spread.fma(Lanes.load(fromA + shift), a);
            b = spread.fma(Lanes.load(fromB + shift), b);
            c = spread.fma(Lanes.load(fromC + shift), c);
            d = spread.fma(Lanes.load(fromD + shift), d);
        }
        Lanes.store(a, target + 4L * targets[piece]);
        Lanes.store(b, target + 4L * targets[piece + 1]);
        Lanes.store(c, target + 4L * targets[piece + 2]);
        Lanes.store(d, target + 4L * targets[piece + 3]);
    }

    private static void one(
            long source, int[] shifts, int taps, long weights, int piece, long target) {
        long from = source + 4L * piece;
        FloatVector sum = FloatVector.zero(Lanes.SPECIES);
        for (int tap = 0; tap < taps; tap++) {
            float weight = NativeMemory.getFloat(weights + 4L * tap);
            FloatVector spread = FloatVector.broadcast(Lanes.SPECIES, weight);
            sum = spread.fma(Lanes.load(from + 4L * shifts[tap]), sum);
        }
        Lanes.store(sum, target);
    }
}
