package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.nio.ByteOrder;

/**
 * Conversions between F32 and narrower types by vectors, in whole groups of {@link #GROUP}
 * elements; what is left over is the caller's. Needs vectors of 256 bits: of four bytes there is no
 * vector.
 */
final class VectorCasts {
    /** Elements that a loop's turn takes in, on every machine. */
    static final int GROUP = 16;

    private static final VectorSpecies<Integer> INTS =
            VectorSpecies.of(int.class, Lanes.SPECIES.vectorShape());
    private static final int COUNT = Lanes.COUNT;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * COUNT)));
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(16 * COUNT));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private VectorCasts() {}

    /** Whether {@link #run} converts so. */
    static boolean has(DType from, DType to) {
        if (COUNT < 8) {
            return false;
        }
        return from == DType.F32 && (to == DType.U8 || to == DType.I8 || to == DType.BF16)
                || to == DType.F32 && (from == DType.U8 || from == DType.I8 || from == DType.BF16);
    }

    /** Converts {@code count} elements, a multiple of {@link #GROUP}. */
    static void run(DType from, DType to, long source, long count, long target) {
        switch (from == DType.F32 ? to : from) {
            case U8 -> {
                if (from == DType.F32) {
                    toUnsignedBytes(source, count, target);
                } else {
                    fromUnsignedBytes(source, count, target);
                }
            }
            case I8 -> {
                if (from == DType.F32) {
                    toBytes(source, count, target);
                } else {
                    fromBytes(source, count, target);
                }
            }
            case BF16 -> {
                if (from == DType.F32) {
                    toBrainFloats(source, count, target);
                } else {
                    fromBrainFloats(source, count, target);
                }
            }
            default -> throw new IllegalStateException(from + " to " + to + " has no loop");
        }
    }

    private static IntVector truncated(long source) {
        return (IntVector) Lanes.load(source).convertShape(VectorOperators.F2I, INTS, 0);
    }

    private static void storeBytes(IntVector x, long target) {
        ((ByteVector) x.convertShape(VectorOperators.I2B, BYTES, 0))
                .intoMemorySegment(NativeMemory.ALL, target, ORDER);
    }

    private static void storeFloats(Vector<Integer> x, long target) {
        Lanes.store((FloatVector) x.convertShape(VectorOperators.I2F, Lanes.SPECIES, 0), target);
    }

    private static ByteVector bytes(long source) {
        return ByteVector.fromMemorySegment(BYTES, NativeMemory.ALL, source, ORDER);
    }

    private static void toUnsignedBytes(long source, long count, long target) {
        for (long i = 0; i < count; i += COUNT) {
            IntVector x = truncated(source + 4 * i);
            storeBytes(
                    x.lanewise(VectorOperators.MAX, 0).lanewise(VectorOperators.MIN, 255),
                    target + i);
        }
    }

    private static void toBytes(long source, long count, long target) {
        for (long i = 0; i < count; i += COUNT) {
            IntVector x = truncated(source + 4 * i);
            storeBytes(
                    x.lanewise(VectorOperators.MAX, -128).lanewise(VectorOperators.MIN, 127),
                    target + i);
        }
    }

    private static void fromUnsignedBytes(long source, long count, long target) {
        for (long i = 0; i < count; i += COUNT) {
            IntVector x =
                    (IntVector)
                            bytes(source + i)
                                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
            storeFloats(x, target + 4 * i);
        }
    }

    private static void fromBytes(long source, long count, long target) {
        for (long i = 0; i < count; i += COUNT) {
            IntVector x = (IntVector) bytes(source + i).convertShape(VectorOperators.B2I, INTS, 0);
            storeFloats(x, target + 4 * i);
        }
    }

    /** As {@link dev.ugoki.tensor.NarrowFloats#toBF16(float)}. */
    private static void toBrainFloats(long source, long count, long target) {
        for (long i = 0; i < count; i += COUNT) {
            FloatVector x = Lanes.load(source + 4 * i);
            IntVector bits = x.reinterpretAsInts();
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            IntVector rounded =
                    upper.lanewise(VectorOperators.AND, 1)
                            .lanewise(VectorOperators.ADD, 0x7fff)
                            .lanewise(VectorOperators.ADD, bits)
                            .lanewise(VectorOperators.LSHR, 16);
            IntVector quiet = upper.lanewise(VectorOperators.OR, 0x40);
            IntVector result = rounded.blend(quiet, x.compare(VectorOperators.NE, x).cast(INTS));
            ((ShortVector) result.convertShape(VectorOperators.I2S, SHORTS, 0))
                    .intoMemorySegment(NativeMemory.ALL, target + 2 * i, ORDER);
        }
    }

    private static void fromBrainFloats(long source, long count, long target) {
        for (long i = 0; i < count; i += COUNT) {
            ShortVector x =
                    ShortVector.fromMemorySegment(SHORTS, NativeMemory.ALL, source + 2 * i, ORDER);
            IntVector bits =
                    ((IntVector) x.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0))
                            .lanewise(VectorOperators.LSHL, 16);
            Lanes.store(bits.reinterpretAsFloats(), target + 4 * i);
        }
    }
}
