package dev.ugoki.cpu;

/**
 * Convolutions of F32, and their gradient in the image, in a {@link WinogradForm}. A product of
 * matrices for each element of the transformed blocks, {@code [blocks, c] * [c, m]}, sums over the
 * channels.
 *
 * <p>A task makes a box of blocks: it lays its part of the image out with channels last, so that
 * all transforms and products work on whole vectors of channels, and keeps what it computes in the
 * caches. Then the phases of a stride are neighbours: positions of the image with as many times the
 * channels. In the gradient they are phases of what is made, one after the other.
 *
 * <p>Each element is a sum over groups of channels; each group's part is one chain of fma. So
 * boxes, tiles and threads do not change a bit. Rounding errors are a few times those of the plain
 * sum.
 */
final class Winograd {
    /** Vectors are filled with channels. */
    private static final int MULTIPLE = 16;

    /** Bytes that a task may fill, about an L2 cache. */
    private static final int CACHE = 1 << 20;

    /** Fewer blocks don't pay for reading the weights. */
    private static final int FEWEST_BLOCKS = 24;

    private static final int MOST_BLOCKS = 128;

    /** What boxes of blocks are multiples of, where they can be: rows of a tile. */
    private static final int ROWS = 6;

    /** How many channels' weights a task transforms. */
    private static final int CHANNELS_OF_A_TASK = 16;

    private static final int TASKS_PER_THREAD = 2;

    /** So that rows a power of two long don't share the sets of the caches. */
    static final long ROW_PADDING = 64;

    /** What moving and transforming cost, in multiplications: for each channel of a position. */
    private static final double COST_OF_POSITION = 40;

    /** The same for each weight. */
    private static final double COST_OF_WEIGHT = 30;

    private static final class Workspace {
        final int[] first = new int[ConvolutionShape.DIMS + 1];
        final int[] size = new int[ConvolutionShape.DIMS + 1];
        final Tables tables = new Tables();
    }

    private static final ThreadLocal<Workspace> WORKSPACE = ThreadLocal.withInitial(Workspace::new);

    private final ThreadPool.Task transforming = this::transformWeights;
    private final ThreadPool.Task multiplying = this::multiply;
    private final Boxes boxes = new Boxes();
    private final int[] blocks = new int[ConvolutionShape.DIMS];
    private WinogradForm form = WinogradForm.SQUARES;

    /** Of the image that is sampled, {@code [n, channels, height, width]}. */
    private int channels;

    /** Phases of the stride in the image, or else in the result, and their channels in a sum. */
    private int imagePhases;

    private int resultPhases;
    private int depth;
    private int height;
    private int width;
    private int above;
    private int before;

    /** Of the weights, whose taps make the first phase of the result. */
    private int phaseBefore;

    private long image;

    /** Of the result, {@code [n, m, rows, columns]}. */
    private int m;

    private int rows;
    private int columns;
    private long result;

    private long weights;
    private boolean transposed;
    private long transformed;
    private int channelParts;

    /**
     * Whether a convolution, and its gradients, are computed faster so. Decided by the shape alone,
     * as the bits are others.
     */
    static boolean suits(ConvolutionShape shape) {
        WinogradForm form = WinogradForm.of(shape);
        if (form == null
                || shape.groups != 1
                || shape.channels % MULTIPLE != 0
                || shape.outChannels % MULTIPLE != 0) {
            return false;
        }
        double all = (double) shape.images * shape.out[1] * shape.out[2];
        double blocks =
                (double) shape.images
                        * form.blocksDown(shape.out[1])
                        * form.blocksAcross(shape.out[2]);
        double channels = (double) shape.channels * shape.stride[2];
        double weights = channels * shape.outChannels;
        double transforms =
                COST_OF_POSITION * form.positions() * blocks * (channels + shape.outChannels)
                        + COST_OF_WEIGHT * form.taps() * weights;
        return form.taps() * weights * all
                > 1.1 * (form.elements() * weights * blocks + transforms);
    }

    /** The convolution itself. */
    void forward(ConvolutionShape shape, long x, long w, long y) {
        form = formOf(shape);
        channels = shape.channels;
        imagePhases = shape.stride[2];
        resultPhases = 1;
        height = shape.in[1];
        width = shape.in[2];
        above = shape.before[1];
        phaseBefore = 0;
        before = shape.before[2];
        image = x;
        m = shape.outChannels;
        rows = shape.out[1];
        columns = shape.out[2];
        result = y;
        transposed = false;
        run(shape.images, w);
    }

    /** The gradient in the image, of the gradient {@code y} in the result. */
    void dataGradient(ConvolutionShape shape, long y, long w, long x) {
        form = formOf(shape);
        channels = shape.outChannels;
        imagePhases = 1;
        resultPhases = shape.stride[2];
        height = shape.out[1];
        width = shape.out[2];
        above = form.tapsDown - 1 - shape.before[1];
        phaseBefore = shape.before[2] % resultPhases;
        before = form.tapsAcross - 1 - shape.before[2] / resultPhases;
        image = y;
        m = shape.channels;
        rows = shape.in[1];
        columns = shape.in[2];
        result = x;
        transposed = true;
        run(shape.images, w);
    }

    /** The form of a convolution that {@link #suits}. */
    static WinogradForm formOf(ConvolutionShape shape) {
        WinogradForm form = WinogradForm.of(shape);
        if (form == null) {
            throw new IllegalArgumentException("a convolution that has no such form");
        }
        return form;
    }

    private void run(int images, long w) {
        weights = w;
        blocks[0] = 1;
        blocks[1] = form.blocksDown(rows);
        blocks[2] = form.blocksAcross((columns + resultPhases - 1) / resultPhases);
        depth = imagePhases * channels;
        ThreadPool pool = ThreadPool.shared();
        long all = (long) images * blocks[1] * blocks[2];
        int tasks = pool.threads() == 1 ? 1 : pool.threads() * TASKS_PER_THREAD;
        long ofBlock = 4L * (form.elements() + form.positions()) * (depth + resultPhases * m);
        long limit = Math.clamp(CACHE / ofBlock, FEWEST_BLOCKS, MOST_BLOCKS);
        limit = Math.min(limit, Math.max(FEWEST_BLOCKS, (all + tasks - 1) / tasks));
        boxes.cut(images, blocks, (int) limit, ROWS);
        transformed = Scratch.shared(4L * resultPhases * form.elements() * depth * m);
        channelParts = (channels + CHANNELS_OF_A_TASK - 1) / CHANNELS_OF_A_TASK;
        pool.parallelFor(panels() * channelParts, transforming);
        pool.parallelFor(boxes.count(), multiplying);
    }

    // ---- weights: for each phase and element, panels of B, row after row of channels ----

    private int panels() {
        int panels = 0;
        for (int column = 0; column < m; column += Tile.nextColumns(m - column, false)) {
            panels++;
        }
        return panels;
    }

    private void transformWeights(int index) {
        int column = 0;
        for (int panel = index / channelParts; panel > 0; panel--) {
            column += Tile.nextColumns(m - column, false);
        }
        int across = Tile.nextColumns(m - column, false);
        int channel = index % channelParts * CHANNELS_OF_A_TASK;
        int count = Math.min(CHANNELS_OF_A_TASK, channels - channel);
        int phases = imagePhases * resultPhases;
        int taps = form.taps();
        int elements = form.elements();
        long row = 4L * phases * taps * across;
        long bytes = count * row;
        long laidOut =
                Scratch.address(bytes + NativeMemory.PADDING + form.weights.scratchBytes(across));
        layOutTaps(column, across, channel, count, laidOut);
        long[] table = WORKSPACE.get().tables.of(taps + elements);
        for (int phase = 0; phase < phases; phase++) {
            for (int tap = 0; tap < taps; tap++) {
                // The gradient samples its image by the taps in the opposite order.
                int place = transposed ? taps - 1 - tap : tap;
                table[2 * tap] = laidOut + 4L * (place * phases + phase) * across;
                table[2 * tap + 1] = row;
            }
            int summed = transposed ? channel : phase * channels + channel;
            for (int element = 0; element < elements; element++) {
                long panel = panel(transposed ? phase : 0, element, column);
                table[2 * (taps + element)] = panel + 4L * summed * across;
                table[2 * (taps + element) + 1] = 4L * across;
            }
            long after = laidOut + bytes + NativeMemory.PADDING;
            form.weights.runRows(table, 0, count, across, after);
        }
    }

    /** {@code [channels, taps, columns]} of some channels and columns. */
    private void layOutTaps(int column, int across, int channel, int count, long target) {
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        int taps = imagePhases * resultPhases * form.taps();
        if (!transposed) {
            ExactTransposition.BEST.run(
                    across,
                    count * taps,
                    weights + 4L * taps * ((long) column * channels + channel),
                    4L * taps * channels,
                    target,
                    4L * across,
                    buffer);
            return;
        }
        for (int i = 0; i < count; i++) {
            ExactTransposition.BEST.run(
                    across,
                    taps,
                    weights + 4L * taps * ((long) (channel + i) * m + column),
                    4L * taps,
                    target + 4L * i * taps * across,
                    4L * across,
                    buffer);
        }
    }

    /** Where the panel that begins with this column lies, of an element of a phase of weights. */
    private long panel(int phase, int element, int column) {
        return transformed + 4L * depth * (((long) phase * form.elements() + element) * m + column);
    }

    // ---- a box of blocks ----

    private void multiply(int box) {
        Workspace own = WORKSPACE.get();
        boxes.box(box, own.first, own.size);
        int count = own.size[0] * own.size[2] * own.size[3];
        int elements = form.elements();
        long imageRow = 4L * depth + ROW_PADDING;
        long productRow = 4L * m + ROW_PADDING;
        int spanDown = form.positionsDown * (own.size[2] - 1) + form.elementsDown;
        int spanAcross = form.positionsAcross * (own.size[3] - 1) + form.elementsAcross;
        // A later phase of the result may begin with the next element.
        spanAcross += resultPhases > 1 ? 1 : 0;
        long imageBytes = 4L * own.size[0] * spanDown * spanAcross * depth;
        long positionBytes = 4L * resultPhases * form.positions() * count * m;
        long scratch = Math.max(form.image.scratchBytes(depth), form.result.scratchBytes(m));
        // What is laid out of the image is not needed any more when all its blocks are.
        long kept = resultPhases > 1 ? imageBytes + 63 & -64 : 0;
        long layout = Math.max(imageBytes, kept + 2 * positionBytes) + NativeMemory.PADDING;
        layout = layout + 63 & -64;
        long laidOut =
                Scratch.address(layout + elements * count * (imageRow + productRow) + scratch);
        long positions = laidOut + kept;
        long values = laidOut + layout;
        long products = values + elements * count * imageRow;
        long after = products + elements * count * productRow;
        for (int n = 0; n < own.size[0]; n++) {
            long source = image + 4 * ((long) own.first[0] + n) * channels * height * width;
            layOut(
                    source,
                    channels,
                    height,
                    width,
                    form.positionsDown * own.first[2] - above,
                    imagePhases * form.positionsAcross * own.first[3] - before,
                    spanDown,
                    imagePhases * spanAcross,
                    laidOut + 4L * n * spanDown * spanAcross * depth);
        }
        int ready = -1;
        for (int phase = 0; phase < resultPhases; phase++) {
            int shift = (phase + phaseBefore) / resultPhases;
            if (shift != ready) {
                long source = laidOut + 4L * shift * depth;
                transformImage(own, source, spanDown, spanAcross, count, values, imageRow, after);
                ready = shift;
            }
            for (int element = 0; element < elements; element++) {
                multiply(
                        (phase + phaseBefore) % resultPhases,
                        element,
                        count,
                        values + element * count * imageRow,
                        imageRow,
                        products + element * count * productRow,
                        productRow);
            }
            transformResult(own, phase, count, products, productRow, positions, after);
        }
        store(own, positions, positions + positionBytes);
    }

    /** The products of an element. */
    private void multiply(int phase, int element, int count, long a, long aRow, long c, long cRow) {
        int across;
        for (int column = 0; column < m; column += across) {
            across = Tile.nextColumns(m - column, false);
            DirectProduct.run(
                    count,
                    across,
                    depth,
                    a,
                    aRow,
                    4,
                    panel(phase, element, column),
                    4L * across,
                    c + 4L * column,
                    cRow,
                    false);
        }
    }

    /**
     * Lays out a part of an image {@code [channels, height, width]} with channels last, and zeros
     * where it reaches outside.
     *
     * @param top the row that it begins with, maybe outside; likewise {@code left}
     */
    static void layOut(
            long source,
            int channels,
            int height,
            int width,
            int top,
            int left,
            int spanDown,
            int spanAcross,
            long target) {
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        int from = Math.clamp(-left, 0, spanAcross);
        int to = Math.clamp(width - left, from, spanAcross);
        long position = 4L * channels;
        for (int row = 0; row < spanDown; row++) {
            long line = target + row * spanAcross * position;
            int inImage = top + row;
            if (inImage < 0 || inImage >= height || from == to) {
                NativeMemory.clear(line, spanAcross * position);
                continue;
            }
            NativeMemory.clear(line, from * position);
            NativeMemory.clear(line + to * position, (spanAcross - to) * position);
            ExactTransposition.BEST.run(
                    channels,
                    to - from,
                    source + 4 * ((long) inImage * width + left + from),
                    4L * height * width,
                    line + from * position,
                    position,
                    buffer);
        }
    }

    /** Transforms the blocks of a box. */
    private void transformImage(
            Workspace own,
            long source,
            int spanDown,
            int spanAcross,
            int count,
            long target,
            long targetRow,
            long scratch) {
        for (int n = 0; n < own.size[0]; n++) {
            for (int down = 0; down < own.size[2]; down++) {
                long block = ((long) n * own.size[2] + down) * own.size[3];
                long line = (long) n * spanDown + form.positionsDown * down;
                transformImage(
                        form,
                        own.tables,
                        source + 4 * line * spanAcross * depth,
                        spanAcross,
                        depth,
                        own.size[3],
                        target + block * targetRow,
                        targetRow,
                        count * targetRow,
                        scratch);
            }
        }
    }

    /**
     * Transforms a line of blocks.
     *
     * @param source the first block's corner, in lines of {@code spanAcross} positions
     * @param targetRow bytes from one block to the next
     * @param targetElement bytes from one element of the blocks to the next
     */
    static void transformImage(
            WinogradForm form,
            Tables tables,
            long source,
            int spanAcross,
            int channels,
            int count,
            long target,
            long targetRow,
            long targetElement,
            long scratch) {
        int elements = form.elements();
        long[] table = tables.of(2 * elements);
        for (int element = 0; element < elements; element++) {
            int down = element / form.elementsAcross;
            long position = (long) down * spanAcross + element % form.elementsAcross;
            table[2 * element] = source + 4 * position * channels;
            table[2 * element + 1] = 4L * form.positionsAcross * channels;
            table[2 * (elements + element)] = target + element * targetElement;
            table[2 * (elements + element) + 1] = targetRow;
        }
        form.image.runRows(table, 0, count, channels, scratch);
    }

    /** Positions {@code [n, down, across, m]} of the products, those of a phase. */
    private void transformResult(
            Workspace own,
            int phase,
            int count,
            long products,
            long productRow,
            long target,
            long scratch) {
        int elements = form.elements();
        int positions = form.positions();
        long[] table = own.tables.of(elements + positions);
        int across = own.size[3];
        long rowOfPositions = (long) form.positionsAcross * across;
        for (int line = 0; line < own.size[0] * own.size[2]; line++) {
            for (int element = 0; element < elements; element++) {
                long block = (long) element * count + (long) line * across;
                table[2 * element] = products + block * productRow;
                table[2 * element + 1] = productRow;
            }
            for (int part = 0; part < positions; part++) {
                long down = (long) form.positionsDown * line + part / form.positionsAcross;
                long position = down * rowOfPositions + part % form.positionsAcross;
                table[2 * (elements + part)] = target + 4 * (position * resultPhases + phase) * m;
                table[2 * (elements + part) + 1] = 4L * form.positionsAcross * resultPhases * m;
            }
            form.result.runRows(table, 0, across, m, scratch);
        }
    }

    /** Stores positions with channels last as channels of positions. */
    private void store(Workspace own, long positions, long buffer) {
        long block = Scratch.tile(ExactTransposition.BUFFER);
        int down = form.positionsDown * own.size[2];
        int across = resultPhases * form.positionsAcross * own.size[3];
        int top = form.positionsDown * own.first[2];
        int left = resultPhases * form.positionsAcross * own.first[3];
        int rowCount = Math.min(down, rows - top);
        int columnCount = Math.min(across, columns - left);
        boolean isWhole = columnCount == columns && columnCount == across;
        int lines = isWhole ? 1 : rowCount;
        int length = isWhole ? rowCount * columns : columnCount;
        long volume = (long) rows * columns;
        for (int n = 0; n < own.size[0]; n++) {
            ExactTransposition.BEST.run(
                    down * across,
                    m,
                    positions + 4L * n * down * across * m,
                    4L * m,
                    buffer,
                    4L * down * across,
                    block);
            long channel0 = result + 4 * ((long) own.first[0] + n) * m * volume;
            for (int line = 0; line < lines; line++) {
                PanelCopies.BEST.copy(
                        buffer + 4L * line * across,
                        4L * down * across,
                        channel0 + 4 * ((long) (top + line) * columns + left),
                        4 * volume,
                        m,
                        length);
            }
        }
    }

    /** Operand tables of kernels, by their size. */
    static final class Tables {
        private long[][] bySize = new long[0][];

        /** For so many inputs and outputs together. */
        long[] of(int operands) {
            if (bySize.length <= operands) {
                bySize = java.util.Arrays.copyOf(bySize, operands + 1);
            }
            if (bySize[operands] == null) {
                bySize[operands] = new long[2 * operands];
            }
            return bySize[operands];
        }
    }
}
