package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import java.util.Arrays;
import java.util.List;

/** Matrix products and convolutions. */
final class Products {
    private Products() {}

    /** {@code c[.., i, j] = sum over k of a[.., i, k] * b[.., k, j]}. */
    static void matMul(Elements a, Elements b, Elements c) {
        int row = c.shape().rank() - 2;
        int column = row + 1;
        Indices.forEach(
                c.shape(),
                index -> {
                    long[] atA = index.clone();
                    long[] atB = index.clone();
                    Sums sum = new Sums(1);
                    long integerSum = 0;
                    for (long k = 0; k < a.extent(column); k++) {
                        atA[column] = k;
                        atB[row] = k;
                        long x = a.position(atA);
                        long y = b.position(atB);
                        if (c.dtype().isFloating()) {
                            sum.add(0, a.getDouble(x) * b.getDouble(y));
                        } else {
                            integerSum += a.getLong(x) * b.getLong(y);
                        }
                    }
                    long to = c.position(index);
                    if (c.dtype().isFloating()) {
                        c.setDouble(to, sum.get(0));
                    } else {
                        c.setLong(to, integerSum);
                    }
                });
    }

    /**
     * {@code y[n, o, q] = sum over c, k of x[n, first(o) + c, q * stride + k * dilation - before] *
     * w[o, c, k]}, where {@code first(o)} is the first channel of o's group and places outside of
     * the input count 0.
     */
    static void conv(Prim.Conv op, Elements x, Elements w, Elements y) {
        forEachTerm(
                op.windows(),
                op.groups(),
                x,
                w,
                y,
                (atX, atW, atY, sums) ->
                        sums.add(
                                (int) y.number(atY),
                                x.getDouble(x.position(atX)) * w.getDouble(w.position(atW))),
                y);
    }

    /** The terms of {@link #conv}, each given to the element of x that it came from. */
    static void convDataGrad(Prim.ConvDataGrad op, Elements y, Elements w, Elements x) {
        forEachTerm(
                op.windows(),
                op.groups(),
                x,
                w,
                y,
                (atX, atW, atY, sums) ->
                        sums.add(
                                (int) x.number(atX),
                                y.getDouble(y.position(atY)) * w.getDouble(w.position(atW))),
                x);
    }

    /** The terms of {@link #conv}, each given to the element of w that it came from. */
    static void convFilterGrad(Prim.ConvFilterGrad op, Elements x, Elements y, Elements w) {
        forEachTerm(
                op.windows(),
                op.groups(),
                x,
                w,
                y,
                (atX, atW, atY, sums) ->
                        sums.add(
                                (int) w.number(atW),
                                x.getDouble(x.position(atX)) * y.getDouble(y.position(atY))),
                w);
    }

    /** Adds one product to the sum that it belongs to. */
    @FunctionalInterface
    private interface Term {
        void add(long[] atX, long[] atW, long[] atY, Sums sums);
    }

    /**
     * Visits the terms of the convolution of x by w in the order of y, and stores the sums as the
     * elements of {@code result}, one of the three.
     */
    private static void forEachTerm(
            List<Prim.Window> windows,
            int groups,
            Elements x,
            Elements w,
            Elements y,
            Term term,
            Elements result) {
        Sums sums = new Sums(Math.toIntExact(result.count()));
        long outputsPerGroup = w.extent(0) / groups;
        Shape kernel = Shape.of(tail(w.shape().toArray(), 1));
        long[] atX = new long[x.shape().rank()];
        long[] atW = new long[w.shape().rank()];
        Indices.forEach(
                y.shape(),
                atY ->
                        Indices.forEach(
                                kernel,
                                channelAndTap -> {
                                    atX[0] = atY[0];
                                    long group = atY[1] / outputsPerGroup;
                                    atX[1] = group * w.extent(1) + channelAndTap[0];
                                    atW[0] = atY[1];
                                    System.arraycopy(
                                            channelAndTap, 0, atW, 1, channelAndTap.length);
                                    if (place(windows, atY, channelAndTap, x, atX)) {
                                        term.add(atX, atW, atY, sums);
                                    }
                                }));
        for (int i = 0; i < sums.count(); i++) {
            result.setDouble(result.position((long) i), sums.get(i));
        }
    }

    /** Where in x a tap of the kernel lies; false if beside it. */
    private static boolean place(
            List<Prim.Window> windows, long[] atY, long[] tap, Elements x, long[] atX) {
        for (int i = 0; i < windows.size(); i++) {
            Prim.Window window = windows.get(i);
            int dim = i + 2;
            atX[dim] =
                    atY[dim] * window.stride() + tap[i + 1] * window.dilation() - window.before();
            if (atX[dim] < 0 || atX[dim] >= x.extent(dim)) {
                return false;
            }
        }
        return true;
    }

    private static long[] tail(long[] extents, int from) {
        return Arrays.copyOfRange(extents, from, extents.length);
    }
}
