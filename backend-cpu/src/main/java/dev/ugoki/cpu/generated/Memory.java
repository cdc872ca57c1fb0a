package dev.ugoki.cpu.generated;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Constants of generated code. All memory is reached through one constant segment: its accesses
 * fold to plain loads and stores, whatever other segments the process has seen.
 */
final class Memory {
    @SuppressWarnings("restricted")
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    /** Lane j takes lane j+8, and so on. */
    static final VectorShuffle<Float> BITS_512_BY_8 = rotation(VectorWidth.BITS_512, 8);

    static final VectorShuffle<Float> BITS_512_BY_4 = rotation(VectorWidth.BITS_512, 4);
    static final VectorShuffle<Float> BITS_512_BY_2 = rotation(VectorWidth.BITS_512, 2);
    static final VectorShuffle<Float> BITS_512_BY_1 = rotation(VectorWidth.BITS_512, 1);
    static final VectorShuffle<Float> BITS_256_BY_4 = rotation(VectorWidth.BITS_256, 4);
    static final VectorShuffle<Float> BITS_256_BY_2 = rotation(VectorWidth.BITS_256, 2);
    static final VectorShuffle<Float> BITS_256_BY_1 = rotation(VectorWidth.BITS_256, 1);
    static final VectorShuffle<Float> BITS_128_BY_2 = rotation(VectorWidth.BITS_128, 2);
    static final VectorShuffle<Float> BITS_128_BY_1 = rotation(VectorWidth.BITS_128, 1);

    /** Lane j takes lane j xor 8, and so on. */
    static final VectorShuffle<Float> BITS_512_SWAP_8 = swap(VectorWidth.BITS_512, 8);

    static final VectorShuffle<Float> BITS_512_SWAP_4 = swap(VectorWidth.BITS_512, 4);
    static final VectorShuffle<Float> BITS_512_SWAP_2 = swap(VectorWidth.BITS_512, 2);
    static final VectorShuffle<Float> BITS_512_SWAP_1 = swap(VectorWidth.BITS_512, 1);
    static final VectorShuffle<Float> BITS_256_SWAP_4 = swap(VectorWidth.BITS_256, 4);
    static final VectorShuffle<Float> BITS_256_SWAP_2 = swap(VectorWidth.BITS_256, 2);
    static final VectorShuffle<Float> BITS_256_SWAP_1 = swap(VectorWidth.BITS_256, 1);
    static final VectorShuffle<Float> BITS_128_SWAP_2 = swap(VectorWidth.BITS_128, 2);
    static final VectorShuffle<Float> BITS_128_SWAP_1 = swap(VectorWidth.BITS_128, 1);

    private Memory() {}

    private static VectorShuffle<Float> rotation(VectorWidth width, int distance) {
        return VectorShuffle.fromOp(species(width), lane -> (lane + distance) % width.lanes());
    }

    private static VectorShuffle<Float> swap(VectorWidth width, int distance) {
        return VectorShuffle.fromOp(species(width), lane -> lane ^ distance);
    }

    private static VectorSpecies<Float> species(VectorWidth width) {
        return switch (width) {
            case BITS_128 -> FloatVector.SPECIES_128;
            case BITS_256 -> FloatVector.SPECIES_256;
            case BITS_512 -> FloatVector.SPECIES_512;
        };
    }
}
