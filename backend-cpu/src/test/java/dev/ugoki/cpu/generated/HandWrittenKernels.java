package dev.ugoki.cpu.generated;

import static dev.ugoki.cpu.generated.Memory.ALL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import java.nio.ByteOrder;

/**
 * What one would write by hand with the Vector API, for comparison: the same formulas, constants
 * and memory as the generated kernels, one loop a pass, sums in four accumulators. The number of
 * columns is a multiple of 64.
 */
final class HandWrittenKernels {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final long STEP = 4L * S.length();
    private static final float ROUNDER = 12582912f + 126f;

    private HandWrittenKernels() {}

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(S, ALL, address, LE);
    }

    private static FloatVector exp(FloatVector x) {
        FloatVector low = x.blend(-87.5f, x.compare(VectorOperators.LT, -87.5f));
        FloatVector shifted =
                low.fma(FloatVector.broadcast(S, 1.44269504f), FloatVector.broadcast(S, ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(S, -0.693359375f), low);
        r = n.fma(FloatVector.broadcast(S, 2.12194440e-4f), r);
        FloatVector half =
                shifted.reinterpretAsInts()
                        .lanewise(VectorOperators.LSHL, 23)
                        .reinterpretAsFloats();
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector p = FloatVector.broadcast(S, 2 * 0.0013814467f);
        p = p.fma(r, FloatVector.broadcast(S, 2 * 0.008368781f));
        p = p.fma(r, FloatVector.broadcast(S, 2 * 0.041668393f));
        p = p.fma(r, FloatVector.broadcast(S, 2 * 0.1666652f));
        p = p.fma(r, FloatVector.broadcast(S, 2 * 0.49999994f));
        return p.fma(r, two).fma(r, two).mul(half);
    }

    private static FloatVector reciprocal(FloatVector d) {
        FloatVector guess =
                IntVector.broadcast(I, 0x7ef311c7).sub(d.reinterpretAsInts()).reinterpretAsFloats();
        FloatVector negated = d.neg();
        FloatVector one = FloatVector.broadcast(S, 1f);
        FloatVector e = negated.fma(guess, one);
        guess = guess.fma(e.fma(e, e), guess);
        e = negated.fma(guess, one);
        return guess.fma(e.fma(e, e), guess);
    }

    static void mish(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += STEP) {
            FloatVector v = load(x + i);
            FloatVector w = exp(v.blend(20f, v.compare(VectorOperators.GT, 20f)));
            FloatVector n = w.mul(w.add(2f));
            v.mul(n.mul(reciprocal(n.add(2f)))).intoMemorySegment(ALL, y + i, LE);
        }
    }

    static void mishGradient(long x, long dy, long dx, long bytes) {
        for (long i = 0; i < bytes; i += STEP) {
            FloatVector v = load(x + i);
            FloatVector limited = v.blend(20f, v.compare(VectorOperators.GT, 20f));
            FloatVector w = exp(limited);
            FloatVector n = w.mul(w.add(2f));
            FloatVector inverse = reciprocal(n.add(2f));
            FloatVector curve = limited.mul(4f).mul(w).mul(w.add(1f)).mul(inverse);
            load(dy + i).mul(curve.add(n).mul(inverse)).intoMemorySegment(ALL, dx + i, LE);
        }
    }

    static void layerNorm(
            long x,
            long weight,
            long bias,
            float epsilon,
            long y,
            long means,
            long inverses,
            long rows,
            long columns) {
        long bytes = 4 * columns;
        for (long row = 0; row < rows; row++) {
            long from = x + row * bytes;
            long to = y + row * bytes;
            FloatVector s0 = FloatVector.zero(S);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (long i = 0; i < bytes; i += 4 * STEP) {
                s0 = s0.add(load(from + i));
                s1 = s1.add(load(from + i + STEP));
                s2 = s2.add(load(from + i + 2 * STEP));
                s3 = s3.add(load(from + i + 3 * STEP));
            }
            float mean = s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD) / columns;
            s0 = FloatVector.zero(S);
            s1 = s0;
            s2 = s0;
            s3 = s0;
            for (long i = 0; i < bytes; i += 4 * STEP) {
                FloatVector c0 = load(from + i).sub(mean);
                FloatVector c1 = load(from + i + STEP).sub(mean);
                FloatVector c2 = load(from + i + 2 * STEP).sub(mean);
                FloatVector c3 = load(from + i + 3 * STEP).sub(mean);
                s0 = c0.fma(c0, s0);
                s1 = c1.fma(c1, s1);
                s2 = c2.fma(c2, s2);
                s3 = c3.fma(c3, s3);
            }
            float variance = s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD) / columns;
            float inverse = (float) (1 / Math.sqrt(variance + epsilon));
            for (long i = 0; i < bytes; i += STEP) {
                load(from + i)
                        .sub(mean)
                        .mul(inverse)
                        .fma(load(weight + i), load(bias + i))
                        .intoMemorySegment(ALL, to + i, LE);
            }
            ALL.set(Memory.FLOAT, means + 4 * row, mean);
            ALL.set(Memory.FLOAT, inverses + 4 * row, inverse);
        }
    }

    static void layerNormGradient(
            long dy,
            long x,
            long weight,
            long means,
            long inverses,
            long dx,
            long weightSums,
            long biasSums,
            long rows,
            long columns) {
        long bytes = 4 * columns;
        for (long row = 0; row < rows; row++) {
            float mean = ALL.get(Memory.FLOAT, means + 4 * row);
            float inverse = ALL.get(Memory.FLOAT, inverses + 4 * row);
            long dyRow = dy + row * bytes;
            long xRow = x + row * bytes;
            long dxRow = dx + row * bytes;
            long sums = row / 64 * bytes;
            boolean isFirst = row % 64 == 0;
            VectorMask<Float> later = S.maskAll(!isFirst);
            FloatVector a0 = FloatVector.zero(S);
            FloatVector a1 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            for (long i = 0; i < bytes; i += 2 * STEP) {
                FloatVector g0 = load(dyRow + i).mul(load(weight + i));
                FloatVector g1 = load(dyRow + i + STEP).mul(load(weight + i + STEP));
                a0 = a0.add(g0);
                a1 = a1.add(g1);
                b0 = g0.fma(load(xRow + i).sub(mean).mul(inverse), b0);
                b1 = g1.fma(load(xRow + i + STEP).sub(mean).mul(inverse), b1);
            }
            float meanOfG = a0.add(a1).reduceLanes(VectorOperators.ADD) / columns;
            float meanOfProduct = b0.add(b1).reduceLanes(VectorOperators.ADD) / columns;
            FloatVector zero = FloatVector.zero(S);
            for (long i = 0; i < bytes; i += STEP) {
                FloatVector d = load(dyRow + i);
                FloatVector normalized = load(xRow + i).sub(mean).mul(inverse);
                normalized
                        .neg()
                        .fma(
                                FloatVector.broadcast(S, meanOfProduct),
                                d.mul(load(weight + i)).sub(meanOfG))
                        .mul(inverse)
                        .intoMemorySegment(ALL, dxRow + i, LE);
                FloatVector w = zero.blend(load(weightSums + sums + i), later);
                d.fma(normalized, w).intoMemorySegment(ALL, weightSums + sums + i, LE);
                FloatVector b = zero.blend(load(biasSums + sums + i), later);
                b.add(d).intoMemorySegment(ALL, biasSums + sums + i, LE);
            }
        }
    }
}
