package dev.ugoki.cpu;

/** How the packing of patches moves F32 elements. All implementations move the same bits. */
sealed interface PanelCopies permits VectorPanelCopies, ScalarPanelCopies {
    /** Those of this machine. */
    PanelCopies BEST = VectorModule.isUsable() ? new VectorPanelCopies() : new ScalarPanelCopies();

    /**
     * Packs a panel: {@code pieces} pieces of {@link Tile#LANES} elements for each of its rows. A
     * piece may reach over what follows it in its row, and in the panel, which is written later; so
     * up to {@link NativeMemory#PADDING} bytes after the panel may change.
     *
     * @param source what offsets are counted from
     * @param rows the offset of each row, in elements
     * @param sources the offset of each piece, from its row's, in elements
     * @param targets where each piece begins in the panel's row, in elements, ascending
     * @param rowBytes from one row of the panel to the next
     */
    void pack(
            long source,
            int[] rows,
            int depth,
            int[] sources,
            int[] targets,
            int pieces,
            long target,
            long rowBytes);

    /** The most pieces of a vector in {@link #packVectors}. */
    int MOST_PIECES = 4;

    /**
     * Packs a panel vector by vector, each of one to {@link #MOST_PIECES} pieces, the first of
     * which begins with the vector. Up to a vector before a piece, and after it, is read.
     *
     * @param source what offsets are counted from
     * @param rows the offset of each row, in elements
     * @param vectors in a row of the panel; the rows follow one another
     * @param counts how many pieces each vector has
     * @param starts in which lane each piece begins, {@link #MOST_PIECES} for each vector
     * @param offsets from its row's, in elements, what lane 0 would be if the piece reached so far
     */
    void packVectors(
            long source,
            int[] rows,
            int depth,
            int vectors,
            int[] counts,
            int[] starts,
            int[] offsets,
            long target);

    /**
     * Copies {@code rows} rows of exactly {@code count} adjacent elements, at these distances in
     * bytes.
     */
    void copy(long source, long sourceStep, long target, long targetStep, int rows, int count);
}
