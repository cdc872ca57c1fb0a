package dev.ugoki.cpu;

/**
 * Reductions of contiguous F32 rows, on one thread. All implementations give the same bits.
 *
 * <p>Sums are made in F64, in {@link #LANES} lanes: lane l takes in the elements l, l + {@value
 * #LANES}, ... in order; in the end lanes 16 apart are added, then 8, 4, 2 and 1. The error is far
 * below one rounding to F32.
 */
sealed interface RowReductions permits VectorRowReductions, ScalarRowReductions {
    /** How many sums are made side by side. */
    int LANES = 32;

    /** Those of this machine. */
    RowReductions BEST =
            VectorModule.isUsable() ? new VectorRowReductions() : new ScalarRowReductions();

    /** The sum of {@code count} elements, not yet rounded to F32. */
    double sum(long x, long count);

    /** As {@link Math#max} of all; negative infinity where there are none. */
    float maximum(long x, long count);

    /** As {@link Math#min} of all; infinity where there are none. */
    float minimum(long x, long count);
}
