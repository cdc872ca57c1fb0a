package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * Scans, the places of extremes and orders along a dimension of contiguous tensors, ready to run,
 * with the bits of {@link Rows}.
 */
final class LinesStep implements Prepared {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private final Prim op;
    private final Slot x;
    private final Slot result;
    private final Rows.Line line;
    private final @Nullable FloatLines floats;
    private final @Nullable Sorting sorting;
    private final long linesOfTask;
    private final int tasks;
    private final ThreadPool.Task task = this::runTask;
    private long from;
    private long to;

    private LinesStep(Prim op, Slot x, Slot result, Rows.Line line, boolean asFloats) {
        this.op = op;
        this.x = x;
        this.result = result;
        this.line = line;
        floats = asFloats ? new FloatLines(line.count(), line.length, line.stride) : null;
        sorting =
                op instanceof Prim.ArgSort sort
                        ? new Sorting(x.dtype(), line.length, sort.descending())
                        : null;
        linesOfTask = Math.max(1, ELEMENTS_OF_A_TASK / Math.max(1, line.length));
        tasks = Math.toIntExact((line.count() + linesOfTask - 1) / linesOfTask);
    }

    /** The step; null where the operand has to be copied first. */
    static @Nullable Prepared of(Prim.Scan op, Slot x, Slot result) {
        Rows.Line line = new Rows.Line(x.shape(), op.dim());
        boolean asFloats = x.dtype() == DType.F32 && op.kind() == Prim.Scan.Kind.SUM;
        return x.isContiguous() ? new LinesStep(op, x, result, line, asFloats) : null;
    }

    /** The step; null where the operand has to be copied first. */
    static @Nullable Prepared of(Prim.ArgReduce op, Slot x, Slot result) {
        Rows.Line line = new Rows.Line(x.shape(), op.dim());
        boolean asFloats = x.dtype() == DType.F32 && line.length > 0;
        return x.isContiguous() ? new LinesStep(op, x, result, line, asFloats) : null;
    }

    /** The step; null where the operand has to be copied first. */
    static @Nullable Prepared of(Prim.ArgSort op, Slot x, Slot result) {
        Rows.Line line = new Rows.Line(x.shape(), op.dim());
        return x.isContiguous() ? new LinesStep(op, x, result, line, false) : null;
    }

    @Override
    public void run() {
        from = x.address();
        to = result.address();
        FloatLines lines = floats;
        if (lines == null && tasks == 1) {
            runTask(0);
        } else if (lines == null) {
            ThreadPool.shared().parallelFor(tasks, task);
        } else if (op instanceof Prim.Scan scan) {
            lines.runningSums(scan.reverse(), from, to);
        } else if (op instanceof Prim.ArgReduce arg) {
            lines.placesOfExtremes(arg.kind() == Prim.ArgReduce.Kind.MAX, from, to);
        }
    }

    private void runTask(int index) {
        long end = Math.min(line.count(), (index + 1) * linesOfTask);
        for (long i = index * linesOfTask; i < end; i++) {
            switch (op) {
                case Prim.Scan scan -> Rows.scanLine(scan, x.dtype(), line, i, from, to);
                case Prim.ArgReduce arg -> Rows.argReduceLine(arg, x.dtype(), line, i, from, to);
                case Prim.ArgSort _ ->
                        Rows.sortLine(
                                Objects.requireNonNull(sorting), x.dtype(), line, i, from, to);
                default -> throw new IllegalStateException(op.name() + " goes along no lines");
            }
        }
    }
}
