package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

/**
 * What is found by comparing values: places in sorted tensors, distinct values, counts.
 *
 * <p>NaN counts as larger than every number and as equal to itself, as in NumPy.
 *
 * <p>Source, where nothing else is named: NumPy's operations of the same names.
 */
public final class Searching {
    private Searching() {}

    // ---- places in sorted tensors ----

    /**
     * For each value the place in {@code sorted} where it would have to be put in to keep the
     * order, I64, in the shape of {@code values}: {@code sorted[i-1] < v <= sorted[i]}, or with
     * {@code right} {@code sorted[i-1] <= v < sorted[i]}.
     *
     * <p>{@code sorted} ascends along its last dimension; it is a vector, searched for all values,
     * or has the extents of {@code values} in the dimensions before. By bisection, {@code
     * log2(extent)} gathers; works under a trace. No gradient.
     *
     * <p>Shapes: {@code [.., n], [.., v] -> [.., v]}.
     */
    public static Tensor searchSorted(Tensor sorted, Tensor values, boolean right) {
        requireRows(sorted, values);
        long extent = sorted.extent(-1);
        long rows = sorted.shape().elementCount() / Math.max(1, extent);
        if (extent == 0 || values.shape().elementCount() == 0) {
            Engine.requireLive("searchSorted", sorted, values);
            return zeros(values);
        }
        Tensor table = sorted.detach().reshape(rows, extent);
        Tensor wanted = values.detach().reshape(rows, values.shape().elementCount() / rows);
        Tensor found = zeros(wanted);
        for (long step = Long.highestOneBit(extent); step > 0; step /= 2) {
            // The element before place found + step, if there is one.
            Tensor further = found.add(step);
            Tensor probe = table.gather(1, further.minimum(extent).sub(1));
            Tensor goes = further.le(extent).and(isBefore(probe, wanted, right));
            found = goes.select(further, found);
        }
        return found.reshape(values.shape());
    }

    /**
     * The number of the bin that each element of {@code x} falls into: {@link #searchSorted} among
     * {@code boundaries}, an ascending vector.
     *
     * <p>Shapes: {@code [..], [n] -> [..]}.
     *
     * <p>Source: PyTorch's {@code bucketize}.
     */
    public static Tensor bucketize(Tensor x, Tensor boundaries, boolean right) {
        if (boundaries.rank() != 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("bucketize")
                            + ": the boundaries must have rank 1, and are "
                            + boundaries.type());
        }
        return searchSorted(boundaries, x, right);
    }

    private static void requireRows(Tensor sorted, Tensor values) {
        boolean fits = sorted.rank() == 1 || sorted.rank() > 0 && sorted.rank() == values.rank();
        for (int dim = 0; fits && dim < sorted.rank() - 1; dim++) {
            fits = sorted.extent(dim) == values.extent(dim);
        }
        if (!fits || sorted.dtype() != values.dtype() || sorted.dtype() == DType.BOOL) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("searchSorted")
                            + ": needs numbers of one dtype, sorted along the last dimension of a"
                            + " vector or of a tensor with the other extents of the values: sorted "
                            + sorted.type()
                            + ", values "
                            + values.type());
        }
    }

    private static Tensor isBefore(Tensor probe, Tensor wanted, boolean right) {
        Tensor before = right ? probe.le(wanted) : probe.lt(wanted);
        if (!probe.dtype().isFloating()) {
            return before;
        }
        Tensor wantedIsNaN = wanted.ne(wanted);
        return before.or(right ? wantedIsNaN : wantedIsNaN.and(probe.eq(probe)));
    }

    private static Tensor zeros(Tensor like) {
        Prim.Fill zero = new Prim.Fill(DType.I64, like.shape(), 0L);
        return Engine.createLike(like, zero);
    }

    // ---- distinct values ----

    /**
     * The distinct values of a tensor.
     *
     * @param values {@code [count]}
     * @param inverse for each element of the tensor, in its shape, the place of its value (I64)
     * @param counts how often each value occurs, I64 {@code [count]}
     */
    public record Unique(Tensor values, Tensor inverse, Tensor counts) {}

    /**
     * The distinct values of {@code x}, ascending, where each element has its value, and how often
     * each occurs. The gradient of a value goes to the first element that has it. It reads values,
     * so it throws under a trace.
     *
     * <p>Shapes: {@code [..] -> [n], [..], [n]}.
     */
    public static Unique unique(Tensor x) {
        TruePlaces.requireValues("unique", x);
        Tensor flat = Indexing.flat(x);
        Tensor order = numbers(flat).argsort(0, false);
        Unique sorted = runs("unique", flat.indexSelect(0, order));
        Tensor inverse = sorted.inverse();
        return new Unique(
                sorted.values(),
                zeros(flat).scatter(0, order, inverse).reshape(x.shape()),
                sorted.counts());
    }

    /**
     * The values of {@code x} in row-major order without those that equal the one before; as {@link
     * #unique}, the counts being lengths of runs.
     *
     * <p>Shapes: {@code [..] -> [n], [..], [n]}.
     */
    public static Unique uniqueConsecutive(Tensor x) {
        TruePlaces.requireValues("uniqueConsecutive", x);
        Unique runs = runs("uniqueConsecutive", Indexing.flat(x));
        return new Unique(runs.values(), runs.inverse().reshape(x.shape()), runs.counts());
    }

    /** BOOL has no order; as numbers it has. */
    private static Tensor numbers(Tensor x) {
        return x.dtype() == DType.BOOL ? x.detach().cast(DType.U8) : x.detach();
    }

    private static Unique runs(String operation, Tensor flat) {
        long extent = flat.extent(0);
        Tensor changes = changes(flat.detach());
        long[] starts = TruePlaces.of(operation, changes);
        long[] lengths = new long[starts.length];
        for (int i = 0; i < starts.length; i++) {
            lengths[i] = (i + 1 < starts.length ? starts[i + 1] : extent) - starts[i];
        }
        return new Unique(
                flat.indexSelect(0, Indexing.constant(flat, starts)),
                changes.cast(DType.I64).cumsum(0).sub(1),
                Indexing.constant(flat, lengths));
    }

    /** Whether each element differs from the one before, as the first does. */
    private static Tensor changes(Tensor flat) {
        long extent = flat.extent(0);
        if (extent == 0) {
            return flat.ne(flat);
        }
        Tensor before = flat.slice(0, 0, extent - 1);
        Tensor after = flat.slice(0, 1, extent);
        Tensor differ = before.ne(after);
        if (flat.dtype().isFloating()) {
            differ = differ.and(before.eq(before).or(after.eq(after)));
        }
        Prim.Fill first = new Prim.Fill(DType.BOOL, Shape.of(1), 1L);
        return Tensor.concat(0, Engine.createLike(flat, first), differ);
    }

    // ---- counts ----

    /**
     * How often each of the numbers {@code 0 .. length - 1} occurs in {@code x} (I64 or I32, any
     * shape), or the sum of the {@code weights} (in the shape of {@code x}) that stand there:
     * {@code [length]}, I64 or the dtype of the weights. {@code length} is that of the result, so
     * this works under a trace; a number out of range throws. The weights have a gradient.
     */
    public static Tensor bincount(Tensor x, @Nullable Tensor weights, long length) {
        Indexing.requireIndex("bincount", x);
        if (length < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("bincount") + ": length is negative: " + length);
        }
        if (weights != null && !weights.shape().equals(x.shape())) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("bincount")
                            + ": needs one weight for each number: "
                            + x.type()
                            + ", weights "
                            + weights.type());
        }
        Tensor index = Indexing.flat(x);
        Tensor updates =
                weights == null
                        ? Engine.createLike(x, new Prim.Fill(DType.I64, index.shape(), 1L))
                        : Indexing.flat(weights);
        Tensor none = updates.scalarLike(0).expand(Shape.of(length));
        return none.scatterAdd(0, index, updates);
    }

    /** {@link #bincount(Tensor, Tensor, long)} up to the largest number; throws under a trace. */
    public static Tensor bincount(Tensor x) {
        Indexing.requireIndex("bincount", x);
        TruePlaces.requireValues("bincount", x);
        boolean none = x.shape().elementCount() == 0;
        long largest = none ? -1 : x.max(false).toLongArray()[0];
        return bincount(x, null, Math.max(0, largest + 1));
    }

    /**
     * How many elements of {@code x} (floating) lie in each of {@code bins} intervals of one width
     * from {@code low} to {@code high}, I64 {@code [bins]}. An interval holds its lower end, the
     * last its upper end too; elements outside, and NaN, count nowhere.
     */
    public static Tensor histogram(Tensor x, int bins, double low, double high) {
        if (!x.dtype().isFloating() || bins < 1 || !(low < high) || Double.isInfinite(high - low)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("histogram")
                            + ": needs floating elements, at least one bin, and bounds low < high: "
                            + x.type()
                            + ", "
                            + bins
                            + ", "
                            + low
                            + ", "
                            + high);
        }
        Tensor lower = Indexing.range(x, bins).cast(DType.F64).mul(high - low).div(bins).add(low);
        Tensor last = lower.scalarLike(high).reshape(1);
        Tensor edges = Tensor.concat(0, lower, last).cast(x.dtype());
        Tensor flat = Indexing.flat(x.detach());
        Tensor bin = searchSorted(edges, flat, true).sub(1).minimum(bins - 1);
        // One bin more takes what lies outside.
        Tensor inside = flat.ge(low).and(flat.le(high));
        Tensor place = inside.select(bin, bin.scalarLike(bins));
        return bincount(place, null, bins + 1L).slice(0, 0, bins);
    }
}
