package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

/**
 * Products of matrices in memory: {@code C = A B}, or {@code C += A B}, in F32 and F64, alone or in
 * batches, on all threads.
 *
 * <p>A is m x k, B is k x n, C is m x n, all row-major. {@code ld} is the distance in elements
 * between the starts of stored rows. A transposed operand is stored with rows and columns
 * exchanged: A as k rows of m, B as n rows of k. C must not overlap A or B.
 *
 * <p>Which kernel makes a product, and how it is cut into tiles, follows from the shape alone: so a
 * result has the same bits with any number of threads. In order of choice:
 *
 * <ul>
 *   <li>F32 where oneDNN was asked for: {@link OneDnn}, one thread for each tile;
 *   <li>F64: OpenBLAS, one thread for each tile; without it {@link DoubleProduct};
 *   <li>few rows times a large B, or a transposed one: {@link FewRows}, bound by reading B once;
 *   <li>small, with a plain B: {@link DirectProduct};
 *   <li>any other: {@link PackedProduct}.
 * </ul>
 *
 * <p>The last two give the same bits.
 */
final class MatrixProduct {
    /** Products of up to this many multiplications are not divided. */
    private static final long SMALL = 1_000_000;

    /** Up to this many, a product is cut into small ones. */
    private static final long CUT_INTO_SMALL = 1 << 22;

    /** How many multiplications and elements of C a tile of a large product has, about. */
    private static final long TILE_WORK = 1 << 24;

    private static final long TILE_AREA = 1 << 17;

    /** A task of a batch of small products has about this many multiplications. */
    private static final long TASK_WORK = 1 << 20;

    /** Up to this many rows go to {@link FewRows}, where B is plain and large. */
    private static final int MAX_ROW_GROUPS_ROWS = 32;

    /** How many elements of B a task of {@link FewRows} reads, about. */
    private static final int FEW_ROWS_ELEMENTS = 1 << 16;

    private static final int FEW_ROWS_COLUMNS = 128;

    /** B's of up to this many elements are not packed. */
    private static final long DIRECT_ELEMENTS = 1 << 17;

    /** Larger weights are not kept in another order. */
    private static final long MOST_KEPT_ELEMENTS = 1 << 20;

    private static final ThreadLocal<MatrixProduct> OF_THREAD =
            ThreadLocal.withInitial(MatrixProduct::new);

    private static final FewRows FEW_ROWS =
            VectorModule.isUsable() ? new VectorFewRows() : new ScalarFewRows();

    private enum Kernel {
        ONEDNN,
        OPENBLAS,
        DOUBLE,
        FEW_ROWS,
        FEW_ROWS_PANELS,
        DIRECT,
        PACKED
    }

    private final ThreadPool.Task task = this::runTask;
    private final PackedProduct.Epilogue addition = this::addBias;

    private boolean isDouble;
    private int m;
    private int n;
    private int k;
    private long a;
    private long b;
    private long c;
    private long lda;
    private long ldb;
    private long ldc;
    private boolean transposeA;
    private boolean transposeB;
    private boolean accumulate;

    /** The address of what is added to each row of C; 0 if nothing is. */
    private long bias;

    /** What follows on a product instead of the bias; null for nothing. */
    private PackedProduct.@Nullable Epilogue ending;

    private int batch;
    private long aStep;
    private long bStep;
    private long cStep;
    private long @Nullable [] aOffsets;
    private long @Nullable [] bOffsets;
    private long @Nullable [] cOffsets;

    private Kernel kernel = Kernel.DIRECT;
    private int tileRows;
    private int tileColumns;
    private int tilesAcross;
    private int tilesPerProduct;
    private int productsPerTask;
    private int tasks;

    private MatrixProduct() {}

    /**
     * A product that is run again and again by {@link #runAt}, on one thread at a time: what
     * follows from its shape is decided once.
     */
    static MatrixProduct ready(
            boolean isDouble,
            int m,
            int n,
            int k,
            long lda,
            boolean transposeA,
            long ldb,
            boolean transposeB,
            long ldc) {
        MatrixProduct product = new MatrixProduct();
        product.isDouble = isDouble;
        product.set(m, n, k, 0, lda, transposeA, 0, ldb, transposeB, 0, ldc, false);
        product.setBatch(1, 0, 0, 0);
        product.decide();
        return product;
    }

    /** The same, of as many matrices as there are offsets; see {@link #f32Batch}. */
    static MatrixProduct ready(
            boolean isDouble,
            int m,
            int n,
            int k,
            long lda,
            long[] aOffsets,
            boolean transposeA,
            long ldb,
            long[] bOffsets,
            boolean transposeB,
            long ldc,
            long[] cOffsets) {
        MatrixProduct product = new MatrixProduct();
        product.isDouble = isDouble;
        product.set(m, n, k, 0, lda, transposeA, 0, ldb, transposeB, 0, ldc, false);
        product.setBatch(aOffsets, bOffsets, cOffsets);
        product.decide();
        return product;
    }

    /** How a weight, a B that is stored as n rows of k, is best laid out before products. */
    enum OrderOfB {
        AS_IT_IS,
        /** As k rows of n. */
        PLAIN,
        /** As {@link FewRowsPanels}. */
        PANELS
    }

    /** The order of B in which one F32 product of this shape is fastest, with the same bits. */
    static OrderOfB bestOrderOfB(int m, int n, int k) {
        MatrixProduct product = ready(false, m, n, k, k, false, k, true, n);
        if (product.tasks == 0 || (long) n * k > MOST_KEPT_ELEMENTS) {
            return OrderOfB.AS_IT_IS;
        }
        return switch (product.kernel) {
            case PACKED -> (long) n * k <= DIRECT_ELEMENTS ? OrderOfB.PLAIN : OrderOfB.AS_IT_IS;
            case FEW_ROWS -> VectorModule.isUsable() ? OrderOfB.PANELS : OrderOfB.AS_IT_IS;
            default -> OrderOfB.AS_IT_IS;
        };
    }

    /** A product, ready, whose B was brought to the best order: with the bits of before. */
    static MatrixProduct readyWithB(OrderOfB order, int m, int n, int k, long lda) {
        boolean plain = order == OrderOfB.PLAIN;
        long ldb = plain ? n : FewRowsPanels.depth(k);
        MatrixProduct product = ready(false, m, n, k, lda, false, ldb, !plain, n);
        product.kernel = plain ? Kernel.DIRECT : Kernel.FEW_ROWS_PANELS;
        product.cut();
        return product;
    }

    /** The same product, one of F32, with something that follows on it, and not the bias. */
    MatrixProduct endingIn(PackedProduct.Epilogue following) {
        ending = following;
        return this;
    }

    /** Runs a product that was made {@link #ready}; {@code bias} is 0 for none. */
    void runAt(long a, long b, long bias, long c) {
        this.a = a;
        this.b = b;
        this.bias = bias;
        this.c = c;
        runAsDecided();
    }

    /**
     * One product in F32.
     *
     * @param a address of A; likewise b and c
     * @param lda elements between the starts of A's stored rows; likewise ldb and ldc
     * @param transposeA whether A is stored as k rows of m; likewise transposeB
     * @param accumulate whether the product is added to C, which is then read
     */
    static void f32(
            int m,
            int n,
            int k,
            long a,
            long lda,
            boolean transposeA,
            long b,
            long ldb,
            boolean transposeB,
            long c,
            long ldc,
            boolean accumulate) {
        f32Batch(1, m, n, k, a, lda, 0, transposeA, b, ldb, 0, transposeB, c, ldc, 0, accumulate);
    }

    /**
     * One product in F32, and one row that is added to each of C's.
     *
     * @param bias the address of {@code n} elements; 0 for none
     */
    static void f32WithBias(
            int m,
            int n,
            int k,
            long a,
            long lda,
            boolean transposeA,
            long b,
            long ldb,
            boolean transposeB,
            long bias,
            long c,
            long ldc) {
        MatrixProduct product = OF_THREAD.get();
        product.isDouble = false;
        product.set(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, false);
        product.setBatch(1, 0, 0, 0);
        product.bias = bias;
        product.run();
    }

    /** One product in F64; see {@link #f32}. */
    static void f64(
            int m,
            int n,
            int k,
            long a,
            long lda,
            boolean transposeA,
            long b,
            long ldb,
            boolean transposeB,
            long c,
            long ldc,
            boolean accumulate) {
        f64Batch(1, m, n, k, a, lda, 0, transposeA, b, ldb, 0, transposeB, c, ldc, 0, accumulate);
    }

    /**
     * {@code batch} products in F32, of matrices that lie {@code aStep}, {@code bStep} and {@code
     * cStep} elements apart; a step of 0 uses one A, or one B, for all.
     */
    static void f32Batch(
            int batch,
            int m,
            int n,
            int k,
            long a,
            long lda,
            long aStep,
            boolean transposeA,
            long b,
            long ldb,
            long bStep,
            boolean transposeB,
            long c,
            long ldc,
            long cStep,
            boolean accumulate) {
        MatrixProduct product = OF_THREAD.get();
        product.isDouble = false;
        product.set(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, accumulate);
        product.setBatch(batch, aStep, bStep, cStep);
        product.run();
    }

    /** Products in F64; see {@link #f32Batch}. */
    static void f64Batch(
            int batch,
            int m,
            int n,
            int k,
            long a,
            long lda,
            long aStep,
            boolean transposeA,
            long b,
            long ldb,
            long bStep,
            boolean transposeB,
            long c,
            long ldc,
            long cStep,
            boolean accumulate) {
        MatrixProduct product = OF_THREAD.get();
        product.isDouble = true;
        product.set(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, accumulate);
        product.setBatch(batch, aStep, bStep, cStep);
        product.run();
    }

    /**
     * Products in F32 of matrices at any places: the i-th A begins {@code aOffsets[i]} elements
     * after {@code a}; likewise B and C.
     */
    static void f32Batch(
            int m,
            int n,
            int k,
            long a,
            long lda,
            long[] aOffsets,
            boolean transposeA,
            long b,
            long ldb,
            long[] bOffsets,
            boolean transposeB,
            long c,
            long ldc,
            long[] cOffsets,
            boolean accumulate) {
        MatrixProduct product = OF_THREAD.get();
        product.isDouble = false;
        product.set(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, accumulate);
        product.setBatch(aOffsets, bOffsets, cOffsets);
        product.run();
    }

    /** Products in F64; see {@link #f32Batch}. */
    static void f64Batch(
            int m,
            int n,
            int k,
            long a,
            long lda,
            long[] aOffsets,
            boolean transposeA,
            long b,
            long ldb,
            long[] bOffsets,
            boolean transposeB,
            long c,
            long ldc,
            long[] cOffsets,
            boolean accumulate) {
        MatrixProduct product = OF_THREAD.get();
        product.isDouble = true;
        product.set(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, accumulate);
        product.setBatch(aOffsets, bOffsets, cOffsets);
        product.run();
    }

    private void set(
            int m,
            int n,
            int k,
            long a,
            long lda,
            boolean transposeA,
            long b,
            long ldb,
            boolean transposeB,
            long c,
            long ldc,
            boolean accumulate) {
        this.m = m;
        this.n = n;
        this.k = k;
        this.a = a;
        this.b = b;
        this.c = c;
        this.lda = lda;
        this.ldb = ldb;
        this.ldc = ldc;
        this.transposeA = transposeA;
        this.transposeB = transposeB;
        this.accumulate = accumulate;
        this.bias = 0;
    }

    private void setBatch(int batch, long aStep, long bStep, long cStep) {
        boolean oneMatrix = batch > 1 && bStep == 0 && !transposeA;
        if (oneMatrix && aStep == m * lda && cStep == m * ldc && fits((long) m * batch)) {
            this.m = m * batch;
            this.batch = 1;
        } else {
            this.batch = batch;
        }
        this.aStep = aStep;
        this.bStep = bStep;
        this.cStep = cStep;
        this.aOffsets = null;
        this.bOffsets = null;
        this.cOffsets = null;
    }

    private void setBatch(long[] aOffsets, long[] bOffsets, long[] cOffsets) {
        this.batch = cOffsets.length;
        this.aOffsets = aOffsets;
        this.bOffsets = bOffsets;
        this.cOffsets = cOffsets;
    }

    private static boolean fits(long value) {
        return value == (int) value;
    }

    private void run() {
        decide();
        runAsDecided();
        aOffsets = null;
        bOffsets = null;
        cOffsets = null;
    }

    /** Chooses the kernel and the tiles, by shape. */
    private void decide() {
        tasks = 0;
        if (m > 0 && n > 0 && k > 0 && batch > 0) {
            kernel = choose();
            cut();
        }
    }

    private void runAsDecided() {
        if (m == 0 || n == 0 || batch == 0) {
            return;
        }
        if (k == 0) {
            for (int item = 0; item < batch && !accumulate; item++) {
                clear(c + elementBytes() * offset(cOffsets, cStep, item));
            }
        } else if (kernel == Kernel.PACKED && (batch == 1 || (long) m * n * k > TILE_WORK)) {
            for (int item = 0; item < batch; item++) {
                runPacked(item);
            }
        } else if (tasks == 1) {
            runTask(0);
        } else if (kernel == Kernel.FEW_ROWS || kernel == Kernel.FEW_ROWS_PANELS) {
            ThreadPool.shared().parallelFor(tasks, (long) tileColumns * k, task);
        } else {
            ThreadPool.shared().parallelFor(tasks, task);
        }
    }

    private int groups() {
        return (int) (((long) batch + productsPerTask - 1) / productsPerTask);
    }

    private void clear(long matrix) {
        for (int row = 0; row < m; row++) {
            NativeMemory.clear(matrix + row * ldc * elementBytes(), n * elementBytes());
        }
    }

    private long elementBytes() {
        return isDouble ? 8 : 4;
    }

    private Kernel choose() {
        if (isDouble) {
            return OpenBlas.isUsable() && fitsOpenBlas() ? Kernel.OPENBLAS : Kernel.DOUBLE;
        }
        if (OneDnn.isUsable() && fitsOpenBlas()) {
            return Kernel.ONEDNN;
        }
        // A transposed B is a layer's weight, which would have to be packed for few rows.
        boolean pays = transposeB || (long) m * n * k > SMALL;
        if (isForFewRows() && pays) {
            return Kernel.FEW_ROWS;
        }
        boolean direct = !transposeB && (long) n * k <= DIRECT_ELEMENTS;
        return direct ? Kernel.DIRECT : Kernel.PACKED;
    }

    private boolean isForFewRows() {
        return transposeB
                ? m <= FewRows.MAX_ROWS && !transposeA
                : m <= MAX_ROW_GROUPS_ROWS && n >= FEW_ROWS_COLUMNS;
    }

    /** OpenBLAS counts in ints, and wants rows that do not overlap. */
    private boolean fitsOpenBlas() {
        return lda >= (transposeA ? m : k)
                && ldb >= (transposeB ? k : n)
                && ldc >= n
                && fits(lda)
                && fits(ldb)
                && fits(ldc);
    }

    /** Decides the tiles, by shape and kernel. */
    private void cut() {
        long work = (long) m * n * k;
        tileRows = m;
        tileColumns = n;
        switch (kernel) {
            case FEW_ROWS, FEW_ROWS_PANELS -> {
                int width = Math.max(FEW_ROWS_COLUMNS, FEW_ROWS_ELEMENTS / k);
                tileColumns = Math.min(n, roundUp(width, FEW_ROWS_COLUMNS));
            }
            case ONEDNN, OPENBLAS, DOUBLE, DIRECT -> cutInHalves(tiles(work));
            case PACKED -> {}
        }
        tilesAcross = ceilDiv(n, tileColumns);
        tilesPerProduct = tilesAcross * ceilDiv(m, tileRows);
        productsPerTask = Math.clamp(TASK_WORK / work, 1, batch);
        tasks = Math.toIntExact(tilesPerProduct > 1 ? (long) batch * tilesPerProduct : groups());
    }

    private long tiles(long work) {
        if (work <= SMALL) {
            return 1;
        }
        if (work <= CUT_INTO_SMALL) {
            return (work + SMALL - 1) / SMALL;
        }
        return Math.max(2, Math.min(work / TILE_WORK, (long) m * n / TILE_AREA));
    }

    /** Cuts columns rather than rows: OpenBLAS runs faster on high tiles than on wide ones. */
    private void cutInHalves(long tiles) {
        for (long made = 1; made < tiles; made *= 2) {
            boolean columns = tileColumns >= 2 * 64 && tileColumns >= tileRows / 2;
            if (columns) {
                tileColumns = roundUp(ceilDiv(tileColumns, 2), 16);
            } else if (tileRows >= 2 * 16) {
                tileRows = roundUp(ceilDiv(tileRows, 2), 8);
            } else {
                return;
            }
        }
    }

    private static int ceilDiv(int count, int size) {
        return (int) (((long) count + size - 1) / size);
    }

    private static int roundUp(int value, int multiple) {
        return ceilDiv(value, multiple) * multiple;
    }

    private void runTask(int index) {
        if (tilesPerProduct > 1) {
            runTile(index / tilesPerProduct, index % tilesPerProduct);
            return;
        }
        int end = (int) Math.min(batch, (index + 1L) * productsPerTask);
        for (int item = index * productsPerTask; item < end; item++) {
            runTile(item, 0);
        }
    }

    private static long offset(long @Nullable [] offsets, long step, int item) {
        return offsets == null ? item * step : offsets[item];
    }

    private void runTile(int item, int tile) {
        int top = tile / tilesAcross * tileRows;
        int left = tile % tilesAcross * tileColumns;
        long aElement = offset(aOffsets, aStep, item) + (transposeA ? top : top * lda);
        long bElement = offset(bOffsets, bStep, item) + (transposeB ? left * ldb : left);
        long cElement = offset(cOffsets, cStep, item) + top * ldc + left;
        long bytes = elementBytes();
        long x = a + bytes * aElement;
        long y = b + bytes * bElement;
        long z = c + bytes * cElement;
        int rows = Math.min(tileRows, m - top);
        int columns = Math.min(tileColumns, n - left);
        switch (kernel) {
            case ONEDNN -> runOneDnn(rows, columns, x, y, z);
            case OPENBLAS -> runOpenBlas(rows, columns, x, y, z);
            case DOUBLE -> runDouble(rows, columns, x, y, z);
            case FEW_ROWS -> runFewRows(rows, columns, x, y, z);
            case FEW_ROWS_PANELS -> FewRowsPanels.run(rows, columns, k, x, 4 * lda, y, z, 4 * ldc);
            case DIRECT -> runDirect(rows, columns, x, y, z);
            case PACKED -> runPacked(item);
        }
        if (kernel != Kernel.PACKED) {
            PackedProduct.Epilogue following = following();
            if (following != null) {
                following.run(top, rows, left, columns);
            }
        }
    }

    private PackedProduct.@Nullable Epilogue following() {
        return ending != null ? ending : bias == 0 ? null : addition;
    }

    private void addBias(int row, int rows, int column, int columns) {
        long target = c + 4 * (row * ldc + column);
        BiasAddition.run(target, 4 * ldc, bias + 4L * column, rows, columns);
    }

    private void runOneDnn(int rows, int columns, long x, long y, long z) {
        float beta = accumulate ? 1 : 0;
        OneDnn.sgemm(transposeA, transposeB, rows, columns, k, x, lda, y, ldb, beta, z, ldc);
    }

    private void runOpenBlas(int rows, int columns, long x, long y, long z) {
        int ldx = (int) lda;
        int ldy = (int) ldb;
        int ldz = (int) ldc;
        double beta = accumulate ? 1 : 0;
        OpenBlas.dgemm(transposeA, transposeB, rows, columns, k, x, ldx, y, ldy, beta, z, ldz);
    }

    private void runDouble(int rows, int columns, long x, long y, long z) {
        long xRow = 8 * (transposeA ? 1 : lda);
        long xColumn = 8 * (transposeA ? lda : 1);
        long yRow = 8 * (transposeB ? 1 : ldb);
        long yColumn = 8 * (transposeB ? ldb : 1);
        DoubleProduct.tile(
                rows, columns, k, x, xRow, xColumn, y, yRow, yColumn, z, 8 * ldc, accumulate);
    }

    private void runDirect(int rows, int columns, long x, long y, long z) {
        long xRow = 4 * (transposeA ? 1 : lda);
        long xColumn = 4 * (transposeA ? lda : 1);
        DirectProduct.run(rows, columns, k, x, xRow, xColumn, y, 4 * ldb, z, 4 * ldc, accumulate);
    }

    /** One whole product, which divides itself between the threads. */
    private void runPacked(int item) {
        long x = a + 4 * offset(aOffsets, aStep, item);
        long y = b + 4 * offset(bOffsets, bStep, item);
        long z = c + 4 * offset(cOffsets, cStep, item);
        PackedProduct.run(
                m,
                n,
                k,
                x,
                4 * (transposeA ? 1 : lda),
                4 * (transposeA ? lda : 1),
                y,
                4 * (transposeB ? 1 : ldb),
                4 * (transposeB ? ldb : 1),
                z,
                4 * ldc,
                accumulate,
                following());
    }

    private void runFewRows(int rows, int columns, long x, long y, long z) {
        long xRow = 4L * (transposeA ? 1 : lda);
        long xColumn = 4L * (transposeA ? lda : 1);
        for (int row = 0; row < rows; row += FewRows.MAX_ROWS) {
            int some = Math.min(FewRows.MAX_ROWS, rows - row);
            long u = x + row * xRow;
            long w = z + 4L * row * ldc;
            if (transposeB) {
                FEW_ROWS.transposed(
                        some, columns, k, u, xRow, y, 4L * ldb, w, 4L * ldc, accumulate);
            } else {
                FEW_ROWS.plain(
                        some, columns, k, u, xRow, xColumn, y, 4L * ldb, w, 4L * ldc, accumulate);
            }
        }
    }
}
