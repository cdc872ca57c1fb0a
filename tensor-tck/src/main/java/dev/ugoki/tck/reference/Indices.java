package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Shape;

/** Walks over the indices of a shape in row-major order. */
final class Indices {
    private Indices() {}

    /** What is done at an index; the array changes from call to call. */
    @FunctionalInterface
    interface Action {
        void at(long[] index);
    }

    /** Calls {@code action} for every index of {@code shape}. */
    static void forEach(Shape shape, Action action) {
        long[] extents = shape.toArray();
        long[] index = new long[extents.length];
        for (long n = 0; n < shape.elementCount(); n++) {
            action.at(index);
            for (int dim = extents.length - 1; dim >= 0; dim--) {
                index[dim]++;
                if (index[dim] < extents[dim]) {
                    break;
                }
                index[dim] = 0;
            }
        }
    }
}
