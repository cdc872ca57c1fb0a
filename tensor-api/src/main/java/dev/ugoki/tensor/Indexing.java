package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Prim;

import java.util.Arrays;
import java.util.List;

/**
 * Elements taken, put and repeated by masks and index tensors, beyond the expressions of {@link
 * Tensor#get} and {@link Tensor#with}.
 *
 * <p>Nothing is changed in place: what PyTorch writes into a tensor is here a new one. Index
 * tensors are I64 or I32; an index out of range throws {@link IndexOutOfBoundsException}. The
 * gradient of an element that is taken several times is the sum. Masks are BOOL and constants to
 * whoever differentiates.
 *
 * <p>Source, where nothing else is named: NumPy's and PyTorch's operations of the same names.
 */
public final class Indexing {
    private static final long MOST_REPEATED = 1 << 26;

    private Indexing() {}

    // ---- masks ----

    /**
     * The elements of {@code x} where {@code mask} is true, in row-major order: {@code [count]}.
     * Both are broadcast. It reads the mask, so it throws under a trace.
     */
    public static Tensor maskedSelect(Tensor x, Tensor mask) {
        requireMask("maskedSelect", mask);
        Shape shape = Tensor.broadcast("maskedSelect", x.shape(), mask.shape());
        long[] places = TruePlaces.of("maskedSelect", mask.expand(shape));
        return flat(x.expand(shape)).indexSelect(0, constant(x, places));
    }

    /**
     * {@code x} with its elements where {@code mask} is true replaced by those of {@code source},
     * in row-major order of both; {@code x} and {@code mask} are broadcast, and {@code source} has
     * at least as many elements as the mask true ones. The gradient of {@code x} is 0 where the
     * mask is true, that of {@code source} at the elements that were used.
     *
     * <p>Shapes: {@code [..], [..], [n] -> [..]}.
     */
    public static Tensor maskedScatter(Tensor x, Tensor mask, Tensor source) {
        requireMask("maskedScatter", mask);
        requireDtype("maskedScatter", "source", source, x.dtype());
        Shape shape = Tensor.broadcast("maskedScatter", x.shape(), mask.shape());
        Tensor whole = x.expand(shape);
        Tensor wanted = flat(mask.expand(shape));
        if (shape.elementCount() == 0) {
            return whole;
        }
        // Where the mask is false any element will do; a source of none gets one for that.
        boolean none = source.shape().elementCount() == 0;
        Tensor elements = none ? source.scalarLike(0).reshape(1) : flat(source);
        Tensor next = wanted.cast(DType.I64).cumsum(0);
        Tensor place = wanted.select(none ? next : next.sub(1), next.scalarLike(0));
        try {
            Tensor moved = elements.gather(0, place);
            return wanted.select(moved, flat(whole)).reshape(shape);
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("maskedScatter")
                            + ": the mask "
                            + mask.type()
                            + " has more true elements than the source "
                            + source.type(),
                    e);
        }
    }

    /**
     * How many elements are not 0 (or false), I64, along {@code dims}; no dims mean all.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}.
     */
    public static Tensor countNonZero(Tensor x, int... dims) {
        return nonZero(x).cast(DType.I64).sum(false, dims);
    }

    /** Whether each element is not 0. */
    static Tensor nonZero(Tensor x) {
        return x.dtype() == DType.BOOL ? x : x.detach().ne(0);
    }

    // ---- index tensors ----

    /**
     * The elements of {@code x}, counted in row-major order, that {@code index} names, in the
     * index's shape. Negative indices count from the end.
     *
     * <p>Shapes: {@code [..], [index..] -> [index..]}.
     */
    public static Tensor take(Tensor x, Tensor index) {
        return Selection.of("take", flat(x), Index.of(index)).read();
    }

    /**
     * {@code result[.., i, ..] = x[.., index[.., i, ..], ..]} along {@code dim}, where {@code x}
     * and {@code index} have one rank and are broadcast in the other dimensions. Negative indices
     * count from the end. For what {@link Tensor#argsort} and {@link Tensor#argmax} give.
     *
     * <p>Shapes: {@code [.., e, ..], [.., i, ..] -> [.., i, ..]}.
     */
    public static Tensor takeAlongDim(Tensor x, Tensor index, int dim) {
        int at = x.dimension("takeAlongDim", dim);
        requireIndex("takeAlongDim", index);
        if (index.rank() != x.rank()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("takeAlongDim")
                            + ": the index must have the rank of x: "
                            + x.type()
                            + ", "
                            + index.type());
        }
        Shape of = withExtent(x.shape(), at, 1);
        Shape by = withExtent(index.shape(), at, 1);
        Shape common = Tensor.broadcast("takeAlongDim", of, by);
        long extent = x.extent(at);
        Tensor wide = index.detach().cast(DType.I64);
        Tensor fromStart = wide.shiftRight(63).and(wide.scalarLike(extent)).add(wide);
        Shape taken = withExtent(common, at, index.extent(at));
        Tensor whole = x.expand(withExtent(common, at, extent));
        return whole.gather(at, fromStart.expand(taken));
    }

    /**
     * {@code x} with the slices of {@code source} added to those of dimension {@code dim} that
     * {@code index} (rank 1) names, in order where an index repeats. {@code source} has the shape
     * of {@code x}, but in {@code dim} the index's extent.
     */
    public static Tensor indexAdd(Tensor x, int dim, Tensor index, Tensor source) {
        return scattered("indexAdd", Prim.Scatter.Mode.ADD, x, dim, index, source);
    }

    /** As {@link #indexAdd}, but slices take the place of others, the last where one repeats. */
    public static Tensor indexCopy(Tensor x, int dim, Tensor index, Tensor source) {
        return scattered("indexCopy", Prim.Scatter.Mode.SET, x, dim, index, source);
    }

    /** {@code x} with {@code value} in the slices of {@code dim} that {@code index} names. */
    public static Tensor indexFill(Tensor x, int dim, Tensor index, Number value) {
        int at = x.dimension("indexFill", dim);
        requireVector("indexFill", index);
        Tensor source = x.scalarLike(value).expand(withExtent(x.shape(), at, index.extent(0)));
        return scattered("indexFill", Prim.Scatter.Mode.SET, x, dim, index, source);
    }

    private static Tensor scattered(
            String operation,
            Prim.Scatter.Mode mode,
            Tensor x,
            int dim,
            Tensor index,
            Tensor source) {
        int at = x.dimension(operation, dim);
        requireVector(operation, index);
        requireDtype(operation, "source", source, x.dtype());
        Shape expected = withExtent(x.shape(), at, index.extent(0));
        if (!source.shape().equals(expected)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the source must have shape "
                            + expected
                            + ", and is "
                            + source.type()
                            + "; x is "
                            + x.type()
                            + ", the index "
                            + index.type());
        }
        Tensor rows = alongDim(index, at, x.rank()).expand(expected);
        return Engine.one(new Prim.Scatter(at, mode), x, rows, source);
    }

    /** What becomes of all elements that fall on one place. */
    public enum Combination {
        SUM,
        /** The sum divided by how many they are; floating dtypes only. */
        MEAN,
        /** The largest, or NaN where there is one. */
        MAX,
        /** The smallest, or NaN where there is one. */
        MIN
    }

    /**
     * {@code x} with the {@code updates} that {@code index} sends to a place along {@code dim}
     * combined there, with the element of {@code x} as one of them if {@code includeSelf}, and
     * without it otherwise; where no update goes {@code x} stays. {@code updates} has the index's
     * shape; otherwise as {@link Tensor#scatterAdd}. Of several largest or smallest elements each
     * has an equal share of the gradient; infinite ones have none.
     *
     * <p>Source: PyTorch's {@code scatter_reduce}.
     *
     * <p>Shapes: {@code [.., e, ..], [.., i, ..], [.., i, ..] -> [.., e, ..]}.
     */
    public static Tensor scatterReduce(
            Tensor x,
            int dim,
            Tensor index,
            Tensor updates,
            Combination combination,
            boolean includeSelf) {
        int at = x.dimension("scatterReduce", dim);
        requireIndex("scatterReduce", index);
        requireDtype("scatterReduce", "updates", updates, x.dtype());
        if (!updates.shape().equals(index.shape()) || index.rank() != x.rank()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("scatterReduce")
                            + ": index and updates must have one shape, of the rank of x: "
                            + x.type()
                            + ", "
                            + index.type()
                            + ", "
                            + updates.type());
        }
        if (combination == Combination.MAX || combination == Combination.MIN) {
            boolean max = combination == Combination.MAX;
            return scatterExtreme(x, at, index, updates, max, includeSelf);
        }
        if (combination == Combination.MEAN && !x.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("scatterReduce")
                            + ": a MEAN needs a floating dtype, x is "
                            + x.type()
                            + "; cast it: x.cast(DType.F32)");
        }
        Tensor zeros = x.scalarLike(0).expand(x.shape());
        Tensor sum = (includeSelf ? x : zeros).scatterAdd(at, index, updates);
        Tensor count = hits(x, at, index);
        if (combination == Combination.MEAN) {
            Tensor divisor = count.add(includeSelf ? 1 : 0).maximum(1);
            sum = sum.div(divisor.cast(x.dtype()));
        }
        return count.gt(0).select(sum, x);
    }

    /** How many updates go to each element of {@code x}, I64. */
    private static Tensor hits(Tensor x, int dim, Tensor index) {
        Tensor none = Engine.createLike(x, new Prim.Fill(DType.I64, x.shape(), 0L));
        Tensor one = Engine.createLike(x, new Prim.Fill(DType.I64, index.shape(), 1L));
        return none.scatterAdd(dim, index, one);
    }

    private static Tensor scatterExtreme(
            Tensor x, int dim, Tensor index, Tensor updates, boolean max, boolean includeSelf) {
        // The last update of a place stays: in ascending order the largest, or NaN.
        boolean floating = x.dtype().isFloating();
        Tensor values = updates.detach();
        Tensor order = (max || !floating ? values : values.neg()).argsort(dim, !max && !floating);
        Tensor base = x.detach();
        Tensor extreme = base.scatter(dim, index.gather(dim, order), values.gather(dim, order));
        if (includeSelf) {
            extreme = max ? base.maximum(extreme) : base.minimum(extreme);
        }
        if (!floating) {
            return extreme;
        }
        // What has the extreme shares its gradient: a term that is 0 but for that.
        Tensor isOwn = includeSelf ? base.eq(extreme) : hits(x, dim, index).eq(0);
        Tensor wins = values.eq(extreme.gather(dim, index));
        Tensor winners =
                isOwn.cast(x.dtype()).scatterAdd(dim, index, wins.cast(x.dtype())).maximum(1);
        Tensor zero = x.scalarLike(0);
        Tensor shares = updates.div(winners.gather(dim, index));
        Tensor mean =
                isOwn.select(x.div(winners), zero)
                        .scatterAdd(dim, index, wins.select(shares, zero));
        Tensor shared = mean.sub(mean.detach());
        return extreme.sub(extreme).eq(0).select(extreme.add(shared), extreme);
    }

    // ---- repeated and laid out ----

    /** Each slice of dimension {@code dim} {@code count} times in a row. */
    public static Tensor repeatInterleave(Tensor x, long count, int dim) {
        int at = x.dimension("repeatInterleave", dim);
        if (count < 0 || count > Long.MAX_VALUE / Math.max(1, x.extent(at))) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("repeatInterleave")
                            + ": a slice cannot be there "
                            + count
                            + " times");
        }
        Tensor apart = x.unsqueeze(at + 1);
        Tensor repeated = apart.expand(withExtent(apart.shape(), at + 1, count));
        return repeated.reshape(withExtent(x.shape(), at, x.extent(at) * count));
    }

    /**
     * Slice i of dimension {@code dim} {@code counts[i]} times in a row; {@code counts} is {@code
     * [extent]}, I64 or I32. It reads the counts, so it throws under a trace.
     */
    public static Tensor repeatInterleave(Tensor x, Tensor counts, int dim) {
        int at = x.dimension("repeatInterleave", dim);
        requireVector("repeatInterleave", counts);
        if (counts.extent(0) != x.extent(at)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("repeatInterleave")
                            + ": needs one count for each of the "
                            + x.extent(at)
                            + " slices of dimension "
                            + dim
                            + " of "
                            + x.type()
                            + ": "
                            + counts.type());
        }
        TruePlaces.requireValues("repeatInterleave", counts);
        long[] times = counts.toLongArray();
        long total = 0;
        for (long each : times) {
            if (each < 0) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("repeatInterleave")
                                + ": a slice cannot be there "
                                + each
                                + " times");
            }
            total = Math.min(MOST_REPEATED + 1, total + Math.min(MOST_REPEATED + 1, each));
        }
        if (total > MOST_REPEATED) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("repeatInterleave")
                            + ": makes more than "
                            + MOST_REPEATED
                            + " slices of "
                            + x.type()
                            + "; repeat parts of it");
        }
        long[] places = new long[(int) total];
        int next = 0;
        for (int i = 0; i < times.length; i++) {
            Arrays.fill(places, next, next + (int) times[i], i);
            next += (int) times[i];
        }
        return x.indexSelect(at, constant(x, places));
    }

    /**
     * {@code x} laid side by side with itself, as {@link Tensor#repeat}; fewer counts than
     * dimensions count for the last ones, as NumPy's.
     */
    public static Tensor tile(Tensor x, long... counts) {
        long[] all = new long[Math.max(counts.length, x.rank())];
        Arrays.fill(all, 1);
        System.arraycopy(counts, 0, all, all.length - counts.length, counts.length);
        return x.repeat(all);
    }

    /**
     * Coordinates of a grid: tensor i has the extents of all {@code axes} (rank 1) and holds
     * element j of axis i wherever index i is j. Views, nothing is copied.
     *
     * <p>Shapes: {@code [e0], [e1], .. -> [e0, e1, ..], [e0, e1, ..], ..}.
     */
    public static List<Tensor> meshgrid(Tensor... axes) {
        long[] extents = new long[axes.length];
        for (int i = 0; i < axes.length; i++) {
            if (axes[i].rank() != 1) {
                throw new IllegalArgumentException(
                        ErrorPrefix.of("meshgrid")
                                + ": axis "
                                + i
                                + " must have rank 1, and is "
                                + axes[i].type());
            }
            extents[i] = axes[i].extent(0);
        }
        Tensor[] grid = new Tensor[axes.length];
        for (int i = 0; i < axes.length; i++) {
            grid[i] = alongDim(axes[i], i, axes.length).expand(extents);
        }
        return List.of(grid);
    }

    // ---- inside ----

    static Tensor flat(Tensor x) {
        return x.reshape(Shape.of(x.shape().elementCount()));
    }

    /** A vector along dimension {@code dim} of {@code rank}, all others of extent 1. */
    static Tensor alongDim(Tensor vector, int dim, int rank) {
        long[] extents = new long[rank];
        Arrays.fill(extents, 1);
        extents[dim] = vector.extent(0);
        return vector.reshape(Shape.of(extents));
    }

    static Shape withExtent(Shape shape, int dim, long extent) {
        long[] extents = shape.toArray();
        extents[dim] = extent;
        return Shape.of(extents);
    }

    /** Indices known on the host, on the device of {@code like}. */
    static Tensor constant(Tensor like, long[] places) {
        return like.device().call(() -> Tensor.of(places, places.length));
    }

    /** {@code row * rowStep + column * columnStep}, row by row: I64 {@code [rows * columns]}. */
    static Tensor sums(Tensor like, long rows, long rowStep, long columns, long columnStep) {
        Tensor sums = range(like, rows).mul(rowStep).reshape(rows, 1);
        return flat(sums.add(range(like, columns).mul(columnStep)));
    }

    /** The numbers 0 to {@code count - 1}, I64, on the device of {@code like}. */
    static Tensor range(Tensor like, long count) {
        return Engine.createLike(like, new Prim.Iota(DType.I64, Shape.of(count), 0));
    }

    static void requireIndex(String operation, Tensor index) {
        if (index.dtype() != DType.I64 && index.dtype() != DType.I32) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the index must be I64 or I32, and is "
                            + index.type()
                            + "; cast it: x.cast(DType.I64)");
        }
    }

    static void requireVector(String operation, Tensor index) {
        requireIndex(operation, index);
        if (index.rank() != 1) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the index must have rank 1, and is "
                            + index.type());
        }
    }

    private static void requireMask(String operation, Tensor mask) {
        if (mask.dtype() != DType.BOOL) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the mask must be BOOL, and is "
                            + mask.type()
                            + "; compare: x.ne(0)");
        }
    }

    static void requireDtype(String operation, String role, Tensor tensor, DType dtype) {
        if (tensor.dtype() != dtype) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": the "
                            + role
                            + " must be "
                            + dtype
                            + ", and is "
                            + tensor.type()
                            + "; cast it: x.cast(DType."
                            + dtype
                            + ")");
        }
    }
}
