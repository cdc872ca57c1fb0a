package dev.ugoki.tck.op;

import dev.ugoki.tensor.Index;
import dev.ugoki.tensor.Shape;

import java.util.ArrayList;
import java.util.List;

/**
 * NumPy's indexing, spelled out one element at a time: for each element of the result the number of
 * the one that it is taken from.
 */
final class NaiveIndexing {
    /** Where one dimension of the tensor is indexed, for each index of some axes of the result. */
    private interface Axis {}

    /** A range: an axis of its own. */
    private record Steps(int dim, List<Long> places) implements Axis {}

    /** One index tensor: it shares the axes of all of them. */
    private record Listed(int dim, long[] places, long[] shape) implements Axis {}

    private record Added() implements Axis {}

    private record Gap() implements Axis {}

    private final Shape of;
    private final List<Axis> axes = new ArrayList<>();
    private final List<Long> shape = new ArrayList<>();
    private final List<Long> sources = new ArrayList<>();
    private long[] common = {};
    private int commonAt;

    private NaiveIndexing(Shape of) {
        this.of = of;
    }

    static NaiveIndexing of(Shape shape, Index... expression) {
        NaiveIndexing naive = new NaiveIndexing(shape);
        naive.read(expression);
        naive.place();
        naive.walk(new long[naive.shape.size()], 0);
        return naive;
    }

    Shape shape() {
        return Shape.of(shape.stream().mapToLong(Long::longValue).toArray());
    }

    /** For each element of the result, row-major, the number of the element it comes from. */
    List<Long> sources() {
        return sources;
    }

    private void read(Index[] expression) {
        int named = 0;
        for (Index index : expression) {
            named +=
                    switch (index) {
                        case Index.Mask mask -> mask.tensor().rank();
                        case Index.Ellipsis _, Index.NewAxis _ -> 0;
                        default -> 1;
                    };
        }
        int dim = 0;
        for (Index index : expression) {
            switch (index) {
                case Index.At at -> {
                    long place = at.place() < 0 ? at.place() + of.extent(dim) : at.place();
                    axes.add(new Listed(dim++, new long[] {place}, new long[0]));
                }
                case Index.Range range -> {
                    axes.add(new Steps(dim, steps(range, of.extent(dim))));
                    dim++;
                }
                case Index.All _ -> axes.add(whole(dim++));
                case Index.NewAxis _ -> axes.add(new Added());
                case Index.Ellipsis _ -> {
                    axes.add(new Gap());
                    for (int i = named; i < of.rank(); i++) {
                        axes.add(whole(dim++));
                    }
                }
                case Index.Places places -> {
                    long[] values = places.tensor().toLongArray();
                    axes.add(listed(dim++, values, places.tensor().shape().toArray()));
                }
                case Index.Chosen chosen -> {
                    long[] values = chosen.places().stream().mapToLong(Long::longValue).toArray();
                    axes.add(listed(dim++, values, new long[] {values.length}));
                }
                case Index.Mask mask -> {
                    addMask(mask, dim);
                    dim += mask.tensor().rank();
                }
            }
        }
        while (dim < of.rank()) {
            axes.add(whole(dim++));
        }
    }

    private Listed listed(int dim, long[] values, long[] shape) {
        for (int i = 0; i < values.length; i++) {
            values[i] += values[i] < 0 ? of.extent(dim) : 0;
        }
        return new Listed(dim, values, shape);
    }

    private void addMask(Index.Mask mask, int dim) {
        long[] values = mask.tensor().toLongArray();
        long[] strides = mask.tensor().shape().toRowMajorStrides();
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            if (values[i] == 1) {
                numbers.add(i);
            }
        }
        for (int i = 0; i < strides.length; i++) {
            long stride = strides[i];
            long extent = mask.tensor().extent(i);
            long[] places = numbers.stream().mapToLong(n -> n / stride % extent).toArray();
            axes.add(new Listed(dim + i, places, new long[] {places.length}));
        }
    }

    private Steps whole(int dim) {
        List<Long> places = new ArrayList<>();
        for (long i = 0; i < of.extent(dim); i++) {
            places.add(i);
        }
        return new Steps(dim, places);
    }

    private static List<Long> steps(Index.Range range, long extent) {
        List<Long> places = new ArrayList<>();
        long start = range.start() < 0 ? range.start() + extent : range.start();
        long end = range.end() < 0 ? range.end() + extent : range.end();
        if (range.step() > 0) {
            for (long i = Math.max(start, 0); i < Math.min(end, extent); i += range.step()) {
                places.add(i);
            }
        } else {
            for (long i = Math.min(start, extent - 1); i > Math.max(end, -1); i += range.step()) {
                places.add(i);
            }
        }
        return places;
    }

    /** Which axis of the result stands where, and how long it is. */
    private void place() {
        List<Integer> listed = new ArrayList<>();
        for (int i = 0; i < axes.size(); i++) {
            if (axes.get(i) instanceof Listed each) {
                listed.add(i);
                common = broadcast(common, each.shape());
            }
        }
        boolean together =
                listed.isEmpty() || listed.getLast() - listed.getFirst() == listed.size() - 1;
        for (int i = 0; i < axes.size(); i++) {
            if (!listed.isEmpty() && i == (together ? listed.getFirst() : 0)) {
                commonAt = shape.size();
                for (long extent : common) {
                    shape.add(extent);
                }
            }
            switch (axes.get(i)) {
                case Steps steps -> shape.add((long) steps.places().size());
                case Added _ -> shape.add(1L);
                default -> {}
            }
        }
    }

    private static long[] broadcast(long[] a, long[] b) {
        long[] longer = a.length >= b.length ? a.clone() : b.clone();
        long[] shorter = a.length >= b.length ? b : a;
        for (int i = 0; i < shorter.length; i++) {
            int at = longer.length - shorter.length + i;
            longer[at] = longer[at] == 1 ? shorter[i] : longer[at];
        }
        return longer;
    }

    private void walk(long[] at, int axis) {
        if (axis < at.length) {
            for (at[axis] = 0; at[axis] < shape.get(axis); at[axis]++) {
                walk(at, axis + 1);
            }
            return;
        }
        long source = 0;
        int next = 0;
        for (Axis each : axes) {
            // The shared axes are passed by where they stand.
            next = next == commonAt ? next + common.length : next;
            switch (each) {
                case Steps(int dim, List<Long> places) ->
                        source += places.get((int) at[next++]) * stride(dim);
                case Added _ -> next++;
                case Listed listed -> source += place(listed, at) * stride(listed.dim());
                default -> {}
            }
        }
        sources.add(source);
    }

    private long place(Listed listed, long[] at) {
        int number = 0;
        int rank = listed.shape().length;
        for (int i = 0; i < rank; i++) {
            long index = at[commonAt + common.length - rank + i];
            long extent = listed.shape()[i];
            number = (int) (number * extent + (extent == 1 ? 0 : index));
        }
        return listed.places()[number];
    }

    private long stride(int dim) {
        return of.toRowMajorStrides()[dim];
    }
}
