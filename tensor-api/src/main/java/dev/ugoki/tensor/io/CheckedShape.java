package dev.ugoki.tensor.io;

import dev.ugoki.tensor.Shape;

/** Shapes out of files, whose extents may be anything. */
final class CheckedShape {
    private CheckedShape() {}

    /**
     * A shape of extents that are not negative.
     *
     * @throws ArithmeticException if their product, not counting zeros, overflows a long: beside a
     *     zero, too, extents that large are a lie
     */
    static Shape of(long... extents) {
        long product = 1;
        for (long extent : extents) {
            product = Math.multiplyExact(product, Math.max(1, extent));
        }
        return Shape.of(extents);
    }
}
