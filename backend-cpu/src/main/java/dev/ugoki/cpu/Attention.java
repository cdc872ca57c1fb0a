package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.AttentionKernels;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.ScaledDotProductAttention;
import dev.ugoki.tensor.spi.Stored;

import java.util.concurrent.CompletableFuture;

/**
 * Scaled dot-product attention, forward and backward, in blocks of queries and keys, so that there
 * is never a matrix of all scores. After Dao et al., "FlashAttention" (2022).
 *
 * <p>A block of scores has a row for each key and a column for each query: the queries lie in the
 * lanes of vectors, so that the softmax of each stays in its lane, and the block can be an operand
 * of all further products as it lies. Going from one block of keys to the next, a query's greatest
 * score may grow; what was summed up before is then scaled down.
 *
 * <p>How the work is cut follows from shape alone, and so do all bits.
 */
final class Attention {
    /** Queries and keys of a block, forward; multiples of 16, and of the rows of a partial sum. */
    private static final int QUERIES = 64;

    private static final int KEYS = 128;

    /** The same, backward. */
    private static final int GRADIENT_QUERIES = 128;

    private static final int GRADIENT_KEYS = 128;

    private static final class Kernels {
        static final GeneratedKernel MAXIMUM = GeneratedKernels.get(AttentionKernels.maximum());
        static final GeneratedKernel EXPONENTIALS =
                GeneratedKernels.get(AttentionKernels.exponentials());
        static final GeneratedKernel LOG_SUM = GeneratedKernels.get(AttentionKernels.logSum());
        static final GeneratedKernel SCALED_ROWS =
                GeneratedKernels.get(AttentionKernels.scaledRows());
        static final GeneratedKernel SCALED_COLUMNS =
                FloatKernels.binary(Prim.Binary.Kind.MUL, Layout.FULL, Layout.PER_COLUMN);
        static final GeneratedKernel ROW_PRODUCTS =
                GeneratedKernels.get(AttentionKernels.rowProducts());
        static final GeneratedKernel SCORE_GRADIENTS =
                GeneratedKernels.get(AttentionKernels.scoreGradients());
    }

    private Attention() {}

    /** Whether there are kernels for operands of these types. */
    static boolean has(TensorType[] operands) {
        for (TensorType operand : operands) {
            if (operand.shape().elementCount() == 0) {
                return false;
            }
        }
        return operands[0].dtype() == DType.F32 || WideResult.isNarrow(operands[0].dtype());
    }

    static void forward(ScaledDotProductAttention op, Stored[] in, Stored[] out) {
        try (Heads queries = Heads.of(in[0]);
                Heads keys = Heads.of(in[1]);
                Heads values = Heads.of(in[2]);
                ScoreMask mask = ScoreMask.of(op.causal(), in.length > 3 ? in[3] : null);
                WideResult result = WideResult.of(out[0])) {
            new Forward(queries, keys, values, mask, (float) op.scale())
                    .run(result.address(), out[1].address());
            result.store();
        }
    }

    static void backward(ScaledDotProductAttention.Gradient op, Stored[] in, Stored[] out) {
        try (Heads g = Heads.of(in[0]);
                Heads result = Heads.of(in[1]);
                Reordered logarithms = Reordered.contiguous(in[2]);
                Heads queries = Heads.of(in[3]);
                Heads keys = Heads.of(in[4]);
                Heads values = Heads.of(in[5]);
                ScoreMask mask = ScoreMask.of(op.causal(), in.length > 6 ? in[6] : null);
                WideResult dQueries = WideResult.of(out[0]);
                WideResult dKeys = WideResult.of(out[1]);
                WideResult dValues = WideResult.of(out[2])) {
            new Backward(g, result, queries, keys, values, mask, (float) op.scale())
                    .run(
                            logarithms.address(),
                            dQueries.address(),
                            dKeys.address(),
                            dValues.address());
            dQueries.store();
            dKeys.store();
            dValues.store();
        }
    }

    /** Asks for the kernels of the forward pass; done when all are in use. */
    static CompletableFuture<Boolean> forwardReady(int valueWidth) {
        return Kernels.MAXIMUM
                .compileFlat()
                .thenCombine(Kernels.EXPONENTIALS.compileRows(QUERIES), Boolean::logicalAnd)
                .thenCombine(Kernels.LOG_SUM.compileFlat(), Boolean::logicalAnd)
                .thenCombine(Kernels.SCALED_COLUMNS.compileRows(QUERIES), Boolean::logicalAnd)
                .thenCombine(Kernels.SCALED_ROWS.compileRows(valueWidth), Boolean::logicalAnd)
                .thenCombine(Kernels.SCALED_ROWS.compileRows(16), Boolean::logicalAnd);
    }

    /** Asks for the kernels of the backward pass; done when all are in use. */
    static CompletableFuture<Boolean> backwardReady(int width, int valueWidth) {
        return Kernels.ROW_PRODUCTS
                .compileRows(valueWidth)
                .thenCombine(
                        Kernels.SCORE_GRADIENTS.compileRows(GRADIENT_QUERIES), Boolean::logicalAnd)
                .thenCombine(Kernels.SCALED_ROWS.compileRows(width), Boolean::logicalAnd)
                .thenCombine(Kernels.SCALED_ROWS.compileRows(16), Boolean::logicalAnd);
    }

    private static int ceilDiv(int count, int size) {
        return (count + size - 1) / size;
    }

    /** {@code columns}, rounded up to whole vectors of any machine: what a row has room for. */
    private static int wholeVectors(int columns) {
        return (columns + 15) & -16;
    }

    private static long rowBytes(int columns) {
        return 4L * wholeVectors(columns);
    }

    /** As {@link DirectProduct#run}, but C has whole vectors, and B is read as far. */
    private static void product(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long c,
            long cRow,
            boolean accumulate) {
        DirectProduct.run(m, Tile.width(n), k, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
    }

    /** Scratch memory in pieces, each 64-byte aligned. */
    private static final class Pieces {
        private long next;

        void begin(long bytes) {
            next = (Scratch.address(bytes + 64) + 63) & -64;
        }

        long take(long bytes) {
            long address = next;
            next += (bytes + 63) & -64;
            return address;
        }
    }

    /** The operand tables of the kernels that a thread runs, and its scratch memory. */
    private static final class Workspace {
        private static final ThreadLocal<Workspace> OF_THREAD =
                ThreadLocal.withInitial(Workspace::new);

        final Pieces pieces = new Pieces();
        private final long[] five = new long[10];
        private final long[] six = new long[12];
        private final long[] four = new long[8];
        private final long[] three = new long[6];

        void maximum(long greatest, long ofBlock, long subtracted, long shrinkage, int count) {
            five[0] = greatest;
            five[2] = ofBlock;
            five[4] = greatest;
            five[6] = subtracted;
            five[8] = shrinkage;
            Kernels.MAXIMUM.runFlat(five, 0, count, 0);
        }

        void exponentials(
                long scores, long row, long subtracted, long sums, int keys, int queries) {
            four[0] = scores;
            four[1] = row;
            four[2] = subtracted;
            four[3] = 0;
            four[4] = scores;
            four[5] = row;
            four[6] = sums;
            four[7] = row;
            Kernels.EXPONENTIALS.runRows(four, 0, keys, queries, 0);
        }

        /**
         * {@code target[j, i] = factor * x[i, j]}; zeros where x has no row, up to whole vectors.
         */
        void transpose(
                long x,
                long xRow,
                int rows,
                int columns,
                float factor,
                long factorPlace,
                long target,
                long targetRow) {
            Transposition.run(rows, columns, x, xRow, target, targetRow);
            int width = wholeVectors(rows);
            for (int column = 0; column < columns && rows < width; column++) {
                for (long at = 4L * rows; at < 4L * width; at += 4) {
                    NativeMemory.setFloat(target + column * targetRow + at, 0f);
                }
            }
            if (factor != 1) {
                NativeMemory.setFloat(factorPlace, factor);
                scaleRows(target, targetRow, factorPlace, 0, target, targetRow, columns, width);
            }
        }

        void logSum(long sum, long subtracted, long inverse, long logarithm, int count) {
            four[0] = sum;
            four[2] = subtracted;
            four[4] = inverse;
            four[6] = logarithm;
            Kernels.LOG_SUM.runFlat(four, 0, count, 0);
        }

        /** A factor for each row, {@code factorBytes} apart; 0 for one factor of all. */
        void scaleRows(
                long x,
                long xRow,
                long factors,
                long factorBytes,
                long result,
                long resultRow,
                int rows,
                int columns) {
            three[0] = x;
            three[1] = xRow;
            three[2] = factors;
            three[3] = factorBytes;
            three[4] = result;
            three[5] = resultRow;
            Kernels.SCALED_ROWS.runRows(three, 0, rows, columns, 0);
        }

        /** A factor for each column. */
        void scaleColumns(long scores, long row, long factors, int rows, int columns) {
            three[0] = scores;
            three[1] = row;
            three[2] = factors;
            three[3] = 0;
            three[4] = scores;
            three[5] = row;
            Kernels.SCALED_COLUMNS.runRows(three, 0, rows, columns, 0);
        }

        void rowProducts(
                long x, long xRow, long y, long yRow, long sums, int rows, int columns, long kept) {
            three[0] = x;
            three[1] = xRow;
            three[2] = y;
            three[3] = yRow;
            three[4] = sums;
            three[5] = 4;
            Kernels.ROW_PRODUCTS.runRows(three, 0, rows, columns, kept);
        }

        void scoreGradients(
                long scores,
                long gradients,
                long row,
                long logarithms,
                long sums,
                int keys,
                int queries) {
            six[0] = scores;
            six[1] = row;
            six[2] = gradients;
            six[3] = row;
            six[4] = logarithms;
            six[6] = sums;
            six[8] = scores;
            six[9] = row;
            six[10] = gradients;
            six[11] = row;
            Kernels.SCORE_GRADIENTS.runRows(six, 0, keys, queries, 0);
        }
    }

    /** The forward pass; a task is one block of queries of one head. One thread may use it. */
    static final class Forward {
        /** So few multiplications do not pay for waking other threads. */
        private static final long SMALL = 1 << 18;

        private static final int SUMS = KEYS / Output.ROWS_PER_BLOCK;
        private static final long SCORE_ROW = 4L * QUERIES;

        private final Heads queries;
        private final Heads keys;
        private final Heads values;
        private final ScoreMask mask;
        private final float scale;
        private final int blocks;
        private final int tasks;
        private final boolean isSmall;
        private final ThreadPool.Task task = this::runTask;
        private long result;
        private long logarithms;

        Forward(Heads queries, Heads keys, Heads values, ScoreMask mask, float scale) {
            this.queries = queries;
            this.keys = keys;
            this.values = values;
            this.mask = mask;
            this.scale = scale;
            blocks = ceilDiv(queries.rows(), QUERIES);
            tasks = Math.multiplyExact(queries.count(), blocks);
            long scores = (long) queries.count() * queries.rows() * keys.rows();
            isSmall = scores * (keys.columns() + values.columns()) <= SMALL;
        }

        void run(long resultAddress, long logarithmsAddress) {
            result = resultAddress;
            logarithms = logarithmsAddress;
            if (isSmall) {
                for (int index = 0; index < tasks; index++) {
                    runTask(index);
                }
            } else {
                ThreadPool.shared().parallelFor(tasks, task);
            }
        }

        private void runTask(int index) {
            run(index / blocks, index % blocks);
        }

        private void run(int head, int block) {
            int width = keys.columns();
            int valueWidth = values.columns();
            int query = block * QUERIES;
            int count = Math.min(QUERIES, queries.rows() - query);
            int columns = wholeVectors(count);
            long resultRow = rowBytes(valueWidth);

            Workspace workspace = Workspace.OF_THREAD.get();
            Pieces pieces = workspace.pieces;
            pieces.begin(SCORE_ROW * (width + KEYS + SUMS + 6) + QUERIES * resultRow);
            long transposed = pieces.take(SCORE_ROW * width);
            long scores = pieces.take(SCORE_ROW * KEYS);
            long partialSums = pieces.take(SCORE_ROW * SUMS);
            long greatest = pieces.take(SCORE_ROW);
            long ofBlock = pieces.take(SCORE_ROW);
            long subtracted = pieces.take(SCORE_ROW);
            long shrinkage = pieces.take(SCORE_ROW);
            long sums = pieces.take(SCORE_ROW);
            long finished = pieces.take(SCORE_ROW);
            long weighted = pieces.take(QUERIES * resultRow);

            long q = queries.address(head) + query * queries.rowBytes();
            long k = keys.address(head);
            long v = values.address(head);
            long row = queries.rowBytes();
            workspace.transpose(q, row, count, width, scale, sums, transposed, SCORE_ROW);
            for (int i = 0; i < columns; i++) {
                NativeMemory.setFloat(greatest + 4L * i, Float.NEGATIVE_INFINITY);
                NativeMemory.setFloat(sums + 4L * i, 0f);
            }
            int end = mask.keyEnd(query + count, keys.rows());
            // Where a query has no more weights than results, they are scaled in place of those.
            boolean scalesWeights = end <= Math.min(KEYS, valueWidth) && valueWidth % 16 == 0;
            for (int key = 0; key < end; key += KEYS) {
                int rows = Math.min(KEYS, end - key);
                product(
                        rows,
                        count,
                        width,
                        k + key * keys.rowBytes(),
                        keys.rowBytes(),
                        4,
                        transposed,
                        SCORE_ROW,
                        scores,
                        SCORE_ROW,
                        false);
                mask.apply(head, scores, SCORE_ROW, key, rows, query, count);
                ColumnMaxima.run(scores, SCORE_ROW, rows, columns, ofBlock);
                workspace.maximum(greatest, ofBlock, subtracted, shrinkage, columns);
                workspace.exponentials(scores, SCORE_ROW, subtracted, partialSums, rows, columns);
                if (key == 0 && rows <= Output.ROWS_PER_BLOCK) {
                    NativeMemory.copy(partialSums, sums, 4L * columns);
                } else if (addSums(sums, shrinkage, partialSums, rows, columns) && key > 0) {
                    workspace.scaleRows(
                            weighted,
                            resultRow,
                            shrinkage,
                            4,
                            weighted,
                            resultRow,
                            count,
                            wholeVectors(valueWidth));
                }
                if (!scalesWeights) {
                    product(
                            count,
                            valueWidth,
                            rows,
                            scores,
                            4,
                            SCORE_ROW,
                            v + key * values.rowBytes(),
                            values.rowBytes(),
                            weighted,
                            resultRow,
                            key > 0);
                }
            }
            // The shrinkages have served; the inverse sums take their place.
            workspace.logSum(sums, subtracted, shrinkage, finished, columns);
            long first = (long) head * queries.rows() + query;
            NativeMemory.copy(finished, logarithms + 4 * first, 4L * count);
            long target = result + 4 * first * valueWidth;
            long targetRow = 4L * valueWidth;
            if (scalesWeights) {
                workspace.scaleColumns(scores, SCORE_ROW, shrinkage, end, columns);
                long valueRow = values.rowBytes();
                product(
                        count,
                        valueWidth,
                        end,
                        scores,
                        4,
                        SCORE_ROW,
                        v,
                        valueRow,
                        target,
                        targetRow,
                        false);
            } else {
                workspace.scaleRows(
                        weighted, resultRow, shrinkage, 4, target, targetRow, count, valueWidth);
            }
        }

        /** {@code sums = sums * shrinkage + new sums}; whether anything shrinks. */
        private static boolean addSums(
                long sums, long shrinkage, long partialSums, int rows, int columns) {
            boolean shrinks = false;
            for (long at = 0; at < 4L * columns; at += 4) {
                float added = NativeMemory.getFloat(partialSums + at);
                for (int row = 1; row < ceilDiv(rows, Output.ROWS_PER_BLOCK); row++) {
                    added += NativeMemory.getFloat(partialSums + row * SCORE_ROW + at);
                }
                float factor = NativeMemory.getFloat(shrinkage + at);
                shrinks |= factor != 1;
                float sum = Math.fma(NativeMemory.getFloat(sums + at), factor, added);
                NativeMemory.setFloat(sums + at, sum);
            }
            return shrinks;
        }
    }

    /** The backward pass; a task is one head. One thread may use it. */
    static final class Backward {
        private static final long SCORE_ROW = 4L * GRADIENT_QUERIES;

        private final Heads g;
        private final Heads result;
        private final Heads queries;
        private final Heads keys;
        private final Heads values;
        private final ScoreMask mask;
        private final float scale;
        private final ThreadPool.Task task = this::run;
        private long logarithms;
        private long dQueries;
        private long dKeys;
        private long dValues;

        Backward(
                Heads g,
                Heads result,
                Heads queries,
                Heads keys,
                Heads values,
                ScoreMask mask,
                float scale) {
            this.g = g;
            this.result = result;
            this.queries = queries;
            this.keys = keys;
            this.values = values;
            this.mask = mask;
            this.scale = scale;
        }

        /** Of the logarithms that the forward pass gave, to the gradients. */
        void run(long ofForward, long toQueries, long toKeys, long toValues) {
            logarithms = ofForward;
            dQueries = toQueries;
            dKeys = toKeys;
            dValues = toValues;
            ThreadPool.shared().parallelFor(queries.count(), task);
        }

        private void run(int head) {
            int length = queries.rows();
            int keyCount = keys.rows();
            int width = keys.columns();
            int valueWidth = values.columns();
            int padded = ceilDiv(length, 16) * 16;
            long column = 4L * padded;
            long row = rowBytes(width);
            long valueRow = rowBytes(valueWidth);

            Workspace workspace = Workspace.OF_THREAD.get();
            Pieces pieces = workspace.pieces;
            pieces.begin(
                    column * (width + valueWidth + 2)
                            + 2 * SCORE_ROW * GRADIENT_KEYS
                            + length * row
                            + GRADIENT_KEYS * (row + valueRow)
                            + 1024);
            long transposedQ = pieces.take(column * width);
            long transposedG = pieces.take(column * valueWidth);
            long logs = pieces.take(column);
            long sums = pieces.take(column);
            long scores = pieces.take(SCORE_ROW * GRADIENT_KEYS);
            long gradients = pieces.take(SCORE_ROW * GRADIENT_KEYS);
            long dQ = pieces.take(length * row);
            long dK = pieces.take(GRADIENT_KEYS * row);
            long dV = pieces.take(GRADIENT_KEYS * valueRow);
            long factor = pieces.take(64);
            long kept = pieces.take(Kernels.ROW_PRODUCTS.scratchBytes(valueWidth));

            long q = queries.address(head);
            long k = keys.address(head);
            long v = values.address(head);
            long dOut = g.address(head);
            long qRow = queries.rowBytes();
            workspace.transpose(q, qRow, length, width, scale, factor, transposedQ, column);
            long gRow = g.rowBytes();
            workspace.transpose(dOut, gRow, length, valueWidth, 1, factor, transposedG, column);
            NativeMemory.clear(logs, column);
            NativeMemory.clear(sums, column);
            NativeMemory.copy(logarithms + 4L * head * length, logs, 4L * length);
            workspace.rowProducts(
                    dOut,
                    g.rowBytes(),
                    result.address(head),
                    result.rowBytes(),
                    sums,
                    length,
                    valueWidth,
                    kept);
            NativeMemory.setFloat(factor, scale);
            NativeMemory.clear(dQ, length * row);
            for (int key = 0; key < keyCount; key += GRADIENT_KEYS) {
                int rows = Math.min(GRADIENT_KEYS, keyCount - key);
                NativeMemory.clear(dK, rows * row);
                NativeMemory.clear(dV, rows * valueRow);
                int first = mask.firstQuery(key) / GRADIENT_QUERIES * GRADIENT_QUERIES;
                for (int query = first; query < length; query += GRADIENT_QUERIES) {
                    int count = Math.min(GRADIENT_QUERIES, length - query);
                    int columns = wholeVectors(count);
                    product(
                            rows,
                            count,
                            width,
                            k + key * keys.rowBytes(),
                            keys.rowBytes(),
                            4,
                            transposedQ + 4L * query,
                            column,
                            scores,
                            SCORE_ROW,
                            false);
                    mask.apply(head, scores, SCORE_ROW, key, rows, query, count);
                    product(
                            rows,
                            count,
                            valueWidth,
                            v + key * values.rowBytes(),
                            values.rowBytes(),
                            4,
                            transposedG + 4L * query,
                            column,
                            gradients,
                            SCORE_ROW,
                            false);
                    workspace.scoreGradients(
                            scores,
                            gradients,
                            SCORE_ROW,
                            logs + 4L * query,
                            sums + 4L * query,
                            rows,
                            columns);
                    product(
                            rows,
                            valueWidth,
                            count,
                            scores,
                            SCORE_ROW,
                            4,
                            dOut + query * g.rowBytes(),
                            g.rowBytes(),
                            dV,
                            valueRow,
                            true);
                    product(
                            rows,
                            width,
                            count,
                            gradients,
                            SCORE_ROW,
                            4,
                            q + query * queries.rowBytes(),
                            queries.rowBytes(),
                            dK,
                            row,
                            true);
                    product(
                            count,
                            width,
                            rows,
                            gradients,
                            4,
                            SCORE_ROW,
                            k + key * keys.rowBytes(),
                            keys.rowBytes(),
                            dQ + query * row,
                            row,
                            true);
                }
                long to = (long) head * keyCount + key;
                workspace.scaleRows(
                        dK, row, factor, 0, dKeys + 4 * to * width, 4L * width, rows, width);
                for (int i = 0; i < rows; i++) {
                    NativeMemory.copy(
                            dV + i * valueRow,
                            dValues + 4 * (to + i) * valueWidth,
                            4L * valueWidth);
                }
            }
            long to = dQueries + 4L * head * length * width;
            workspace.scaleRows(dQ, row, factor, 0, to, 4L * width, length, width);
        }
    }
}
