package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.RowKernels;

/**
 * The cross-entropy of rows of F32 scores and its gradient: a generated kernel goes over the row,
 * and what concerns the target alone is put in while the row is in the cache.
 *
 * @param targets the address of a class for each row
 * @param dtype of the targets, I64 or I32
 * @param smoothing the share of the loss that all classes have evenly
 * @param ignored the target whose row counts nothing
 */
record CrossEntropyRows(
        long rows, long classes, long targets, DType dtype, float smoothing, long ignored) {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;
    private static final GeneratedKernel FORWARD = GeneratedKernels.get(RowKernels.crossEntropy());
    private static final GeneratedKernel GRADIENT =
            GeneratedKernels.get(RowKernels.crossEntropyGradient());

    /** Writes a loss, the largest score and the logarithm of the sum of powers for each row. */
    void forward(long scores, long losses, long largest, long logarithms) {
        long means = NativeMemory.allocate(4 * rows);
        try {
            long rowBytes = 4 * classes;
            long[] table = {scores, rowBytes, largest, 4, logarithms, 4, means, 4};
            forEach(
                    (first, end) -> {
                        run(FORWARD, table, first, end);
                        for (long row = first; row < end; row++) {
                            float loss = 0;
                            long target = target(row);
                            if (target != ignored) {
                                float score =
                                        NativeMemory.getFloat(
                                                scores + row * rowBytes + 4 * checked(target));
                                float logarithm = NativeMemory.getFloat(logarithms + 4 * row);
                                float shifted = score - NativeMemory.getFloat(largest + 4 * row);
                                loss = (shifted - logarithm) * (smoothing - 1);
                                if (smoothing > 0) {
                                    float mean = NativeMemory.getFloat(means + 4 * row);
                                    loss -= (mean - logarithm) * smoothing;
                                }
                            }
                            NativeMemory.setFloat(losses + 4 * row, loss);
                        }
                    });
        } finally {
            NativeMemory.free(means);
        }
    }

    /** Writes the gradient of the scores, {@code cotangents} having one element for each row. */
    void gradient(
            long scores, long largest, long logarithms, long cotangents, long scoresGradient) {
        long own = NativeMemory.allocate(4 * rows + NativeMemory.PADDING);
        try {
            long even = own + 4 * rows;
            NativeMemory.setFloat(even, smoothing / classes);
            long rowBytes = 4 * classes;
            long[] table = {
                scores,
                rowBytes,
                largest,
                4,
                logarithms,
                4,
                own,
                4,
                even,
                0,
                scoresGradient,
                rowBytes
            };
            forEach(
                    (first, end) -> {
                        for (long row = first; row < end; row++) {
                            boolean counts = target(row) != ignored;
                            float g = counts ? NativeMemory.getFloat(cotangents + 4 * row) : 0;
                            NativeMemory.setFloat(own + 4 * row, g);
                        }
                        run(GRADIENT, table, first, end);
                        for (long row = first; row < end; row++) {
                            long target = target(row);
                            if (target != ignored) {
                                long at = scoresGradient + row * rowBytes + 4 * checked(target);
                                float g = NativeMemory.getFloat(own + 4 * row);
                                float share = NativeMemory.getFloat(at) + g * (smoothing - 1);
                                NativeMemory.setFloat(at, share);
                            }
                        }
                    });
        } finally {
            NativeMemory.free(own);
        }
    }

    private interface Task {
        void run(long first, long end);
    }

    private void forEach(Task body) {
        long rowsOfTask = Math.max(1, ELEMENTS_OF_A_TASK / classes);
        int tasks = Math.toIntExact((rows + rowsOfTask - 1) / rowsOfTask);
        ThreadPool.shared()
                .parallelFor(
                        tasks,
                        task ->
                                body.run(
                                        task * rowsOfTask,
                                        Math.min(rows, (task + 1) * rowsOfTask)));
    }

    private void run(GeneratedKernel kernel, long[] table, long first, long end) {
        kernel.runRows(table, first, end, classes, Scratch.address(kernel.scratchBytes(classes)));
    }

    private long target(long row) {
        return dtype == DType.I64
                ? NativeMemory.getLong(targets + 8 * row)
                : NativeMemory.getInt(targets + 4 * row);
    }

    private long checked(long target) {
        if (target < 0 || target >= classes) {
            throw new IndexOutOfBoundsException(
                    "crossEntropy: target "
                            + target
                            + " is out of range for "
                            + classes
                            + " classes");
        }
        return target;
    }
}
