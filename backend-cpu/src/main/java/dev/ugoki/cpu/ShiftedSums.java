package dev.ugoki.cpu;

/**
 * Sums of shifted copies of a plane, each times a weight: what a depthwise convolution is made of.
 * Each element is one chain of fma over the taps, which begins with zero, in all implementations.
 */
sealed interface ShiftedSums permits VectorShiftedSums, ScalarShiftedSums {
    /** Those of this machine. */
    ShiftedSums BEST = VectorModule.isUsable() ? new VectorShiftedSums() : new ScalarShiftedSums();

    /**
     * Makes pieces of {@link Tile#LANES} neighbouring elements each. A piece may reach over what
     * follows it, which is written later; so up to {@link NativeMemory#PADDING} bytes after the
     * last may change.
     *
     * @param source what offsets are counted from
     * @param shifts the offset of each tap, in elements
     * @param weights the address of the taps' weights
     * @param sources the offset of each piece, in elements
     * @param targets where each piece goes, in elements, ascending
     */
    void run(
            long source,
            int[] shifts,
            int taps,
            long weights,
            int[] sources,
            int[] targets,
            int pieces,
            long target);
}
