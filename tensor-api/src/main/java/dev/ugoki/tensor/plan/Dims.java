package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * The dimensions in which several views of equally many elements are gone through together, all in
 * row-major order: those of each view, divided where another view has a boundary. So a
 * normalization over groups of channels and the bias of each channel fit into one loop nest.
 */
final class Dims {
    private Dims() {}

    /** The distances, in elements, of the boundaries between a view's dimensions, from the end. */
    static TreeSet<Long> boundaries(Stored view) {
        TreeSet<Long> boundaries = new TreeSet<>();
        long inner = 1;
        boundaries.add(inner);
        for (int dim = view.shape().rank() - 1; dim >= 0; dim--) {
            inner *= view.shape().extent(dim);
            boundaries.add(inner);
        }
        return boundaries;
    }

    /** Whether every boundary is a multiple of those inside it. */
    static boolean fit(TreeSet<Long> boundaries) {
        long inner = 1;
        for (long boundary : boundaries) {
            if (inner == 0 || boundary % inner != 0) {
                return false;
            }
            inner = boundary;
        }
        return true;
    }

    /** The extents between boundaries, the outermost first. */
    static long[] extents(TreeSet<Long> boundaries) {
        List<Long> extents = new ArrayList<>();
        long inner = 1;
        for (long boundary : boundaries) {
            if (boundary != inner) {
                extents.addFirst(boundary / inner);
            }
            inner = boundary;
        }
        return extents.stream().mapToLong(Long::longValue).toArray();
    }

    /** The strides of a view in those extents; null if its own do not divide so. */
    static long @Nullable [] strides(Stored view, long[] extents) {
        long[] strides = new long[extents.length];
        int dim = view.shape().rank() - 1;
        long left = 1; // what is left of dimension dim + 1
        long stride = 0;
        for (int i = extents.length - 1; i >= 0; i--) {
            while (left == 1) {
                if (dim < 0) {
                    return null;
                }
                left = view.shape().extent(dim);
                stride = view.stride(dim);
                dim--;
            }
            if (left % extents[i] != 0) {
                return null;
            }
            strides[i] = stride;
            stride *= extents[i];
            left /= extents[i];
        }
        return strides;
    }
}
