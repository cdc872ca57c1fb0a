package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/** Stable sorting: pieces in shared memory, then merged pairwise. */
final class Sorting {
    private static final int ENTRY_BYTES = 16;
    private static final int LARGEST_PIECE = 1024;
    private static final KernelBatch BATCH = new KernelBatch("sorting", "sorting");
    private static final KernelCode[] KEYS = new KernelCode[DType.values().length];
    private static final KernelCode BLOCKS =
            BATCH.add("sort_blocks_entry", "Sorting", "sort_blocks(p);");
    private static final KernelCode MERGE =
            BATCH.add("sort_merge_entry", "Sorting", "sort_merge(p);");
    private static final KernelCode PLACES =
            BATCH.add("sort_places_entry", "Sorting", "sort_places(p);");

    static {
        for (DType dtype : DType.values()) {
            String type = Names.of(dtype);
            KEYS[dtype.ordinal()] =
                    BATCH.add("sort_keys_" + type, "Sorting", "sort_keys<" + type + ">(p);");
        }
    }

    private Sorting() {}

    static List<KernelBatch> batches() {
        return List.of(BATCH);
    }

    static void argSort(Gpu gpu, Prim.ArgSort op, Stored x, Stored y) {
        long count = y.elementCount();
        if (count == 0) {
            return;
        }
        long length = x.shape().extent(op.dim());
        long lines = count / length;
        try (Gpu.Scratch scratch = gpu.scratch()) {
            Stored one = entries(scratch, count);
            Stored other = entries(scratch, count);
            gpu.launchFor(count, KEYS[x.dtype().ordinal()], arguments(op, x, y, one, one, 1));
            Stored sorted = sort(gpu, one, other, lines, length);
            gpu.launchFor(count, PLACES, arguments(op, x, y, sorted, sorted, 1));
        }
    }

    /** Memory for so many entries. */
    static Stored entries(Gpu.Scratch scratch, long count) {
        return scratch.allocate(DType.I64, count, 2);
    }

    /**
     * Sorts entries by key and then place.
     *
     * @param entries what is to be sorted, {@code [lines, length]}
     * @param other memory for as many
     * @return that of the two that holds the result
     */
    static Stored sort(Gpu gpu, Stored entries, Stored other, long lines, long length) {
        int piece = 64;
        while (piece < LARGEST_PIECE && piece < length) {
            piece *= 2;
        }
        Stored from = other;
        Stored to = entries;
        gpu.launch(
                BLOCKS,
                entriesOnly(from, to, lines, length, piece),
                lines * Math.ceilDiv(length, piece),
                1,
                piece / 2,
                piece * ENTRY_BYTES);
        for (long run = piece; run < length; run *= 2) {
            Stored sorted = to;
            to = from;
            from = sorted;
            Arguments arguments = entriesOnly(from, to, lines, length, run);
            gpu.launchFor(lines * length, MERGE, arguments);
        }
        return to;
    }

    /** The kernels' structure Sorting, as far as sorting itself needs it. */
    private static Arguments entriesOnly(
            Stored from, Stored to, long lines, long length, long run) {
        Arguments arguments = Arguments.begin().add(lines).add(length).add(0);
        return new Strides(1)
                .addTo(arguments)
                .add(0)
                .add(from.address())
                .add(to.address())
                .add(run)
                .add(0)
                .add(1)
                .add(0);
    }

    private static Arguments arguments(
            Prim.ArgSort op, Stored x, Stored y, Stored from, Stored to, long run) {
        Strides others = new Strides(1);
        long inner = 1;
        for (int d = 0; d < x.shape().rank(); d++) {
            if (d != op.dim()) {
                others.add(x.shape().extent(d), x.stride(d));
            }
            inner *= d > op.dim() ? x.shape().extent(d) : 1;
        }
        Arguments arguments =
                Arguments.begin()
                        .add(others.count())
                        .add(x.shape().extent(op.dim()))
                        .add(x.stride(op.dim()));
        return others.addTo(arguments)
                .add(x.address())
                .add(from.address())
                .add(to.address())
                .add(run)
                .add(y.address())
                .add(inner)
                .add(op.descending() ? 1 : 0);
    }
}
