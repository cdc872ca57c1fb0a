package dev.ugoki.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.nio.ByteOrder;

/**
 * The reductions on the Vector API. Whole groups of {@link RowReductions#LANES} elements go through
 * vectors, whose lanes are then stored; what is left over is taken in one by one.
 */
final class VectorRowReductions implements RowReductions {
    private static final int GROUP = 4 * LANES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Half the width of {@link Lanes}, so that four vectors hold what four of F64 can. */
    private static final VectorSpecies<Double> DOUBLES =
            VectorSpecies.of(double.class, Lanes.SPECIES.vectorShape());

    private static final VectorSpecies<Float> FLOATS =
            VectorSpecies.of(
                    float.class, VectorShape.forBitSize(32 * Math.max(2, DOUBLES.length())));

    private static final int COUNT = DOUBLES.length();
    private static final int STEP = 4 * COUNT;

    @Override
    public double sum(long x, long count) {
        long whole = count & -LANES;
        long lanes = Scratch.address(8L * LANES);
        for (int first = 0; first < LANES; first += 4 * COUNT) {
            sumFourVectors(x + 4L * first, 4 * whole, lanes + 8L * first);
        }
        for (long i = whole; i < count; i++) {
            long lane = lanes + 8 * (i - whole);
            double sum = NativeMemory.getDouble(lane) + NativeMemory.getFloat(x + 4 * i);
            NativeMemory.setDouble(lane, sum);
        }
        return sumOfLanes(lanes);
    }

    private static void sumFourVectors(long x, long bytes, long lanes) {
        DoubleVector a = DoubleVector.zero(DOUBLES);
        DoubleVector b = DoubleVector.zero(DOUBLES);
        DoubleVector c = DoubleVector.zero(DOUBLES);
        DoubleVector d = DoubleVector.zero(DOUBLES);
        for (long i = 0; i < bytes; i += GROUP) {
            a = a.lanewise(VectorOperators.ADD, load(x + i));
            b = b.lanewise(VectorOperators.ADD, load(x + i + STEP));
            c = c.lanewise(VectorOperators.ADD, load(x + i + 2 * STEP));
            d = d.lanewise(VectorOperators.ADD, load(x + i + 3 * STEP));
        }
        store(a, lanes);
        store(b, lanes + 2 * STEP);
        store(c, lanes + 4 * STEP);
        store(d, lanes + 6 * STEP);
    }

    private static DoubleVector load(long address) {
        return (DoubleVector)
                FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, address, ORDER)
                        .convertShape(VectorOperators.F2D, DOUBLES, 0);
    }

    private static void store(DoubleVector value, long address) {
        value.intoMemorySegment(NativeMemory.ALL, address, ORDER);
    }

    private static double sumOfLanes(long lanes) {
        for (int distance = LANES / 2; distance > 0; distance /= 2) {
            for (int lane = 0; lane < distance; lane++) {
                long at = lanes + 8L * lane;
                double other = NativeMemory.getDouble(at + 8L * distance);
                NativeMemory.setDouble(at, NativeMemory.getDouble(at) + other);
            }
        }
        return NativeMemory.getDouble(lanes);
    }

    @Override
    public float maximum(long x, long count) {
        long whole = count & -LANES;
        float result = Float.NEGATIVE_INFINITY;
        if (whole > 0) {
            long lanes = Scratch.address(GROUP);
            maximumOfLanes(x, 4 * whole, lanes);
            for (int lane = 0; lane < LANES; lane++) {
                result = Math.max(result, NativeMemory.getFloat(lanes + 4L * lane));
            }
        }
        for (long i = whole; i < count; i++) {
            result = Math.max(result, NativeMemory.getFloat(x + 4 * i));
        }
        return result;
    }

    private static void maximumOfLanes(long x, long bytes, long lanes) {
        for (int first = 0; first < GROUP; first += 2 * Lanes.BYTES) {
            FloatVector a = Lanes.load(x + first);
            FloatVector b = Lanes.load(x + first + Lanes.BYTES);
            for (long i = GROUP + first; i < bytes; i += GROUP) {
                a = a.lanewise(VectorOperators.MAX, Lanes.load(x + i));
                b = b.lanewise(VectorOperators.MAX, Lanes.load(x + i + Lanes.BYTES));
            }
            Lanes.store(a, lanes + first);
            Lanes.store(b, lanes + first + Lanes.BYTES);
        }
    }

    @Override
    public float minimum(long x, long count) {
        long whole = count & -LANES;
        float result = Float.POSITIVE_INFINITY;
        if (whole > 0) {
            long lanes = Scratch.address(GROUP);
            minimumOfLanes(x, 4 * whole, lanes);
            for (int lane = 0; lane < LANES; lane++) {
                result = Math.min(result, NativeMemory.getFloat(lanes + 4L * lane));
            }
        }
        for (long i = whole; i < count; i++) {
            result = Math.min(result, NativeMemory.getFloat(x + 4 * i));
        }
        return result;
    }

    private static void minimumOfLanes(long x, long bytes, long lanes) {
        for (int first = 0; first < GROUP; first += 2 * Lanes.BYTES) {
            FloatVector a = Lanes.load(x + first);
            FloatVector b = Lanes.load(x + first + Lanes.BYTES);
            for (long i = GROUP + first; i < bytes; i += GROUP) {
                a = a.lanewise(VectorOperators.MIN, Lanes.load(x + i));
                b = b.lanewise(VectorOperators.MIN, Lanes.load(x + i + Lanes.BYTES));
            }
            Lanes.store(a, lanes + first);
            Lanes.store(b, lanes + first + Lanes.BYTES);
        }
    }
}
