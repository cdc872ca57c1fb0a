package dev.ugoki.cuda.driver;

import dev.ugoki.tensor.DType;

/**
 * A convolution or one of its gradients, on contiguous operands: x {@code [n, c, spatial..]}, w
 * {@code [o, c / groups, kernel..]}, y {@code [n, o, spatial'..]}.
 *
 * @param kind which of the three is computed from the other two, in the order of the operations
 * @param x the spatial extents of x; w and y likewise
 * @param before what is padded (or, negative, cropped) before; after likewise
 */
public record ConvolutionCall(
        Kind kind,
        DType dtype,
        long n,
        long c,
        long o,
        int groups,
        long[] x,
        long[] w,
        long[] y,
        long[] strides,
        long[] before,
        long[] after,
        long[] dilations,
        long first,
        long second,
        long result) {
    /** What is computed. */
    public enum Kind {
        /** y of x and w. */
        FORWARD,
        /** x's gradient of y's and w. */
        DATA_GRADIENT,
        /** w's gradient of x and y's. */
        FILTER_GRADIENT
    }

    /** The product of extents. */
    public static long size(long[] extents) {
        long size = 1;
        for (long extent : extents) {
            size *= extent;
        }
        return size;
    }
}
