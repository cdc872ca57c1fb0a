package dev.ugoki.cpu;

import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

/**
 * Sums of a contiguous F32 tensor {@code [outer, kept, inner]} over the first and the last
 * dimension, such as those of a convolution's bias: first over the first dimension, columns side by
 * side, in blocks of rows as {@link RowTotals} has them, and then over the last. So nothing is
 * brought into another order. One thread at a time may use one.
 */
final class EndSums {
    private static final long COLUMNS_OF_A_TASK = 1 << 11;

    /** The extents of what is summed. */
    record Form(long outer, long kept, long inner) {
        /** Fewer columns side by side don't pay. */
        private static final long FEWEST_KEPT = 16;

        /** The form of a sum; null if it has none. */
        static @Nullable Form of(Prim.Reduce op, Stored x) {
            int rank = x.shape().rank();
            if (op.kind() != Prim.Reduce.Kind.SUM || !x.isContiguous()) {
                return null;
            }
            int first = 0;
            while (first < rank && op.axes().contains(first)) {
                first++;
            }
            int last = first;
            while (last < rank && !op.axes().contains(last)) {
                last++;
            }
            long outer = 1;
            long kept = 1;
            long inner = 1;
            for (int dim = 0; dim < rank; dim++) {
                if (dim >= last && !op.axes().contains(dim)) {
                    return null;
                }
                long extent = x.shape().extent(dim);
                outer *= dim < first ? extent : 1;
                kept *= dim >= first && dim < last ? extent : 1;
                inner *= dim >= last ? extent : 1;
            }
            return outer > 1 && inner > 1 && kept >= FEWEST_KEPT
                    ? new Form(outer, kept, inner)
                    : null;
        }
    }

    private final Form form;
    private final long columns;
    private final long rowsOfTask;
    private final ThreadPool.Task adding = this::addRows;
    private final ThreadPool.Task summing = this::sumRows;
    private long from;
    private long to;
    private long sums;

    /** Sums of this form. */
    EndSums(Form form) {
        this.form = form;
        columns = form.kept * form.inner;
        rowsOfTask = Math.max(1, FloatReductions.ELEMENTS_OF_A_TASK / form.inner);
    }

    /** The same ready to run. */
    static Prepared step(Form form, Slot x, Slot result) {
        EndSums all = new EndSums(form);
        return () -> all.run(x.address(), result.address());
    }

    /** Sums what lies at {@code source}. */
    void run(long source, long target) {
        from = source;
        to = target;
        sums = NativeMemory.allocate(4 * columns + NativeMemory.PADDING);
        try {
            ThreadPool pool = ThreadPool.shared();
            pool.parallelFor(tasks(columns, COLUMNS_OF_A_TASK), adding);
            pool.parallelFor(tasks(form.kept, rowsOfTask), summing);
        } finally {
            NativeMemory.free(sums);
        }
    }

    private static int tasks(long count, long ofTask) {
        return Math.toIntExact((count + ofTask - 1) / ofTask);
    }

    /** Adds up some columns of all rows. */
    private void addRows(int index) {
        long column = index * COLUMNS_OF_A_TASK;
        long count = Math.min(COLUMNS_OF_A_TASK, columns - column);
        long blocks = blocks(form.outer);
        long bytes = (4 * count + 63) & -64;
        long memory = Scratch.address((blocks + blocks(blocks)) * bytes + NativeMemory.PADDING);
        long source = from + 4 * column;
        long distance = 4 * columns;
        long target = memory;
        long other = memory + blocks * bytes;
        for (long left = form.outer; left > 1; left = blocks(left)) {
            ColumnSums.run(source, distance, 0, left, count, target, bytes);
            source = target;
            distance = bytes;
            target = other;
            other = source;
        }
        NativeMemory.copy(source, sums + 4 * column, 4 * count);
    }

    private static long blocks(long rows) {
        return (rows + Output.ROWS_PER_BLOCK - 1) / Output.ROWS_PER_BLOCK;
    }

    /** Sums some rows over the last dimension. */
    private void sumRows(int index) {
        long first = index * rowsOfTask;
        long end = Math.min(form.kept, first + rowsOfTask);
        FloatReductions.rows(Prim.Reduce.Kind.SUM, sums, first, end, form.inner, to);
    }
}
