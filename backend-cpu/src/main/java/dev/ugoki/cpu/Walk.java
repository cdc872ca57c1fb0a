package dev.ugoki.cpu;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import java.util.Arrays;

/**
 * How several strided views of one shape are gone through together: without dimensions of one
 * element, and with those joined that all of them walk through alike. The last two dimensions are
 * rows of columns; what is before them repeats these.
 *
 * @param strides for each view those of the joined dimensions, in elements
 */
record Walk(long[] extents, long[][] strides) {
    private static final long FEWEST_COLUMNS = 8;

    /** Of views with these strides. */
    static Walk of(Shape shape, long[][] given) {
        int rank = Math.max(1, shape.rank());
        long[] extents = new long[rank];
        long[][] strides = new long[given.length][rank];
        int count = 0;
        for (int dim = 0; dim < shape.rank(); dim++) {
            long extent = shape.extent(dim);
            if (extent == 1) {
                continue;
            }
            boolean joins = count > 0;
            for (int i = 0; joins && i < given.length; i++) {
                joins = strides[i][count - 1] == extent * given[i][dim];
            }
            if (joins) {
                extents[count - 1] *= extent;
            } else {
                extents[count++] = extent;
            }
            for (int i = 0; i < given.length; i++) {
                strides[i][count - 1] = given[i][dim];
            }
        }
        if (count == 0) {
            extents[count++] = 1;
        }
        for (int i = 0; i < given.length; i++) {
            strides[i] = Arrays.copyOf(strides[i], count);
        }
        return new Walk(Arrays.copyOf(extents, count), strides);
    }

    static Walk of(Shape shape, Slot... views) {
        long[][] strides = new long[views.length][];
        for (int i = 0; i < views.length; i++) {
            strides[i] = views[i].stored().toStrides();
        }
        return of(shape, strides);
    }

    static Walk of(Shape shape, Stored... views) {
        long[][] strides = new long[views.length][];
        for (int i = 0; i < views.length; i++) {
            strides[i] = views[i].toStrides();
        }
        return of(shape, strides);
    }

    /**
     * Which views are to be copied into order first: those that along the columns neither advance
     * element by element nor stay where they are, and where columns are so few that they are not
     * worth a loop all that do not lie in order.
     */
    boolean[] copies(Stored... views) {
        boolean enough = columns() >= FEWEST_COLUMNS || extents.length == 1;
        boolean[] copies = new boolean[views.length];
        for (int i = 0; i < views.length; i++) {
            long step = step(i);
            copies[i] = step != 0 && step != 1 || !enough && !views[i].isContiguous();
        }
        return copies;
    }

    long columns() {
        return extents[extents.length - 1];
    }

    long rows() {
        return extents.length < 2 ? 1 : extents[extents.length - 2];
    }

    /** How often the rows are gone through. */
    long repeats() {
        long repeats = 1;
        for (int dim = 0; dim < extents.length - 2; dim++) {
            repeats *= extents[dim];
        }
        return repeats;
    }

    /** Elements of a view from one column to the next. */
    long step(int view) {
        return strides[view][extents.length - 1];
    }

    /** Elements of a view from one row to the next. */
    long rowStep(int view) {
        return extents.length < 2 ? 0 : strides[view][extents.length - 2];
    }

    /** Elements of a view from the first row to the first of a repeat. */
    long offset(int view, long repeat) {
        long offset = 0;
        long rest = repeat;
        for (int dim = extents.length - 3; dim >= 0; dim--) {
            offset += rest % extents[dim] * strides[view][dim];
            rest /= extents[dim];
        }
        return offset;
    }
}
