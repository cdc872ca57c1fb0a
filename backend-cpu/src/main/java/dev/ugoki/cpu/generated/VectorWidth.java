package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Reduction;

import jdk.incubator.vector.FloatVector;

/** The vectors that code is generated for. */
enum VectorWidth {
    BITS_128(4),
    BITS_256(8),
    BITS_512(16);

    /** The widest vectors that this machine has registers for. */
    static final VectorWidth PREFERRED =
            switch (FloatVector.SPECIES_PREFERRED.length()) {
                case 16 -> BITS_512;
                case 8 -> BITS_256;
                default -> BITS_128;
            };

    private final int lanes;

    VectorWidth(int lanes) {
        this.lanes = lanes;
    }

    /** Elements of four bytes in a vector. */
    int lanes() {
        return lanes;
    }

    /** Bytes of a vector. */
    int bytes() {
        return 4 * lanes;
    }

    /** Vectors that sixteen columns take. */
    int vectorsPerBlock() {
        return Reduction.LANES / lanes;
    }

    /**
     * Values that one pass may compute: so many that its code, written twice for the tail, stays
     * well below the 8000 bytes beyond which the JIT leaves a method alone.
     */
    int valuesPerPass() {
        return 192 / vectorsPerBlock();
    }

    /** The name of the species' field in FloatVector and IntVector. */
    String speciesField() {
        return "SPECIES_" + 8 * bytes();
    }
}
