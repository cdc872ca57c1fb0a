package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Windows of a signal or image {@code [n, c, spatial..]} made into one element each. Any number of
 * spatial dimensions, with one window and one kernel extent for each.
 *
 * <p>Shapes: {@code [n, c, spatial..] -> [n, c, spatial'..]}.
 *
 * <p>Source: PyTorch's pooling of the same names.
 */
public sealed interface Pooling extends Composite {
    /** The most elements that a window may have. */
    long MOST_IN_WINDOW = 1 << 16;

    /**
     * The largest element of each window, NaN where there is one. Results: the elements and their
     * indices (I64) among all spatial positions, row-major; the first of equal ones. The cotangent
     * goes to the element that the index names. Padding is never chosen.
     */
    record MaxPool(Shape kernel, List<Prim.Window> windows) implements Pooling {
        public MaxPool {
            windows = List.copyOf(windows);
        }

        @Override
        public int resultCount() {
            return 2;
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            TensorType pooled = pooled(this, kernel, windows, in);
            if (kernel.elementCount() > MOST_IN_WINDOW) {
                throw TypeRules.wrong(
                        this,
                        in,
                        "a window of "
                                + kernel
                                + " has more than "
                                + MOST_IN_WINDOW
                                + " elements; take the max of slices instead");
            }
            return new TensorType[] {pooled, pooled.withDType(DType.I64)};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Shape shape = Operands.check(this, operands)[0].shape();
            Tensor x = operands[0];
            if (shape.elementCount() == 0) {
                Tensor empty = x.reshape(shape);
                return new Tensor[] {empty, empty.cast(DType.I64)};
            }
            Tensor padded = padded(x, windows, Double.NEGATIVE_INFINITY);
            List<Tensor> patches = new ArrayList<>();
            for (long[] offset : offsets(kernel)) {
                patches.add(strided(padded, windows, offset, shape).unsqueeze(-1));
            }
            Tensor all = Tensor.concat(-1, patches.toArray(Tensor[]::new));
            Tensor winner = all.argmax(-1, true);
            Tensor largest = all.gather(all.rank() - 1, winner).squeeze(-1);
            return new Tensor[] {largest, position(winner.squeeze(-1), x.shape())};
        }

        /** From the number within the window to the number among the spatial positions. */
        private Tensor position(Tensor inWindow, Shape from) {
            Tensor position = inWindow.scalarLike(0);
            long inner = kernel.elementCount();
            for (int i = 0; i < windows.size(); i++) {
                Prim.Window window = windows.get(i);
                inner /= kernel.extent(i);
                Tensor offset =
                        inWindow.div(inner)
                                .rem(inWindow.scalarLike(kernel.extent(i)))
                                .mul(window.dilation());
                Tensor number = Operands.iota(inWindow, i + 2);
                Tensor start = number.mul(window.stride());
                long extent = from.extent(i + 2);
                // Where a window holds nothing but -infinity, padding may come first in it.
                Tensor at = start.sub(window.before()).add(offset).clamp(0L, extent - 1);
                position = position.mul(extent).add(at);
            }
            return position;
        }

        @Override
        public @Nullable Tensor @Nullable [] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            Tensor g = cotangents[0];
            if (g == null) {
                return null;
            }
            Shape shape = operands[0].shape();
            long outer = shape.extent(0) * shape.extent(1);
            long positions = outer == 0 ? 0 : shape.elementCount() / outer;
            long windowCount = outer == 0 ? 0 : g.shape().elementCount() / outer;
            Tensor zeros = g.scalarLike(0).expand(outer, positions);
            Tensor gradient =
                    zeros.scatterAdd(
                            1,
                            forward[1].reshape(outer, windowCount),
                            g.reshape(outer, windowCount));
            return new Tensor[] {gradient.reshape(shape)};
        }
    }

    /**
     * The mean of each window; padding counts as zeros if {@code countPadding}, and not at all
     * otherwise.
     */
    record AvgPool(Shape kernel, List<Prim.Window> windows, boolean countPadding)
            implements Pooling {
        public AvgPool {
            windows = List.copyOf(windows);
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            return new TensorType[] {pooled(this, kernel, windows, in)};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            TensorType type = Operands.check(this, operands)[0];
            Tensor x = Operands.wide(operands[0]);
            Tensor sum = padded(x, windows, 0);
            for (int i = 0; i < windows.size(); i++) {
                sum = sumAlong(sum, i + 2, windows.get(i), kernel.extent(i), type.shape());
            }
            Tensor mean = countPadding ? sum.div(kernel.elementCount()) : sum;
            for (int i = 0; i < windows.size() && !countPadding; i++) {
                mean = mean.div(counts(x, i, type.shape()));
            }
            return new Tensor[] {mean.cast(type.dtype())};
        }

        private static Tensor sumAlong(
                Tensor x, int dim, Prim.Window window, long kernel, Shape result) {
            long reach = (result.extent(dim) - 1) * window.stride() + 1;
            Tensor sum = null;
            for (long k = 0; k < kernel; k++) {
                long start = k * window.dilation();
                Tensor term = x.slice(dim, start, start + reach, window.stride());
                sum = sum == null ? term : sum.add(term);
            }
            return sum == null ? x : sum;
        }

        /** How many elements of spatial dimension {@code i} each window holds, to broadcast. */
        private Tensor counts(Tensor x, int i, Shape result) {
            Prim.Window window = windows.get(i);
            double[] counts = new double[Operands.tableSize(this, result.extent(i + 2), 1)];
            for (int at = 0; at < counts.length; at++) {
                for (long k = 0; k < kernel.extent(i); k++) {
                    long from = at * window.stride() - window.before() + k * window.dilation();
                    counts[at] += from >= 0 && from < x.extent(i + 2) ? 1 : 0;
                }
            }
            long[] extents = new long[result.rank()];
            Arrays.fill(extents, 1);
            extents[i + 2] = counts.length;
            return Operands.constant(x, counts, extents);
        }
    }

    /**
     * Means of as many windows as {@code size} has elements, spread evenly: along a dimension of
     * extent e, window i of s runs from {@code floor(i * e / s)} to before {@code ceil((i + 1) * e
     * / s)}.
     */
    record AdaptiveAvgPool(Shape size) implements Pooling {
        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 1, 1);
            Operands.floating(this, in, 1);
            if (in[0].shape().rank() != size.rank() + 2) {
                throw TypeRules.wrong(
                        this, in, "x must have two dimensions more than the size, " + size);
            }
            long[] extents = in[0].shape().toArray();
            for (int i = 0; i < size.rank(); i++) {
                if (extents[i + 2] == 0) {
                    throw TypeRules.wrong(this, in, "spatial dimension " + i + " is empty");
                }
                extents[i + 2] = size.extent(i);
            }
            return new TensorType[] {in[0].withShape(Shape.of(extents))};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor y = Operands.wide(operands[0]);
            for (int i = 0; i < size.rank(); i++) {
                long target = size.extent(i);
                if (target == 1) {
                    y = y.mean(true, i + 2);
                } else if (target != y.extent(i + 2)) {
                    Tensor shares = shares(y, y.extent(i + 2), target);
                    y = y.transpose(i + 2, -1).matmul(shares).transpose(i + 2, -1);
                }
            }
            return new Tensor[] {y.cast(operands[0].dtype())};
        }

        /** What each element gives to each window, {@code [from, to]}. */
        private Tensor shares(Tensor like, long from, long to) {
            double[] shares = new double[Operands.tableSize(this, from, to)];
            for (long window = 0; window < to; window++) {
                long start = Math.floorDiv(window * from, to);
                long end = Math.ceilDiv((window + 1) * from, to);
                for (long at = start; at < end; at++) {
                    shares[(int) (at * to + window)] = 1.0 / (end - start);
                }
            }
            return Operands.constant(like, shares, from, to);
        }
    }

    private static TensorType pooled(
            Op op, Shape kernel, List<Prim.Window> windows, TensorType[] in) {
        Operands.count(op, in, 1, 1);
        Operands.floating(op, in, 1);
        int rank = windows.size() + 2;
        if (kernel.rank() != windows.size() || in[0].shape().rank() != rank || rank == 2) {
            throw TypeRules.wrong(
                    op,
                    in,
                    "x must be [n, channels, spatial..] with spatial as the kernel's " + kernel);
        }
        long[] extents = in[0].shape().toArray();
        for (int i = 0; i < windows.size(); i++) {
            extents[i + 2] = pooledExtent(op, kernel.extent(i), windows.get(i), extents[i + 2], in);
        }
        return in[0].withShape(Shape.of(extents));
    }

    private static long pooledExtent(
            Op op, long kernel, Prim.Window window, long extent, TensorType[] in) {
        long most = MOST_IN_WINDOW;
        boolean sane =
                kernel >= 1
                        && kernel <= most
                        && window.stride() >= 1
                        && window.dilation() >= 1
                        && window.dilation() <= most
                        && window.before() >= 0
                        && window.after() >= 0
                        && window.before() <= kernel / 2
                        && window.after() <= most;
        if (!sane) {
            throw TypeRules.wrong(
                    op,
                    in,
                    "kernel "
                            + kernel
                            + " with "
                            + window
                            + ": kernel, stride and dilation must be at least 1, kernel and"
                            + " dilation at most "
                            + most
                            + ", and padding before from 0 to half the kernel");
        }
        long reach = window.dilation() * (kernel - 1) + 1;
        long padded = extent + window.before() + window.after();
        if (padded < reach) {
            throw TypeRules.wrong(
                    op, in, "a kernel that reaches over " + reach + " does not fit into " + padded);
        }
        long last = (padded - reach) / window.stride();
        if (window.after() > kernel / 2 && last * window.stride() >= extent + window.before()) {
            throw TypeRules.wrong(
                    op,
                    in,
                    window
                            + ": padding after is more than half the kernel "
                            + kernel
                            + ", and the last window would hold nothing else");
        }
        return last + 1;
    }

    private static Tensor padded(Tensor x, List<Prim.Window> windows, double value) {
        long[][] edges = new long[windows.size() + 2][2];
        boolean any = false;
        for (int i = 0; i < windows.size(); i++) {
            edges[i + 2] = new long[] {windows.get(i).before(), windows.get(i).after()};
            any |= windows.get(i).before() > 0 || windows.get(i).after() > 0;
        }
        return any ? x.pad(edges, value) : x;
    }

    /** All offsets within a kernel, row-major. */
    private static List<long[]> offsets(Shape kernel) {
        List<long[]> offsets = new ArrayList<>();
        long[] offset = new long[kernel.rank()];
        for (long count = kernel.elementCount(); count > 0; count--) {
            offsets.add(offset.clone());
            for (int dim = offset.length - 1; dim >= 0; dim--) {
                offset[dim]++;
                if (offset[dim] < kernel.extent(dim)) {
                    break;
                }
                offset[dim] = 0;
            }
        }
        return offsets;
    }

    /** The elements that lie at {@code offset} of each window. */
    private static Tensor strided(
            Tensor padded, List<Prim.Window> windows, long[] offset, Shape result) {
        Tensor view = padded;
        for (int i = 0; i < offset.length; i++) {
            Prim.Window window = windows.get(i);
            long start = offset[i] * window.dilation();
            long reach = (result.extent(i + 2) - 1) * window.stride() + 1;
            view = view.slice(i + 2, start, start + reach, window.stride());
        }
        return view;
    }
}
