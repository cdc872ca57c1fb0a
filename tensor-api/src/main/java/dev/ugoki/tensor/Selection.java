package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * An indexing expression resolved against the tensor that it indexes.
 *
 * <p>Ranges and single indices are a slice. Index tensors become one index: the dimensions from the
 * first to the last that is indexed count as one, a number along it is computed from the indices,
 * and {@link Prim.Gather} or {@link Prim.Scatter} moves whole rows of the dimensions behind. To
 * write, ranges too are turned into indices.
 */
final class Selection {
    /** What happens to one or more dimensions of the tensor, or a dimension put in. */
    private sealed interface Part {}

    private record Ranged(int dim, Prim.Range range) implements Part {}

    private record Fixed(int dim, long place) implements Part {}

    /**
     * Places along dimensions {@code first} to {@code last}, counted row-major.
     *
     * @param places I64
     * @param known whether they are in range, and none counts from the end
     */
    private record Listed(int first, int last, Tensor places, boolean known) implements Part {}

    private record Added() implements Part {}

    /** An ellipsis that stands for nothing, and yet keeps index tensors apart. */
    private record Gap() implements Part {}

    private final String operation;
    private final Tensor x;
    private final List<Part> parts;

    /** The common shape of the index tensors; null where there are none. */
    private final @Nullable Shape listed;

    /** Whether the dimensions of the index tensors come in front of all others. */
    private final boolean apart;

    private Selection(String operation, Tensor x, List<Part> parts) {
        this.operation = operation;
        this.x = x;
        this.parts = parts;
        this.listed = commonShape(operation, parts);
        this.apart = listed != null && isApart(parts);
    }

    static Selection of(String operation, Tensor x, Index... expression) {
        return new Selection(operation, x, new Reader(operation, x, expression).parts());
    }

    // ---- reading the expression ----

    /** Goes through an expression, and through the dimensions that it stands for. */
    private static final class Reader {
        private final String operation;
        private final Tensor x;
        private final Index[] expression;
        private final List<Part> parts = new ArrayList<>();
        private int dim;

        Reader(String operation, Tensor x, Index[] expression) {
            this.operation = operation;
            this.x = x;
            this.expression = expression;
        }

        List<Part> parts() {
            int named = countDimensions();
            for (Index index : expression) {
                switch (index) {
                    case Index.At at -> add(new Fixed(dim, place(at.place())));
                    case Index.Range range -> add(new Ranged(dim, resolve(range)));
                    case Index.All _ -> whole(1);
                    case Index.Ellipsis _ -> ellipsis(x.rank() - named);
                    case Index.NewAxis _ -> parts.add(new Added());
                    case Index.Places places ->
                            add(new Listed(dim, dim, indices(places.tensor()), false));
                    case Index.Chosen chosen -> chosen(chosen.places());
                    case Index.Mask mask -> mask(mask.tensor());
                }
            }
            whole(x.rank() - dim);
            return List.copyOf(parts);
        }

        private int countDimensions() {
            int named = 0;
            int ellipses = 0;
            for (Index index : expression) {
                switch (index) {
                    case Index.At _, Index.Range _, Index.All _, Index.Places _, Index.Chosen _ ->
                            named++;
                    case Index.Mask mask -> named += mask.tensor().rank();
                    case Index.Ellipsis _ -> ellipses++;
                    case Index.NewAxis _ -> {}
                }
            }
            if (ellipses > 1) {
                throw new IllegalArgumentException(
                        in() + " has more than one ellipsis; write all() instead");
            }
            if (named > x.rank()) {
                throw new IllegalArgumentException(
                        in() + " stands for " + named + " dimensions, but x is " + x.type());
            }
            return named;
        }

        private void add(Part part) {
            parts.add(part);
            dim++;
        }

        private void ellipsis(int count) {
            if (count == 0) {
                parts.add(new Gap());
            }
            whole(count);
        }

        private void whole(int count) {
            for (int i = 0; i < count; i++) {
                add(new Ranged(dim, new Prim.Range(0, 1, x.extent(dim))));
            }
        }

        private long place(long place) {
            long extent = x.extent(dim);
            if (place < -extent || place >= extent) {
                throw outOfRange(operation, place, dim, x, null);
            }
            return place < 0 ? place + extent : place;
        }

        private Prim.Range resolve(Index.Range range) {
            long extent = x.extent(dim);
            // One step of this length leaves every dimension.
            long step = Math.clamp(range.step(), -Long.MAX_VALUE, Long.MAX_VALUE);
            long lowest = step < 0 ? -1 : 0;
            long highest = step < 0 ? extent - 1 : extent;
            long start = clip(range.start(), extent, lowest, highest);
            long end = clip(range.end(), extent, lowest, highest);
            long distance = step < 0 ? start - end : end - start;
            long count = distance > 0 ? (distance - 1) / Math.abs(step) + 1 : 0;
            return new Prim.Range(count == 0 ? 0 : start, count < 2 ? 1 : step, count);
        }

        private static long clip(long bound, long extent, long lowest, long highest) {
            return Math.clamp(bound < 0 ? bound + extent : bound, lowest, highest);
        }

        private static Tensor indices(Tensor tensor) {
            return tensor.detach().cast(DType.I64);
        }

        private void chosen(List<Long> places) {
            long[] fromStart = places.stream().mapToLong(this::place).toArray();
            add(new Listed(dim, dim, Indexing.constant(x, fromStart), true));
        }

        private void mask(Tensor mask) {
            for (int i = 0; i < mask.rank(); i++) {
                if (mask.extent(i) != x.extent(dim + i)) {
                    throw new IllegalArgumentException(
                            in()
                                    + ": the mask's dimension "
                                    + i
                                    + " has extent "
                                    + mask.extent(i)
                                    + ", but stands for dimension "
                                    + (dim + i)
                                    + " of "
                                    + x.type());
                }
            }
            long[] places = TruePlaces.of(operation, mask);
            Tensor tensor = mask.device().call(() -> Tensor.of(places, places.length));
            parts.add(new Listed(dim, dim + mask.rank() - 1, tensor, true));
            dim += mask.rank();
        }

        private String in() {
            return operation + ": the expression " + Arrays.toString(expression);
        }
    }

    private static @Nullable Shape commonShape(String operation, List<Part> parts) {
        Shape common = null;
        for (Part part : parts) {
            if (part instanceof Listed each) {
                Shape shape = each.places().shape();
                common = common == null ? shape : Tensor.broadcast(operation, common, shape);
            }
        }
        return common;
    }

    private static boolean isApart(List<Part> parts) {
        int runs = 0;
        boolean inRun = false;
        for (Part part : parts) {
            boolean advanced = part instanceof Listed || part instanceof Fixed;
            runs += advanced && !inRun ? 1 : 0;
            inRun = advanced;
        }
        return runs > 1;
    }

    // ---- the result ----

    /** The shape of what is selected. */
    Shape shape() {
        List<Long> extents = new ArrayList<>();
        boolean placed = false;
        if (apart) {
            addListed(extents);
            placed = true;
        }
        for (Part part : parts) {
            switch (part) {
                case Ranged ranged -> extents.add(ranged.range().count());
                case Added _ -> extents.add(1L);
                case Gap _ -> {}
                case Fixed _, Listed _ -> {
                    if (!placed) {
                        addListed(extents);
                        placed = true;
                    }
                }
            }
        }
        return Shape.of(extents.stream().mapToLong(Long::longValue).toArray());
    }

    private void addListed(List<Long> extents) {
        if (listed != null) {
            for (long extent : listed.toArray()) {
                extents.add(extent);
            }
        }
    }

    /** The selected elements. */
    Tensor read() {
        Tensor sliced = sliced();
        if (listed == null) {
            return sliced.reshape(shape());
        }
        // What is left to index has nothing but whole dimensions beside the index tensors.
        List<Part> rest = new ArrayList<>();
        for (Part part : parts) {
            rest.add(
                    switch (part) {
                        case Ranged(int dim, Prim.Range range) ->
                                new Ranged(dim, new Prim.Range(0, 1, range.count()));
                        case Fixed(int dim, _) -> new Fixed(dim, 0);
                        case Listed _, Added _, Gap _ -> part;
                    });
        }
        Selection remaining = new Selection(operation, sliced, rest);
        Numbers numbers = remaining.numbers();
        Tensor rows = sliced.reshape(numbers.grouped());
        Shape taken = numbers.grouped(numbers.index().extent(0));
        return checked(
                () ->
                        Engine.one(new Prim.Gather(1), rows, numbers.expanded(taken))
                                .reshape(shape()));
    }

    private Tensor sliced() {
        Prim.Range[] ranges = new Prim.Range[x.rank()];
        boolean whole = true;
        for (int dim = 0; dim < ranges.length; dim++) {
            ranges[dim] = new Prim.Range(0, 1, x.extent(dim));
        }
        for (Part part : parts) {
            if (part instanceof Ranged(int dim, Prim.Range range)) {
                whole &= range.equals(ranges[dim]);
                ranges[dim] = range;
            } else if (part instanceof Fixed(int dim, long place)) {
                ranges[dim] = new Prim.Range(place, 1, 1);
                whole &= x.extent(dim) == 1;
            }
        }
        return whole ? x : Engine.one(new Prim.Slice(List.of(ranges)), x);
    }

    /** The tensor with {@code values}, broadcast, in place of what is selected, or added to it. */
    Tensor written(Prim.Scatter.Mode mode, Tensor values) {
        Shape selected = shape();
        if (values.dtype() != x.dtype()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": values "
                            + values.type()
                            + " do not go into "
                            + x.type()
                            + "; cast one of them: x.cast(DType."
                            + x.dtype()
                            + ")");
        }
        if (!Tensor.broadcast(operation, selected, values.shape()).equals(selected)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": values "
                            + values.type()
                            + " cannot be broadcast to the "
                            + selected
                            + " that is selected of "
                            + x.type());
        }
        Numbers numbers = numbers();
        Shape taken = numbers.grouped(numbers.index().extent(0));
        Tensor updates = values.expand(selected).reshape(taken);
        return checked(
                () ->
                        Engine.one(
                                        new Prim.Scatter(1, mode),
                                        x.reshape(numbers.grouped()),
                                        numbers.expanded(taken),
                                        updates)
                                .reshape(x.shape()));
    }

    // ---- one index of many ----

    /**
     * What is indexed as numbers along one dimension: {@code extent} of them possible, with {@code
     * before} elements in the dimensions before and {@code after} in those behind.
     */
    private record Numbers(long before, long extent, long after, Tensor index) {
        Shape grouped() {
            return grouped(extent);
        }

        Shape grouped(long count) {
            return Shape.of(before, count, after);
        }

        Tensor expanded(Shape shape) {
            return index.reshape(1, shape.extent(1), 1).expand(shape);
        }
    }

    private Numbers numbers() {
        int first = x.rank();
        int last = -1;
        for (Part part : parts) {
            int[] dims = indexedDims(part);
            if (dims.length > 0) {
                first = Math.min(first, dims[0]);
                last = Math.max(last, dims[1]);
            }
        }
        first = apart ? 0 : first;
        if (last < 0) {
            return new Numbers(1, 1, x.shape().elementCount(), Indexing.range(x, 1));
        }
        long[] extents = x.shape().toArray();
        return new Numbers(
                product(extents, 0, first),
                product(extents, first, last + 1),
                product(extents, last + 1, extents.length),
                new Sum(first, last).index());
    }

    /** The first and last dimension of a part that does not take its dimensions whole. */
    private int[] indexedDims(Part part) {
        return switch (part) {
            case Ranged(int dim, Prim.Range range) ->
                    isWhole(dim, range) ? new int[0] : new int[] {dim, dim};
            case Fixed(int dim, _) -> x.extent(dim) == 1 ? new int[0] : new int[] {dim, dim};
            case Listed(int first, int last, _, _) -> new int[] {first, last};
            case Added _, Gap _ -> new int[0];
        };
    }

    private boolean isWhole(int dim, Prim.Range range) {
        long extent = x.extent(dim);
        return range.count() == extent && (extent < 2 || range.step() == 1);
    }

    private static long product(long[] extents, int from, int to) {
        long product = 1;
        for (int dim = from; dim < to; dim++) {
            product *= extents[dim];
        }
        return product;
    }

    /** The numbers of elements within dimensions {@code first} to {@code last}, added up. */
    private final class Sum {
        private final int first;
        private final int last;
        private final List<Long> axes = new ArrayList<>();
        private final List<Tensor> terms = new ArrayList<>();
        private final List<Integer> axisOfTerm = new ArrayList<>();
        private long constant;
        private @Nullable Tensor outside;
        private int axisOfListed = -1;

        Sum(int first, int last) {
            this.first = first;
            this.last = last;
        }

        /** I64, rank 1. */
        Tensor index() {
            if (apart) {
                placeListed();
            }
            for (Part part : parts) {
                switch (part) {
                    case Ranged(int dim, Prim.Range range) -> {
                        if (dim >= first && dim <= last) {
                            addRange(range, stride(dim));
                        }
                    }
                    case Fixed(int dim, long place) -> {
                        if (listed != null && axisOfListed < 0) {
                            placeListed();
                        }
                        constant += dim >= first && dim <= last ? place * stride(dim) : 0;
                    }
                    case Listed each -> {
                        if (axisOfListed < 0) {
                            placeListed();
                        }
                        addListed(each);
                    }
                    case Added _, Gap _ -> {}
                }
            }
            return total();
        }

        private void placeListed() {
            axisOfListed = axes.size();
            Selection.this.addListed(axes);
        }

        private long stride(int dim) {
            return product(x.shape().toArray(), dim + 1, last + 1);
        }

        private void addRange(Prim.Range range, long stride) {
            axisOfTerm.add(axes.size());
            axes.add(range.count());
            Tensor iota = Indexing.range(x, range.count());
            long step = range.step() * stride;
            terms.add(step == 1 ? iota : iota.mul(step));
            constant += range.start() * stride;
        }

        private void addListed(Listed each) {
            long stride = stride(each.last());
            Tensor places = each.places();
            if (!each.known()) {
                long extent = x.extent(each.first());
                places = places.shiftRight(63).and(places.scalarLike(extent)).add(places);
                if (first < last) {
                    // A wrong index must not become a right number: the sign bit marks it.
                    Tensor marked = places.or(places.neg().add(extent - 1));
                    outside = outside == null ? marked : outside.or(marked);
                }
            }
            terms.add(stride == 1 ? places : places.mul(stride));
            axisOfTerm.add(axisOfListed + rankOfListed() - places.rank());
        }

        private int rankOfListed() {
            return listed == null ? 0 : listed.rank();
        }

        private Tensor total() {
            Tensor sum = null;
            for (int i = 0; i < terms.size(); i++) {
                Tensor term = inPlace(terms.get(i), axisOfTerm.get(i));
                sum = sum == null ? term : sum.add(term);
            }
            if (sum == null) {
                Prim.Fill fill = new Prim.Fill(DType.I64, Shape.of(1), constant);
                return Engine.createLike(x, fill);
            }
            sum = constant == 0 ? sum : sum.add(constant);
            if (outside != null) {
                int axis = axisOfListed + rankOfListed() - outside.rank();
                sum = sum.or(inPlace(outside, axis).shiftRight(63));
            }
            Shape shape = Shape.of(axes.stream().mapToLong(Long::longValue).toArray());
            return sum.expand(shape).reshape(Shape.of(shape.elementCount()));
        }

        /** A term's dimensions from {@code axis} on among extents of 1. */
        private Tensor inPlace(Tensor term, int axis) {
            long[] extents = new long[axes.size()];
            Arrays.fill(extents, 1);
            System.arraycopy(term.shape().toArray(), 0, extents, axis, term.rank());
            return term.reshape(Shape.of(extents));
        }
    }

    // ---- errors ----

    /** Runs {@code action}; an index out of range is named as it stands in the expression. */
    private Tensor checked(Supplier<Tensor> action) {
        try {
            return action.get();
        } catch (IndexOutOfBoundsException e) {
            for (Part part : parts) {
                if (part instanceof Listed(int dim, _, Tensor places, boolean known) && !known) {
                    requireInRange(places, dim, e);
                }
            }
            throw e;
        }
    }

    private void requireInRange(Tensor places, int dim, IndexOutOfBoundsException cause) {
        if (places.payload() instanceof Stored) {
            for (long place : places.toLongArray()) {
                if (place < -x.extent(dim) || place >= x.extent(dim)) {
                    throw outOfRange(operation, place, dim, x, cause);
                }
            }
        }
    }

    private static IndexOutOfBoundsException outOfRange(
            String operation, long place, int dim, Tensor x, @Nullable Throwable cause) {
        IndexOutOfBoundsException error =
                new IndexOutOfBoundsException(
                        ErrorPrefix.of(operation)
                                + ": index "
                                + place
                                + " is out of range for dimension "
                                + dim
                                + " of extent "
                                + x.extent(dim)
                                + " of "
                                + x.type());
        if (cause != null) {
            error.initCause(cause);
        }
        return error;
    }
}
