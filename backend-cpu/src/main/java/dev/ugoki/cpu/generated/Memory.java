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
    private static final ValueLayout.OfInt INT_UNALIGNED = ValueLayout.JAVA_INT_UNALIGNED;

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

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final long LOW_BITS = 0x0101010101010101L;
    private static final long HIGH_BITS = LOW_BITS << 7;

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

    /** One bit for each of sixteen conditions: set where the byte is not 0. */
    static long conditions16(long address) {
        return conditions8(address) | conditions8(address + 8) << 8;
    }

    /** One bit for each of eight conditions. */
    static long conditions8(long address) {
        long bytes = ALL.get(LONG, address);
        long nonZero = (bytes & ~HIGH_BITS) + ~HIGH_BITS | bytes;
        // Bit 8k, times 2^(56 - 7k), is bit 56 + k; no two of the products meet.
        return (nonZero >>> 7 & LOW_BITS) * 0x0102040810204080L >>> 56;
    }

    /** One bit for each of four conditions. */
    static long conditions4(long address) {
        return conditions8(address) & 15;
    }

    /** All bits set where the condition holds, else none. */
    static long condition(long address) {
        return ALL.get(BYTE, address) != 0 ? -1 : 0;
    }

    /** Stores sixteen bits as conditions. */
    static void storeConditions16(long bits, long address) {
        storeConditions8(bits & 0xff, address);
        storeConditions8(bits >>> 8, address + 8);
    }

    /** Stores eight bits as conditions. */
    static void storeConditions8(long bits, long address) {
        ALL.set(LONG, address, bytes(bits));
    }

    /** Stores four bits as conditions. */
    static void storeConditions4(long bits, long address) {
        ALL.set(INT_UNALIGNED, address, (int) bytes(bits));
    }

    /** A byte for each of eight bits. The last goes apart: it would meet a product of another. */
    private static long bytes(long bits) {
        return (bits & 0x7f) * 0x0002040810204081L & LOW_BITS | (bits & 0x80) << 49;
    }

    /**
     * Stores the conditions of the columns that are left over.
     *
     * @param bits of the vector whose first column is {@code first} of those left over
     * @param lanes of the vector
     */
    static void storeLastConditions(long bits, long address, long columns, int first, int lanes) {
        int count = Math.min(lanes, (int) (columns & 15) - first);
        for (int lane = 0; lane < count; lane++) {
            ALL.set(BYTE, address + lane, (byte) (bits >>> lane & 1));
        }
    }

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
