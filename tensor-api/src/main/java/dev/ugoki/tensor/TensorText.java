package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Traced;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How a tensor prints: its type, then its elements as NumPy's {@code str} writes them. More than a
 * thousand elements are summarized by three at either end of each long dimension.
 *
 * <p>Elements are read from the device without any operation, so that printing within a trace, or
 * of what a tape follows, leaves no mark there.
 */
final class TensorText {
    private static final long THRESHOLD = 1000;
    private static final int EDGE_ITEMS = 3;
    private static final long MOST_PRINTED = 10_000;
    private static final int LINE_WIDTH = 75;

    private final Stored stored;
    private final Shape shape;
    private final int edgeItems;
    private final StringBuilder text = new StringBuilder();
    private List<String> elements = List.of();
    private int next;

    private TensorText(Stored stored) {
        this.stored = stored;
        this.shape = stored.shape();
        this.edgeItems = edgeItems(shape);
    }

    static String of(Tensor tensor) {
        return switch (tensor.payload()) {
            case Traced traced -> tensor.type() + " traced as %" + traced.value();
            case Stored stored when stored.storage().isReleased() -> tensor.type() + " released";
            case Stored stored -> tensor.type() + new TensorText(stored).values();
        };
    }

    /** How many elements to print at either end of a dimension; -1 for all, 0 for none. */
    private static int edgeItems(Shape shape) {
        if (shape.elementCount() <= THRESHOLD) {
            return -1;
        }
        for (int items = EDGE_ITEMS; items > 0; items--) {
            double printed = 1;
            for (int dim = 0; dim < shape.rank(); dim++) {
                printed *= Math.min(shape.extent(dim), 2 * items);
            }
            if (printed <= MOST_PRINTED) {
                return items;
            }
        }
        return 0;
    }

    private String values() {
        if (shape.elementCount() == 0) {
            return " []";
        }
        if (edgeItems == 0) {
            return " [...]";
        }
        try {
            List<MemorySegment> runs = new ArrayList<>();
            read(0, 0, runs);
            elements = ElementTexts.of(stored.dtype(), runs);
        } catch (IllegalStateException e) {
            return " released";
        }
        print(0);
        return (shape.rank() < 2 ? " " : "\n") + text;
    }

    private boolean isSummarized(int dim) {
        return edgeItems > 0 && shape.extent(dim) > 2 * edgeItems;
    }

    // ---- reading ----

    /** Reads what is printed of the part whose first element lies at {@code offset}. */
    private void read(int dim, long offset, List<MemorySegment> runs) {
        if (dim == shape.rank()) {
            runs.add(run(offset, 1));
            return;
        }
        long extent = shape.extent(dim);
        boolean isRow = dim == shape.rank() - 1 && stored.stride(dim) == 1;
        if (isSummarized(dim)) {
            part(dim, offset, 0, edgeItems, isRow, runs);
            part(dim, offset, extent - edgeItems, edgeItems, isRow, runs);
        } else {
            part(dim, offset, 0, extent, isRow, runs);
        }
    }

    private void part(
            int dim, long offset, long from, long count, boolean isRow, List<MemorySegment> runs) {
        if (isRow) {
            runs.add(run(offset + from, count));
            return;
        }
        for (long i = from; i < from + count; i++) {
            read(dim + 1, offset + i * stored.stride(dim), runs);
        }
    }

    /** Elements that follow one another in memory, from the one at {@code offset} on. */
    private MemorySegment run(long offset, long count) {
        TensorType type = new TensorType(stored.dtype(), Shape.of(count));
        Stored view = new Stored(stored.storage(), type, stored.offset() + offset, new long[] {1});
        return HostCopies.download(view);
    }

    // ---- printing ----

    private void print(int dim) {
        if (dim == shape.rank()) {
            text.append(elements.get(next++));
            return;
        }
        text.append('[');
        long printed = isSummarized(dim) ? 2L * edgeItems : shape.extent(dim);
        for (long i = 0; i < printed; i++) {
            if (i > 0) {
                separate(dim, dim == shape.rank() - 1 ? elements.get(next).length() : 0);
            }
            if (isSummarized(dim) && i == edgeItems) {
                text.append("...");
                separate(dim, dim == shape.rank() - 1 ? elements.get(next).length() : 0);
            }
            print(dim + 1);
        }
        text.append(']');
    }

    /** A space within a row, or a new line where that is full; empty lines between matrices. */
    private void separate(int dim, int width) {
        boolean isRow = dim == shape.rank() - 1;
        int inLine = text.length() - (text.lastIndexOf("\n") + 1);
        if (isRow && inLine + 1 + width < LINE_WIDTH) {
            text.append(' ');
        } else {
            text.repeat('\n', isRow ? 1 : shape.rank() - 1 - dim).repeat(' ', dim + 1);
        }
    }
}
