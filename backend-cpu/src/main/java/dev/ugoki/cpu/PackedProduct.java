package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

/**
 * F32 products C = A B, or C + A B, where A and B are whatever can be packed: matrices in memory,
 * or patches of images that are never laid out as a matrix. After Goto and van de Geijn, "Anatomy
 * of high-performance matrix multiplication" (2008): blocks of A and B are packed into panels,
 * which lie in the caches in the order of their use, and {@link Tile}s of C are made of a panel of
 * each.
 *
 * <p>Every element of C is a sum over blocks of {@link #DEPTH} along k; each block's part is one
 * chain of fma, in ascending order. So nothing else that is decided here changes a bit: the tiles
 * and the division between threads may depend on anything.
 *
 * <p>All threads pack, then all threads multiply; what is packed serves them all.
 */
final class PackedProduct {
    /** The rows of A. */
    @FunctionalInterface
    interface Rows {
        /**
         * Packs one panel, column after column: the element in row {@code row + i} and column
         * {@code front + p} goes to {@code target + 4 * (p * rows + i)}. Called on any thread.
         */
        void pack(int row, int rows, int front, int depth, long target);
    }

    /** The columns of B. */
    @FunctionalInterface
    interface Columns {
        /**
         * Packs one panel, row after row: the element in row {@code front + p} and column {@code
         * column + j} goes to {@code target + 4 * (p * width + j)}; zeros from {@code columns} to
         * {@code width}. Called on any thread.
         *
         * @param width {@code columns}, rounded up to whole vectors
         */
        void pack(int front, int depth, int column, int columns, int width, long target);
    }

    /** What follows on a product, such as the addition of a bias. */
    @FunctionalInterface
    interface Epilogue {
        /**
         * Called once for each region of C, when it is done and still in the caches, on the thread
         * that made it.
         */
        void run(int row, int rows, int column, int columns);
    }

    /** How many products one chain of fma holds at most. */
    static final int DEPTH = 256;

    /** How many rows of A, and columns of B, are packed at a time. */
    private static final int HEIGHT = 2048;

    private static final int WIDTH = 2048;

    /** A task goes through this many panels of A for each of B: they stay in the L2 cache. */
    private static final int PANELS_IN_CACHE = 24;

    /** A task has at least about this many multiplications. */
    private static final long TASK_WORK = 1 << 21;

    private static final int TASKS_PER_THREAD = 4;

    private static final ThreadLocal<PackedProduct> OF_THREAD =
            ThreadLocal.withInitial(PackedProduct::new);

    private final ThreadPool.Task packing = this::pack;
    private final ThreadPool.Task multiplying = this::multiply;

    private final MatrixPanels matrixA = new MatrixPanels();
    private final MatrixPanels matrixB = new MatrixPanels();
    private @Nullable Rows rows;
    private @Nullable Columns columns;
    private @Nullable Epilogue epilogue;
    private long c;
    private long cRow;

    /** The block that is being made. */
    private int top;

    private int height;
    private int left;
    private int width;
    private int front;
    private int depth;
    private boolean add;
    private boolean last;

    private long panelsA;
    private long panelsB;
    private int panelCountA;
    private int panelCountB;

    /** The least height of a panel of A, and how many are one row higher. */
    private int panelHeight;

    private int higherPanels;
    private int groupA;
    private int groupB;
    private int groupsAcross;

    private PackedProduct() {}

    /**
     * One product, on all threads.
     *
     * @param m rows of C; {@code n} columns of C; {@code k} columns of A and rows of B
     * @param c the address of C
     * @param cRow bytes from one row of C to the next
     * @param accumulate whether the product is added to C
     */
    static void run(int m, int n, int k, Rows a, Columns b, long c, long cRow, boolean accumulate) {
        run(m, n, k, a, b, c, cRow, accumulate, null);
    }

    /** One product, followed by what is to be done with its elements; {@code k} is at least 1. */
    static void run(
            int m,
            int n,
            int k,
            Rows a,
            Columns b,
            long c,
            long cRow,
            boolean accumulate,
            @Nullable Epilogue epilogue) {
        PackedProduct product = OF_THREAD.get();
        product.epilogue = epilogue;
        product.rows = a;
        product.columns = b;
        product.c = c;
        product.cRow = cRow;
        product.run(m, n, k, accumulate);
        product.epilogue = null;
        product.rows = null;
        product.columns = null;
    }

    /** One product of matrices in memory; distances are in bytes, as in {@link MatrixPanels}. */
    static void run(
            int m,
            int n,
            int k,
            long a,
            long aRow,
            long aColumn,
            long b,
            long bRow,
            long bColumn,
            long c,
            long cRow,
            boolean accumulate,
            @Nullable Epilogue epilogue) {
        PackedProduct product = OF_THREAD.get();
        MatrixPanels x = product.matrixA.of(a, aRow, aColumn);
        MatrixPanels y = product.matrixB.of(b, bRow, bColumn);
        run(m, n, k, x, y, c, cRow, accumulate, epilogue);
    }

    private void run(int m, int n, int k, boolean accumulate) {
        long bytesA = 4L * DEPTH * Math.min(m, HEIGHT);
        long bytesB = 4L * DEPTH * Tile.width(Math.min(n, WIDTH));
        panelsA = Scratch.shared(bytesA + bytesB + NativeMemory.PADDING);
        panelsB = (panelsA + bytesA + 63) & -64;
        for (left = 0; left < n; left += WIDTH) {
            width = Math.min(WIDTH, n - left);
            panelCountB = ceilDiv(width, Tile.COLUMNS);
            for (top = 0; top < m; top += HEIGHT) {
                height = Math.min(HEIGHT, m - top);
                panelCountA = ceilDiv(height, Tile.ROWS);
                panelHeight = height / panelCountA;
                higherPanels = height % panelCountA;
                for (front = 0; front < k; front += DEPTH) {
                    depth = Math.min(DEPTH, k - front);
                    add = accumulate || front > 0;
                    last = front + depth == k;
                    makeBlock();
                }
            }
        }
    }

    private void makeBlock() {
        ThreadPool pool = ThreadPool.shared();
        long work = (long) height * width * depth;
        groupA = Math.min(panelCountA, PANELS_IN_CACHE);
        groupB = panelCountB;
        int tasks = (int) Math.min((long) pool.threads() * TASKS_PER_THREAD, work / TASK_WORK);
        if (pool.threads() > 1 && tasks > 1) {
            pool.parallelFor(panelCountA + panelCountB, packing);
            int groupsDown = ceilDiv(panelCountA, groupA);
            groupB = ceilDiv(panelCountB, Math.min(panelCountB, ceilDiv(tasks, groupsDown)));
            groupsAcross = ceilDiv(panelCountB, groupB);
            pool.parallelFor(groupsDown * groupsAcross, multiplying);
        } else {
            for (int panel = 0; panel < panelCountA + panelCountB; panel++) {
                pack(panel);
            }
            groupsAcross = 1;
            for (int group = 0; group < ceilDiv(panelCountA, groupA); group++) {
                multiply(group);
            }
        }
    }

    private static int ceilDiv(int count, int size) {
        return (count + size - 1) / size;
    }

    /** The first row, in its block, of a panel of A. */
    private int firstRow(int panel) {
        return panel * panelHeight + Math.min(panel, higherPanels);
    }

    private void pack(int panel) {
        Rows a = rows;
        Columns b = columns;
        if (a == null || b == null) {
            throw new AssertionError("packing outside a product");
        }
        if (panel < panelCountA) {
            int row = firstRow(panel);
            int count = firstRow(panel + 1) - row;
            a.pack(top + row, count, front, depth, panelsA + 4L * row * depth);
        } else {
            int column = (panel - panelCountA) * Tile.COLUMNS;
            int count = Math.min(Tile.COLUMNS, width - column);
            long target = panelsB + 4L * column * depth;
            b.pack(front, depth, left + column, count, Tile.width(count), target);
        }
    }

    private void multiply(int group) {
        int firstA = group / groupsAcross * groupA;
        int firstB = group % groupsAcross * groupB;
        int endA = Math.min(panelCountA, firstA + groupA);
        int endB = Math.min(panelCountB, firstB + groupB);
        for (int panel = firstB; panel < endB; panel++) {
            int column = panel * Tile.COLUMNS;
            int tileColumns = Math.min(Tile.COLUMNS, width - column);
            long b = panelsB + 4L * column * depth;
            long target = c + 4L * (left + column);
            int row = firstRow(firstA);
            for (int other = firstA; other < endA; other++) {
                int next = firstRow(other + 1);
                long a = panelsA + 4L * row * depth;
                long tile = target + (top + row) * cRow;
                Tile.run(next - row, tileColumns, depth, a, b, tile, cRow, add);
                row = next;
            }
        }
        Epilogue finish = epilogue;
        if (last && finish != null) {
            int row = firstRow(firstA);
            int column = firstB * Tile.COLUMNS;
            int columnCount = Math.min(endB * Tile.COLUMNS, width) - column;
            finish.run(top + row, firstRow(endA) - row, left + column, columnCount);
        }
    }
}
