package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;

/**
 * What a convolution and its gradient in the image have in common: each channel of the result is,
 * at each position, a sum over channels and taps of a {@link Sampling} of the image, times weights.
 * A matrix product for each group, {@code [m, c * taps] * [c * taps, positions]}, of which the
 * second matrix is never laid out: each task packs the patches of its own box of positions, block
 * by block of the depth, makes its part of the result in the cache, and stores it.
 *
 * <p>Each element is a sum over blocks along the depth; each block's part is one chain of fma over
 * channels and, in them, taps. So boxes, tiles and threads do not change a bit.
 */
final class Correlation {
    private static final int DIMS = ConvolutionShape.DIMS;

    /**
     * Bytes that a task may fill with patches and results, and the most positions: about an L2
     * cache, but vectors that are not filled cost more than what does not fit.
     */
    private static final int CACHE = 1200 << 10;

    private static final int MOST_POSITIONS = 512;
    private static final int LEAST_POSITIONS = 96;
    private static final int MOST_ROWS = 512;
    private static final int MOST_DEPTHWISE = 4096;
    private static final int TASKS_PER_THREAD = 4;

    private static final ThreadLocal<PatchBlock> BLOCK = ThreadLocal.withInitial(PatchBlock::new);

    private final ThreadPool.Task packing = this::packWeights;
    private final ThreadPool.Task multiplying = this::multiply;
    private final ThreadPool.Task summing = this::sum;
    private final Boxes boxes = new Boxes();

    private Sampling sampling = new Sampling();
    private DType dtype = DType.F32;
    private int groups;
    private int channels;
    private int m;
    private int depth;
    private int depthStep;

    private long image;
    private long weights;
    private long weightRow;
    private long weightChannel;
    private long weightGroup;
    private long result;
    private final int[] phase = new int[DIMS];
    private final int[] resultStep = new int[DIMS];
    private final int[] resultExtents = new int[DIMS];

    private long panels;
    private int panelCount;
    private int rowBlocks;
    private int blockPanels;
    private boolean packsAhead;

    /** Whether weights are multiplied as they lie: in each row by the order of the depth. */
    private boolean direct;

    private boolean inPlace;
    private int loadedChannels;
    private int groupsOfTask;

    /**
     * The convolution itself.
     *
     * @param dtype of image and result: F32, F16 or BF16
     * @param w the address of the weights, F32
     */
    void forward(ConvolutionShape shape, DType type, long x, long w, long y) {
        dtype = type;
        groups = shape.groups;
        channels = shape.channels;
        m = shape.outChannels;
        image = x;
        weights = w;
        weightChannel = shape.taps();
        weightRow = weightChannel * channels;
        weightGroup = weightRow * m;
        result = y;
        for (int d = 0; d < DIMS; d++) {
            phase[d] = 0;
            resultStep[d] = 1;
            resultExtents[d] = shape.out[d];
        }
        sampling.setForward(shape);
        run(shape.images);
    }

    /** The gradient in the image, of the gradient {@code y} in the result. */
    void dataGradient(ConvolutionShape shape, DType type, long y, long w, long x) {
        dtype = type;
        groups = shape.groups;
        channels = shape.outChannels;
        m = shape.channels;
        image = y;
        weights = w;
        weightRow = shape.taps();
        weightChannel = weightRow * m;
        weightGroup = weightChannel * channels;
        result = x;
        for (int d = 0; d < DIMS; d++) {
            resultStep[d] = shape.stride[d];
            resultExtents[d] = shape.in[d];
        }
        for (phase[0] = 0; phase[0] < shape.stride[0]; phase[0]++) {
            for (phase[1] = 0; phase[1] < shape.stride[1]; phase[1]++) {
                for (phase[2] = 0; phase[2] < shape.stride[2]; phase[2]++) {
                    // Without taps a phase stays zero, as the caller has left it.
                    if (sampling.setPhase(shape, phase) && sampling.taps() > 0) {
                        run(shape.images);
                    }
                }
            }
        }
    }

    private void run(int images) {
        int taps = sampling.taps();
        depth = channels * taps;
        direct = weightChannel == taps && weightRow > 1 && sampling.hasAllTaps();
        if (channels == 1 && taps <= PackedProduct.DEPTH) {
            runDepthwise(images);
            return;
        }
        depthStep =
                taps <= PackedProduct.DEPTH
                        ? PackedProduct.DEPTH / taps * taps
                        : PackedProduct.DEPTH;
        loadedChannels =
                Math.min(
                        channels,
                        (depthStep + taps - 1) / taps + (taps > PackedProduct.DEPTH ? 1 : 0));
        panelCount = ceilDiv(m, Tile.ROWS);
        cut(images);
        inPlace = PatchBlock.isInPlace(sampling, dtype, imageStride(), boxes.largest());
        // Weights that are used once are packed where they are used.
        packsAhead = !direct && boxes.count() > 1;
        ThreadPool pool = ThreadPool.shared();
        if (packsAhead) {
            panels = Scratch.shared(4L * groups * m * depth);
            pool.parallelFor(groups * panelCount, packing);
        }
        pool.parallelFor(groups * rowBlocks * boxes.count(), multiplying);
    }

    /** How many positions and rows a task makes. Says nothing of any element's bits. */
    private void cut(int images) {
        int threads = ThreadPool.shared().threads();
        int tasks = threads == 1 ? 1 : threads * TASKS_PER_THREAD;
        rowBlocks = ceilDiv(m, MOST_ROWS);
        blockPanels = ceilDiv(panelCount, rowBlocks);
        int rows = Math.min(m, blockPanels * Tile.ROWS);
        int positions = CACHE / (4 * (PackedProduct.DEPTH + rows));
        positions = Math.clamp(positions, LEAST_POSITIONS, MOST_POSITIONS);
        long all = (long) images * ConvolutionShape.volume(sampling.grid) * groups * rowBlocks;
        if (all < (long) positions * tasks) {
            positions = Math.max(LEAST_POSITIONS, ceilDiv((int) all, tasks));
        }
        boxes.cut(images, sampling.grid, positions, Tile.LANES);
        int made = boxes.count() * groups;
        while (made * rowBlocks < tasks && blockPanels > 2) {
            rowBlocks *= 2;
            blockPanels = ceilDiv(panelCount, rowBlocks);
        }
        rowBlocks = ceilDiv(panelCount, blockPanels);
    }

    /** Groups of one channel have no use for a product: there is nothing to reuse. */
    private void runDepthwise(int images) {
        loadedChannels = 1;
        boxes.cut(images, sampling.grid, MOST_DEPTHWISE, Tile.LANES);
        inPlace = PatchBlock.isInPlace(sampling, dtype, imageStride(), boxes.largest());
        int tasks = ThreadPool.shared().threads() * TASKS_PER_THREAD;
        groupsOfTask = ceilDiv(groups, Math.min(groups, ceilDiv(tasks, boxes.count())));
        int count = ceilDiv(groups, groupsOfTask) * boxes.count();
        ThreadPool.shared().parallelFor(count, summing);
    }

    private void sum(int index) {
        int box = index % boxes.count();
        int firstGroup = index / boxes.count() * groupsOfTask;
        int endGroup = Math.min(groups, firstGroup + groupsOfTask);
        PatchBlock block = BLOCK.get();
        int taps = sampling.taps();
        long bytesC = 4L * Tile.width(boxes.largest()) + NativeMemory.PADDING;
        long bytesW = 4L * taps + 63 & -64;
        long copyBytes = inPlace ? 0 : PatchBlock.bytes(sampling, boxes, 1);
        long own = Scratch.address(bytesW + bytesC + copyBytes);
        long c = own + bytesW;
        block.begin(sampling, boxes, box, imageStride(), 1, inPlace ? 0 : c + bytesC);
        block.divide();
        long plane = (long) dtype.byteSize() * ConvolutionShape.volume(sampling.image);
        for (int group = firstGroup; group < endGroup; group++) {
            block.load(dtype, image + group * plane, 0, taps);
            for (int row = 0; row < m; row++) {
                long source = weights + 4 * (group * weightGroup + row * weightRow);
                for (int tap = 0; tap < taps; tap++) {
                    float weight = NativeMemory.getFloat(source + 4L * sampling.place(tap));
                    NativeMemory.setFloat(own + 4L * tap, weight);
                }
                block.sum(taps, own, c);
                store(block, group * m + row, 1, c, 0);
            }
        }
    }

    private static int ceilDiv(int count, int size) {
        return (int) (((long) count + size - 1) / size);
    }

    private long imageStride() {
        return (long) groups * channels * ConvolutionShape.volume(sampling.image);
    }

    /** The first row of a panel of weights: panels are as high as each other, or one row more. */
    private int firstRow(int panel) {
        return panel * (m / panelCount) + Math.min(panel, m % panelCount);
    }

    private void packWeights(int index) {
        int group = index / panelCount;
        int panel = index % panelCount;
        pack(group, panel, 0, depth, panels + 4L * depth * (group * m + firstRow(panel)));
    }

    /** Packs a panel of weights, or a part of its depth. */
    private void pack(int group, int panel, int front, int part, long target) {
        int row = firstRow(panel);
        int rows = firstRow(panel + 1) - row;
        int taps = sampling.taps();
        long source = weights + 4 * (group * weightGroup + row * weightRow);
        if (weightRow == 1) {
            PanelCopies.BEST.copy(
                    source + 4 * front * weightChannel,
                    4 * weightChannel,
                    target,
                    4L * rows,
                    part,
                    rows);
        } else if (sampling.hasAllTaps()) {
            long buffer = Scratch.tile(ExactTransposition.BUFFER);
            for (int done = 0; done < part; ) {
                int channel = (front + done) / taps;
                int tap = (front + done) % taps;
                int count = weightChannel == taps ? part - done : Math.min(taps - tap, part - done);
                ExactTransposition.BEST.run(
                        rows,
                        count,
                        source + 4 * (channel * weightChannel + tap),
                        4 * weightRow,
                        target + 4L * done * rows,
                        4L * rows,
                        buffer);
                done += count;
            }
        } else {
            for (int done = 0; done < part; done++) {
                int channel = (front + done) / taps;
                int tap = (front + done) % taps;
                long from = source + 4 * (channel * weightChannel + sampling.place(tap));
                long to = target + 4L * done * rows;
                for (int i = 0; i < rows; i++) {
                    NativeMemory.setFloat(
                            to + 4L * i, NativeMemory.getFloat(from + 4 * i * weightRow));
                }
            }
        }
    }

    private void multiply(int index) {
        int box = index % boxes.count();
        int firstPanel = index / boxes.count() % rowBlocks * blockPanels;
        int endPanel = Math.min(panelCount, firstPanel + blockPanels);
        int group = index / boxes.count() / rowBlocks;
        PatchBlock block = BLOCK.get();
        int rows = firstRow(endPanel) - firstRow(firstPanel);
        long most = Tile.width(boxes.largest());
        long bytesA = packsAhead || direct ? 0 : 4L * Tile.ROWS * depthStep;
        long bytesB = 4 * depthStep * most + NativeMemory.PADDING;
        // Rows a power of two apart would share the sets of the caches.
        long rowC = 4 * most + 4L * Tile.LANES;
        long bytesC = rows * rowC;
        long copyBytes = inPlace ? 0 : PatchBlock.bytes(sampling, boxes, loadedChannels);
        long own = Scratch.address(bytesA + bytesB + bytesC + copyBytes);
        long b = own + bytesA;
        long c = b + (bytesB + 63 & -64);
        block.begin(sampling, boxes, box, imageStride(), loadedChannels, inPlace ? 0 : c + bytesC);
        long channel0 =
                image
                        + (long) dtype.byteSize()
                                * group
                                * channels
                                * ConvolutionShape.volume(sampling.image);
        int count = block.columnCount();
        int firstRow = firstRow(firstPanel);
        for (int front = 0; front < depth; front += depthStep) {
            int part = Math.min(depthStep, depth - front);
            block.load(dtype, channel0, front, part);
            int width;
            for (int column = 0; column < count; column += width) {
                width = columnsOfPanel(count - column);
                block.pack(part, column, width, b + 4L * column * depthStep);
            }
            if (direct) {
                long a = weights + 4 * (group * weightGroup + firstRow * weightRow + front);
                multiply(rows, part, a, 4 * weightRow, 4, count, b, c, rowC, front > 0);
                continue;
            }
            for (int panel = firstPanel; panel < endPanel; panel++) {
                int row = firstRow(panel);
                int height = firstRow(panel + 1) - row;
                long a = own;
                if (packsAhead) {
                    a = panels + 4L * (depth * (group * (long) m + row) + (long) front * height);
                } else {
                    pack(group, panel, front, part, own);
                }
                long to = c + (row - firstRow) * rowC;
                multiply(height, part, a, 4, 4L * height, count, b, to, rowC, front > 0);
            }
        }
        store(block, group * m + firstRow, rows, c, rowC);
    }

    /** The columns of the next panel of patches, where so many are left. */
    private int columnsOfPanel(int left) {
        return Tile.nextColumns(left, !direct);
    }

    /** Some rows of C, at all positions of a box. */
    private void multiply(
            int rows,
            int part,
            long a,
            long aRow,
            long aColumn,
            int count,
            long b,
            long c,
            long rowC,
            boolean accumulate) {
        int width;
        for (int column = 0; column < count; column += width) {
            width = columnsOfPanel(count - column);
            int whole = Tile.width(width);
            DirectProduct.run(
                    rows,
                    whole,
                    part,
                    a,
                    aRow,
                    aColumn,
                    b + 4L * column * depthStep,
                    4L * whole,
                    c + 4L * column,
                    rowC,
                    accumulate);
        }
    }

    /** Stores the rows of C that a task has made, {@code rowC} bytes apart. */
    private void store(PatchBlock block, int channel, int rows, long c, long rowC) {
        long volume = ConvolutionShape.volume(resultExtents);
        long imageStep = (long) groups * m * volume;
        int column = 0;
        for (int n = 0; n < block.images(); n++) {
            long target = (block.firstImage() + n) * imageStep + channel * volume;
            column = storeImage(block, rows, c, rowC, column, target, volume);
        }
    }

    private int storeImage(
            PatchBlock block,
            int rows,
            long c,
            long rowC,
            int firstColumn,
            long target,
            long volume) {
        int column = firstColumn;
        int length = block.size(2);
        int across = block.size(1);
        boolean dense = resultStep[0] == 1 && resultStep[1] == 1 && resultStep[2] == 1;
        if (dense && length == resultExtents[2]) {
            length *= across;
            across = 1;
        }
        for (int q0 = 0; q0 < block.size(0); q0++) {
            for (int q1 = 0; q1 < across; q1++) {
                long i0 = (long) (block.first(0) + q0) * resultStep[0] + phase[0];
                long i1 = (long) (block.first(1) + q1) * resultStep[1] + phase[1];
                long i2 = (long) block.first(2) * resultStep[2] + phase[2];
                long first = (i0 * resultExtents[1] + i1) * resultExtents[2] + i2;
                storeRow(rows, c + 4L * column, rowC, length, target + first, volume);
                column += length;
            }
        }
        return column;
    }

    /** Stores neighbouring positions of all channels. */
    private void storeRow(int rows, long c, long rowC, int length, long target, long volume) {
        if (dtype == DType.F32 && resultStep[2] == 1) {
            PanelCopies.BEST.copy(c, rowC, result + 4 * target, 4 * volume, rows, length);
        } else {
            for (int row = 0; row < rows; row++) {
                storePart(c + row * rowC, length, target + row * volume);
            }
        }
    }

    private void storePart(long from, int count, long element) {
        int bytes = dtype.byteSize();
        long to = result + bytes * element;
        int step = resultStep[2];
        if (step == 1) {
            Chunks.fromFloats(from, count, dtype, to);
        } else if (dtype == DType.F32) {
            for (int i = 0; i < count; i++) {
                NativeMemory.setFloat(to + 4L * i * step, NativeMemory.getFloat(from + 4L * i));
            }
        } else {
            for (int i = 0; i < count; i++) {
                Chunks.fromFloats(from + 4L * i, 1, dtype, to + (long) bytes * i * step);
            }
        }
    }
}
