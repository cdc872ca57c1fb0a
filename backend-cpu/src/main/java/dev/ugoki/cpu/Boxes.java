package dev.ugoki.cpu;

/**
 * The positions of all images, cut into boxes: several images, or a part of one; several planes of
 * it, or a part of one; several rows, or a part of one. So positions of a box that follow one
 * another are, as far as may be, neighbours in memory.
 */
final class Boxes {
    private static final int DIMS = ConvolutionShape.DIMS + 1;

    private final int[] extents = new int[DIMS];
    private final int[] sizes = new int[DIMS];

    /**
     * Boxes of at most {@code limit} positions, sized so that as few as possible are missing to
     * whole multiples of {@code multiple}.
     */
    void cut(int images, int[] grid, int limit, int multiple) {
        extents[0] = images;
        System.arraycopy(grid, 0, extents, 1, ConvolutionShape.DIMS);
        int area = 1;
        boolean whole = true;
        for (int d = DIMS - 1; d >= 0; d--) {
            if (!whole) {
                sizes[d] = 1;
            } else if ((long) area * extents[d] <= limit) {
                sizes[d] = Math.max(1, extents[d]);
            } else {
                sizes[d] = leastWaste(extents[d], Math.max(1, limit / area), area, multiple);
                whole = false;
            }
            area *= sizes[d];
        }
    }

    private static int leastWaste(int extent, int most, int area, int multiple) {
        int best = most;
        long least = Long.MAX_VALUE;
        for (int size = most; size > most / 2; size--) {
            long rest = (long) area * (extent % size);
            long filled =
                    (long) (extent / size) * roundUp((long) area * size, multiple)
                            + roundUp(rest, multiple);
            if (filled < least) {
                least = filled;
                best = size;
            }
        }
        return best;
    }

    private static long roundUp(long count, int multiple) {
        return (count + multiple - 1) / multiple * multiple;
    }

    int count() {
        int count = 1;
        for (int d = 0; d < DIMS; d++) {
            count *= parts(d);
        }
        return count;
    }

    private int parts(int d) {
        return (extents[d] + sizes[d] - 1) / sizes[d];
    }

    /** The most positions that a box has. */
    int largest() {
        return sizes[0] * sizes[1] * sizes[2] * sizes[3];
    }

    /** The most that a box has along a dimension: images, then positions. */
    int largest(int dim) {
        return Math.min(sizes[dim], extents[dim]);
    }

    /** Writes a box's first image and position to {@code first}, its extents to {@code size}. */
    void box(int index, int[] first, int[] size) {
        int rest = index;
        for (int d = DIMS - 1; d >= 0; d--) {
            int parts = parts(d);
            first[d] = rest % parts * sizes[d];
            size[d] = Math.min(sizes[d], extents[d] - first[d]);
            rest /= parts;
        }
    }
}
