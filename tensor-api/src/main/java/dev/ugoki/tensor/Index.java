package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

import java.util.Arrays;
import java.util.List;

/**
 * One part of an indexing expression, for {@link Tensor#get}, {@link Tensor#with} and {@link
 * Tensor#withAdded}: {@code x.get(Index.at(3), Index.range(1, -1), Index.ellipsis())} is what NumPy
 * writes {@code x[3, 1:-1, ...]}.
 *
 * <p>Each part but an ellipsis, a new axis and a mask stands for one dimension, in order; missing
 * ones at the end are taken whole. Negative indices count from the end.
 *
 * <p>Index tensors and masks follow NumPy's rules of advanced indexing. Index tensors are broadcast
 * against one another, and the dimensions of that stand in the result where the first of them
 * stands in the expression; but where a range, an ellipsis or a new axis lies between two of them,
 * in front of all others. A single index beside index tensors counts as one of them (PyTorch takes
 * it away first, and so keeps {@code x[0, :, tensor]} in place where NumPy moves it to the front).
 *
 * <p>Source: NumPy's manual, "Indexing on ndarrays".
 */
public sealed interface Index {
    /** See {@link Index#at}. */
    record At(long place) implements Index {
        @Override
        public String toString() {
            return Long.toString(place);
        }
    }

    /** See {@link Index#range(long, long, long)}. */
    record Range(long start, long end, long step) implements Index {
        public Range {
            if (step == 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("range")
                                + ": a step of 0 goes nowhere: "
                                + start
                                + ":"
                                + end
                                + ":0");
            }
        }

        @Override
        public String toString() {
            return start + ":" + end + ":" + step;
        }
    }

    /** See {@link Index#all}. */
    record All() implements Index {
        @Override
        public String toString() {
            return ":";
        }
    }

    /** See {@link Index#ellipsis}. */
    record Ellipsis() implements Index {
        @Override
        public String toString() {
            return "...";
        }
    }

    /** See {@link Index#newAxis}. */
    record NewAxis() implements Index {
        @Override
        public String toString() {
            return "newAxis";
        }
    }

    /** See {@link Index#of(Tensor)}. */
    record Places(Tensor tensor) implements Index {
        public Places {
            DType dtype = tensor.dtype();
            if (dtype != DType.I64 && dtype != DType.I32) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("index")
                                + ": an index tensor must be I64 or I32, and is "
                                + tensor.type()
                                + (dtype == DType.BOOL
                                        ? "; a mask is Index.mask(tensor)"
                                        : "; cast it: x.cast(DType.I64)"));
            }
        }

        @Override
        public String toString() {
            return tensor.type().toString();
        }
    }

    /** See {@link Index#of(long...)}. */
    record Chosen(List<Long> places) implements Index {
        public Chosen {
            places = List.copyOf(places);
        }

        @Override
        public String toString() {
            return places.toString();
        }
    }

    /** See {@link Index#mask}. */
    record Mask(Tensor tensor) implements Index {
        public Mask {
            if (tensor.dtype() != DType.BOOL || tensor.rank() == 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("index")
                                + ": a mask must be BOOL and of rank 1 or more, and is "
                                + tensor.type()
                                + (tensor.dtype() == DType.BOOL
                                        ? ""
                                        : "; compare: x.ne(0), or use Index.of(tensor)"));
            }
        }

        @Override
        public String toString() {
            return "mask " + tensor.type();
        }
    }

    /** The one index {@code place} of a dimension, which disappears. */
    static Index at(long place) {
        return new At(place);
    }

    /** A whole dimension. */
    static Index all() {
        return new All();
    }

    /** Indices {@code start} to {@code end - 1}, as {@link #range(long, long, long)}. */
    static Index range(long start, long end) {
        return new Range(start, end, 1);
    }

    /**
     * Indices {@code start}, {@code start + step}, ... before {@code end}, or for a negative step
     * above it. As in Python, negative bounds count from the end and bounds beyond the ends are
     * clipped; so {@code range(5, Long.MIN_VALUE, -1)} ends with index 0.
     */
    static Index range(long start, long end, long step) {
        return new Range(start, end, step);
    }

    /** Indices from {@code start} on. */
    static Index from(long start) {
        return new Range(start, Long.MAX_VALUE, 1);
    }

    /** Indices before {@code end}. */
    static Index to(long end) {
        return new Range(0, end, 1);
    }

    /** Each {@code step}th index; for a negative step from the last one down. */
    static Index every(long step) {
        return step < 0
                ? new Range(Long.MAX_VALUE, Long.MIN_VALUE, step)
                : new Range(0, Long.MAX_VALUE, step);
    }

    /** As many whole dimensions as the other parts leave; at most once in an expression. */
    static Index ellipsis() {
        return new Ellipsis();
    }

    /** A dimension of extent 1 put in. */
    static Index newAxis() {
        return new NewAxis();
    }

    /**
     * The indices that {@code tensor} (I64 or I32, any shape) holds, from {@code -extent} to {@code
     * extent - 1}.
     */
    static Index of(Tensor tensor) {
        return new Places(tensor);
    }

    /** The indices {@code places}: as an index tensor of rank 1. */
    static Index of(long... places) {
        return new Chosen(Arrays.stream(places).boxed().toList());
    }

    /**
     * Where {@code mask} (BOOL, rank r of 1 or more) is true, in row-major order. It stands for r
     * dimensions, whose extents it has, and counts as r index tensors. It reads the mask, so it
     * throws under a trace.
     */
    static Index mask(Tensor mask) {
        return new Mask(mask);
    }
}
