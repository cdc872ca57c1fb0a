package dev.ugoki.cpu;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.nio.ByteOrder;

/**
 * {@link dev.ugoki.tensor.Philox} for one block in each lane. A word is the lower half of a lane,
 * so that a product of two words fits.
 */
final class VectorPhilox {
    private static final VectorSpecies<Long> SPECIES =
            VectorSpecies.of(
                    long.class,
                    VectorShape.forBitSize(Math.min(512, Lanes.SPECIES.vectorBitSize())));

    private static final int COUNT = SPECIES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW = 0xFFFFFFFFL;

    private static final LongVector STEPS = LongVector.zero(SPECIES).addIndex(1);
    private static final VectorShuffle<Long> FIRST_HALF =
            VectorShuffle.fromOp(SPECIES, lane -> lane / 2);
    private static final VectorShuffle<Long> SECOND_HALF =
            VectorShuffle.fromOp(SPECIES, lane -> (COUNT + lane) / 2);
    private static final VectorMask<Long> ODD = VectorMask.fromLong(SPECIES, 0xAAAAAAAAAAAAAAAAL);

    private VectorPhilox() {}

    /** Writes most of {@code blocks} blocks; how many. */
    static long write(
            int key0, int key1, int counter2, int counter3, long firstBlock, long blocks, long to) {
        long whole = blocks & -COUNT;
        for (long block = 0; block < whole; block += COUNT) {
            LongVector number =
                    LongVector.broadcast(SPECIES, firstBlock + block)
                            .lanewise(VectorOperators.ADD, STEPS);
            LongVector c0 = number.lanewise(VectorOperators.AND, LOW);
            LongVector c1 = number.lanewise(VectorOperators.LSHR, 32);
            LongVector c2 = LongVector.broadcast(SPECIES, counter2 & LOW);
            LongVector c3 = LongVector.broadcast(SPECIES, counter3 & LOW);
            int k0 = key0;
            int k1 = key1;
            for (int round = 0; round < ROUNDS; round++) {
                LongVector p0 = c0.lanewise(VectorOperators.MUL, MULTIPLIER_0);
                LongVector p1 = c2.lanewise(VectorOperators.MUL, MULTIPLIER_1);
                c0 =
                        p1.lanewise(VectorOperators.LSHR, 32)
                                .lanewise(VectorOperators.XOR, c1)
                                .lanewise(VectorOperators.XOR, k0 & LOW);
                c2 =
                        p0.lanewise(VectorOperators.LSHR, 32)
                                .lanewise(VectorOperators.XOR, c3)
                                .lanewise(VectorOperators.XOR, k1 & LOW);
                c1 = p1.lanewise(VectorOperators.AND, LOW);
                c3 = p0.lanewise(VectorOperators.AND, LOW);
                k0 += WEYL_0;
                k1 += WEYL_1;
            }
            LongVector a = c0.lanewise(VectorOperators.OR, c1.lanewise(VectorOperators.LSHL, 32));
            LongVector b = c2.lanewise(VectorOperators.OR, c3.lanewise(VectorOperators.LSHL, 32));
            long at = to + 16 * block;
            a.rearrange(FIRST_HALF)
                    .blend(b.rearrange(FIRST_HALF), ODD)
                    .intoMemorySegment(NativeMemory.ALL, at, ORDER);
            a.rearrange(SECOND_HALF)
                    .blend(b.rearrange(SECOND_HALF), ODD)
                    .intoMemorySegment(NativeMemory.ALL, at + 8L * COUNT, ORDER);
        }
        return whole;
    }
}
