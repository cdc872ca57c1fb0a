package dev.ugoki.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.nio.ByteOrder;

/**
 * The F32 vectors of this machine, up to sixteen lanes wide: the species, and loads and stores at
 * raw addresses.
 */
final class Lanes {
    static final VectorSpecies<Float> SPECIES = widest();

    /** Elements of one vector: 4, 8 or 16. */
    static final int COUNT = SPECIES.length();

    /** Bytes of one vector. */
    static final int BYTES = SPECIES.vectorByteSize();

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private static final VectorShuffle<Float> DOWN_8 = down(8);
    private static final VectorShuffle<Float> DOWN_4 = down(4);
    private static final VectorShuffle<Float> DOWN_2 = down(2);
    private static final VectorShuffle<Float> DOWN_1 = down(1);

    private Lanes() {}

    private static VectorSpecies<Float> widest() {
        VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
        return preferred.length() > 16 ? FloatVector.SPECIES_512 : preferred;
    }

    private static VectorShuffle<Float> down(int lanes) {
        return VectorShuffle.fromOp(SPECIES, lane -> (lane + lanes) % SPECIES.length());
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, NativeMemory.ALL, address, ORDER);
    }

    static void store(FloatVector value, long address) {
        value.intoMemorySegment(NativeMemory.ALL, address, ORDER);
    }

    // The methods below are small enough that C2 inlines them at any place; a vector that is passed
    // to a method that is not inlined lands on the heap.

    /** The sum of the lanes: those 8 apart are added first, then 4, 2 and 1. */
    static float sum(FloatVector value) {
        FloatVector pairs = addHalves(addQuarters(value));
        return pairs.add(pairs.rearrange(DOWN_1)).lane(0);
    }

    private static FloatVector addQuarters(FloatVector value) {
        return COUNT == 16 ? value.add(value.rearrange(DOWN_8)) : value;
    }

    private static FloatVector addHalves(FloatVector value) {
        FloatVector fours = COUNT >= 8 ? value.add(value.rearrange(DOWN_4)) : value;
        return fours.add(fours.rearrange(DOWN_2));
    }
}
