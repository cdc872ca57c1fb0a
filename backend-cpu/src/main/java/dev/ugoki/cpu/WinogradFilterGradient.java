package dev.ugoki.cpu;

/**
 * The gradient of a convolution in its weights, in a {@link WinogradForm}: blocks of the image and
 * of the result's gradient are transformed; a product of matrices for each of their elements,
 * {@code [o, blocks] * [blocks, c]}, sums over the blocks of all images; and what comes of it is
 * transformed to taps.
 *
 * <p>Each element is a sum over boxes of blocks; each box's part is one chain of fma. Boxes follow
 * from the shape alone, so threads do not change a bit.
 */
final class WinogradFilterGradient {
    /** About how many blocks a task transforms. */
    private static final int BLOCKS_OF_A_TASK = 32;

    /** How many channels of the result a task transforms back. */
    private static final int CHANNELS_OF_A_TASK = 16;

    private static final ThreadLocal<Winograd.Tables> TABLES =
            ThreadLocal.withInitial(Winograd.Tables::new);

    private final ThreadPool.Task transforming = this::transform;
    private final ThreadPool.Task multiplying = this::multiply;
    private final ThreadPool.Task finishing = this::finish;
    private final Boxes boxes = new Boxes();
    private final int[] blocks = new int[ConvolutionShape.DIMS];
    private final int[] first = new int[ConvolutionShape.DIMS + 1];
    private final int[] size = new int[ConvolutionShape.DIMS + 1];
    private ConvolutionShape shape = new ConvolutionShape();
    private WinogradForm form = WinogradForm.SQUARES;
    private int elements;
    private int channels;

    /** Of the stride, and their channels. */
    private int phases;

    private int columns;
    private int m;
    private long image;
    private long gradient;
    private long result;

    /** Rows of the transformed image, of the transformed gradient, and of the products. */
    private long imageRow;

    private long gradientRow;
    private long productRow;
    private long imageValues;
    private long gradientValues;
    private long products;

    /** The blocks of the present box, and the lines of them that a task transforms. */
    private int count;

    private int linesOfTask;
    private int partsDown;
    private int rowBlocks;
    private boolean add;

    /** The image {@code x}, the result's gradient {@code y}, and the weights' {@code w}. */
    void run(ConvolutionShape convolution, long x, long y, long w) {
        shape = convolution;
        form = Winograd.formOf(convolution);
        elements = form.elements();
        channels = shape.channels;
        phases = shape.stride[2];
        columns = phases * channels;
        m = shape.outChannels;
        image = x;
        gradient = y;
        result = w;
        imageRow = 4L * columns + Winograd.ROW_PADDING;
        gradientRow = 4L * m + Winograd.ROW_PADDING;
        productRow = 4L * columns + Winograd.ROW_PADDING;
        blocks[0] = 1;
        blocks[1] = form.blocksDown(shape.out[1]);
        blocks[2] = form.blocksAcross(shape.out[2]);
        boxes.cut(shape.images, blocks, PackedProduct.DEPTH, 1);
        long imageBytes = elements * boxes.largest() * imageRow;
        long gradientBytes = elements * boxes.largest() * gradientRow;
        imageValues =
                Scratch.shared(
                        imageBytes
                                + gradientBytes
                                + elements * m * productRow
                                + NativeMemory.PADDING);
        gradientValues = imageValues + imageBytes;
        products = gradientValues + gradientBytes;
        ThreadPool pool = ThreadPool.shared();
        rowBlocks = (pool.threads() + elements - 1) / elements;
        for (int box = 0; box < boxes.count(); box++) {
            boxes.box(box, first, size);
            count = size[0] * size[2] * size[3];
            linesOfTask = Math.clamp(BLOCKS_OF_A_TASK / size[3], 1, size[2]);
            partsDown = (size[2] + linesOfTask - 1) / linesOfTask;
            add = box > 0;
            pool.parallelFor(size[0] * partsDown, transforming);
            pool.parallelFor(elements * rowBlocks, multiplying);
        }
        pool.parallelFor((m + CHANNELS_OF_A_TASK - 1) / CHANNELS_OF_A_TASK, finishing);
    }

    /** Lays some lines of blocks of one image out with channels last, and transforms them. */
    private void transform(int index) {
        int n = index / partsDown;
        int line = index % partsDown * linesOfTask;
        int lines = Math.min(linesOfTask, size[2] - line);
        int across = size[3];
        int spanDown = form.positionsDown * (lines - 1) + form.elementsDown;
        int spanAcross = form.positionsAcross * (across - 1) + form.elementsAcross;
        int positionsAcross = form.positionsAcross * across;
        long imageBytes = 4L * spanDown * spanAcross * columns + NativeMemory.PADDING;
        long gradientBytes =
                4L * form.positionsDown * lines * positionsAcross * m + NativeMemory.PADDING;
        long scratch = Math.max(form.image.scratchBytes(columns), form.gradient.scratchBytes(m));
        long laidOut = Scratch.address(imageBytes + gradientBytes + scratch);
        long positions = laidOut + imageBytes;
        long after = positions + gradientBytes;
        int top = form.positionsDown * (first[2] + line);
        int left = form.positionsAcross * first[3];
        long number = (long) first[0] + n;
        Winograd.layOut(
                image + 4 * number * channels * shape.in[1] * shape.in[2],
                channels,
                shape.in[1],
                shape.in[2],
                top - shape.before[1],
                phases * left - shape.before[2],
                spanDown,
                phases * spanAcross,
                laidOut);
        Winograd.layOut(
                gradient + 4 * number * m * shape.out[1] * shape.out[2],
                m,
                shape.out[1],
                shape.out[2],
                top,
                left,
                form.positionsDown * lines,
                positionsAcross,
                positions);
        Winograd.Tables tables = TABLES.get();
        for (int i = 0; i < lines; i++) {
            long block = ((long) n * size[2] + line + i) * across;
            Winograd.transformImage(
                    form,
                    tables,
                    laidOut + 4L * form.positionsDown * i * spanAcross * columns,
                    spanAcross,
                    columns,
                    across,
                    imageValues + block * imageRow,
                    imageRow,
                    count * imageRow,
                    after);
            transformGradient(
                    tables.of(form.positions() + elements),
                    positions + 4L * form.positionsDown * i * positionsAcross * m,
                    across,
                    gradientValues + block * gradientRow,
                    after);
        }
    }

    private void transformGradient(
            long[] table, long positions, int across, long target, long scratch) {
        int parts = form.positions();
        for (int part = 0; part < parts; part++) {
            long down = part / form.positionsAcross;
            long position = down * form.positionsAcross * across + part % form.positionsAcross;
            table[2 * part] = positions + 4 * position * m;
            table[2 * part + 1] = 4L * form.positionsAcross * m;
        }
        for (int element = 0; element < elements; element++) {
            table[2 * (parts + element)] = target + (long) element * count * gradientRow;
            table[2 * (parts + element) + 1] = gradientRow;
        }
        form.gradient.runRows(table, 0, across, m, scratch);
    }

    /** The product of an element, or some rows of it. */
    private void multiply(int index) {
        int element = index / rowBlocks;
        int rowsOfBlock = (m + rowBlocks - 1) / rowBlocks;
        int row = Math.min(m, index % rowBlocks * rowsOfBlock);
        int rows = Math.min(rowsOfBlock, m - row);
        DirectProduct.run(
                rows,
                columns,
                count,
                gradientValues + (long) element * count * gradientRow + 4L * row,
                4,
                gradientRow,
                imageValues + (long) element * count * imageRow,
                imageRow,
                products + ((long) element * m + row) * productRow,
                productRow,
                add);
    }

    /** Transforms the products of some channels of the result to taps. */
    private void finish(int index) {
        int taps = form.taps();
        int all = phases * taps;
        int row = index * CHANNELS_OF_A_TASK;
        int rows = Math.min(CHANNELS_OF_A_TASK, m - row);
        long bytes = 4L * rows * all * channels + NativeMemory.PADDING;
        long laidOut = Scratch.address(bytes + form.taps.scratchBytes(channels));
        long[] table = TABLES.get().of(elements + taps);
        for (int phase = 0; phase < phases; phase++) {
            for (int element = 0; element < elements; element++) {
                long products0 = products + ((long) element * m + row) * productRow;
                table[2 * element] = products0 + 4L * phase * channels;
                table[2 * element + 1] = productRow;
            }
            for (int tap = 0; tap < taps; tap++) {
                table[2 * (elements + tap)] = laidOut + 4L * (tap * phases + phase) * channels;
                table[2 * (elements + tap) + 1] = 4L * all * channels;
            }
            form.taps.runRows(table, 0, rows, channels, laidOut + bytes);
        }
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        for (int i = 0; i < rows; i++) {
            ExactTransposition.BEST.run(
                    all,
                    channels,
                    laidOut + 4L * i * all * channels,
                    4L * channels,
                    result + 4L * all * ((long) row + i) * channels,
                    4L * all,
                    buffer);
        }
    }
}
