package dev.ugoki.cpu;

/**
 * The gradient of a convolution in its weights: for each group a matrix product {@code [o,
 * positions] * [positions, taps * c]} over the positions of all images. A task makes some rows of
 * it for some channels: box by box of positions it lays their part of the image out with channels
 * last, where neighbouring channels under a tap are neighbours in memory, and packs panels from
 * there.
 *
 * <p>Each element is a sum over boxes; each box's part is one chain of fma. Boxes follow from the
 * shape alone, so threads do not change a bit.
 */
final class FilterGradient {
    private static final int DIMS = ConvolutionShape.DIMS;

    /** About how many columns a task makes, and rows at most: then both stay in the L2 cache. */
    private static final int COLUMNS = 288;

    private static final int MOST_ROWS = 256;

    /** Bytes of packed rows that are kept at a time. */
    private static final long PACKED = 16 << 20;

    /** What one thread packs with. */
    private static final class Workspace {
        final int[] first = new int[DIMS + 1];
        final int[] size = new int[DIMS + 1];
        final int[] spans = new int[DIMS];
        final int[] rows = new int[PackedProduct.DEPTH];
        final OffsetPanels panels = new OffsetPanels();
    }

    private static final ThreadLocal<Workspace> WORKSPACE = ThreadLocal.withInitial(Workspace::new);

    private final ThreadPool.Task packing = this::packRows;
    private final ThreadPool.Task multiplying = this::multiply;
    private final Sampling sampling = new Sampling();
    private final Boxes boxes = new Boxes();

    private int groups;
    private int channels;
    private int m;
    private int taps;
    private long image;
    private long gradient;
    private long result;

    private boolean inOrder;
    private int blockChannels;
    private int channelBlocks;
    private int panelCount;
    private int blockPanels;
    private int rowBlocks;
    private int firstBox;
    private int endBox;
    private long packedRows;
    private long sums;

    /**
     * All in F32: the image {@code x}, the result's gradient {@code y}, and the weights' {@code w}.
     */
    void run(ConvolutionShape shape, long x, long y, long w) {
        groups = shape.groups;
        channels = shape.channels;
        m = shape.outChannels;
        taps = shape.taps();
        image = x;
        gradient = y;
        result = w;
        sampling.setForward(shape);
        boxes.cut(shape.images, sampling.grid, PackedProduct.DEPTH, 1);
        cut(shape.images);
        long boxBytes = 4L * groups * m * boxes.largest();
        int together = Math.clamp(PACKED / boxBytes, 1, boxes.count());
        long allSums = inOrder ? 0 : sumBytes() * groups * channelBlocks;
        packedRows = Scratch.shared(boxBytes * together + allSums);
        sums = packedRows + boxBytes * together;
        ThreadPool pool = ThreadPool.shared();
        for (firstBox = 0; firstBox < boxes.count(); firstBox = endBox) {
            endBox = Math.min(boxes.count(), firstBox + together);
            pool.parallelFor((endBox - firstBox) * groups * panelCount, packing);
            pool.parallelFor(groups * channelBlocks * rowBlocks, multiplying);
        }
    }

    private void cut(int images) {
        // Sums in the order of the result need no second copy, but panels are packed by elements.
        inOrder = taps == 1 || 3.0 * images * ConvolutionShape.volume(sampling.grid) < m;
        int atLeast = ceilDiv(COLUMNS, taps * Tile.COLUMNS) * Tile.COLUMNS;
        blockChannels = Math.min(channels, atLeast);
        channelBlocks = ceilDiv(channels, blockChannels);
        panelCount = ceilDiv(m, Tile.ROWS);
        rowBlocks = ceilDiv(m, MOST_ROWS);
        int threads = ThreadPool.shared().threads();
        while (rowBlocks * channelBlocks * groups < threads && rowBlocks < panelCount) {
            rowBlocks *= 2;
        }
        blockPanels = ceilDiv(panelCount, rowBlocks);
        rowBlocks = ceilDiv(panelCount, blockPanels);
    }

    private static int ceilDiv(int count, int size) {
        return (int) (((long) count + size - 1) / size);
    }

    /** Bytes of the sums of a group and block of channels. */
    private long sumBytes() {
        return 4L * m * Tile.width(taps * blockChannels);
    }

    private int firstRow(int panel) {
        return panel * (m / panelCount) + Math.min(panel, m % panelCount);
    }

    /** The address of a panel of the result's gradient at the positions of a box. */
    private long packed(int box, int group, int row, int positions) {
        long rowsOfBox = (long) (box - firstBox) * groups * m;
        return packedRows
                + 4 * (rowsOfBox * boxes.largest() + ((long) group * m + row) * positions);
    }

    private void packRows(int index) {
        Workspace own = WORKSPACE.get();
        int box = firstBox + index / (groups * panelCount);
        int group = index / panelCount % groups;
        int row = firstRow(index % panelCount);
        int rows = firstRow(index % panelCount + 1) - row;
        boxes.box(box, own.first, own.size);
        int[] grid = sampling.grid;
        long volume = ConvolutionShape.volume(grid);
        long target = packed(box, group, row, positions(own.size));
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        // Whole rows, and whole planes, follow one another.
        int length = own.size[3];
        int across = own.size[2];
        if (length == grid[2]) {
            length *= across;
            across = 1;
        }
        for (int n = 0; n < own.size[0]; n++) {
            for (int q0 = 0; q0 < own.size[1]; q0++) {
                for (int q1 = 0; q1 < across; q1++) {
                    long channel = ((long) own.first[0] + n) * groups * m + group * m + row;
                    long line = (long) (own.first[1] + q0) * grid[1] + own.first[2] + q1;
                    long element = channel * volume + line * grid[2] + own.first[3];
                    ExactTransposition.BEST.run(
                            rows,
                            length,
                            gradient + 4 * element,
                            4 * volume,
                            target,
                            4L * rows,
                            buffer);
                    target += 4L * rows * length;
                }
            }
        }
    }

    private static int positions(int[] size) {
        return size[0] * size[1] * size[2] * size[3];
    }

    private void multiply(int index) {
        int firstPanel = index % rowBlocks * blockPanels;
        int endPanel = Math.min(panelCount, firstPanel + blockPanels);
        int block = index / rowBlocks % channelBlocks;
        int group = index / rowBlocks / channelBlocks;
        int channel = block * blockChannels;
        int count = Math.min(blockChannels, channels - channel);
        int columns = taps * count;
        long c = sums + sumBytes() * (group * channelBlocks + block);
        Workspace own = WORKSPACE.get();
        for (int box = firstBox; box < endBox; box++) {
            boxes.box(box, own.first, own.size);
            int positions = positions(own.size);
            long panel = 4L * PackedProduct.DEPTH * Tile.COLUMNS;
            long copy = layOut(own, group * channels + channel, count, panel);
            for (int column = 0; column < columns; column += Tile.COLUMNS) {
                int width = Math.min(Tile.COLUMNS, columns - column);
                long b = copy - panel - NativeMemory.PADDING;
                own.panels.pack(copy, own.rows, positions, column, width, b, true);
                long first = c + 4L * m * column;
                long cRow = 4L * Tile.width(width);
                if (inOrder) {
                    cRow = 4L * channels * taps;
                    first = result + group * m * cRow + 4 * ((long) channel * taps + column);
                }
                for (int each = firstPanel; each < endPanel; each++) {
                    int row = firstRow(each);
                    int rows = firstRow(each + 1) - row;
                    Tile.run(
                            rows,
                            inOrder ? width : Tile.width(width),
                            positions,
                            packed(box, group, row, positions),
                            b,
                            first + row * cRow,
                            cRow,
                            box > 0);
                }
            }
        }
        if (endBox == boxes.count() && !inOrder) {
            int row = firstRow(firstPanel);
            store(c, group, row, firstRow(endPanel) - row, channel, count);
        }
    }

    /**
     * Copies what the taps meet from a box, some channels of it, with channels last and zeros
     * around.
     *
     * @return the address of the copy, after {@code before} bytes and padding
     */
    private long layOut(Workspace own, int channel, int count, long before) {
        int[] spans = own.spans;
        for (int d = 0; d < DIMS; d++) {
            spans[d] = sampling.span(d, own.size[d + 1]);
        }
        int lines = spans[0] * spans[1];
        long bytes = 4L * own.size[0] * lines * spans[2] * count;
        long address = Scratch.address(before + bytes + 2L * NativeMemory.PADDING);
        long copy = address + before + NativeMemory.PADDING;
        if (!sampling.staysInside()) {
            NativeMemory.clear(copy, bytes);
        }
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        long volume = ConvolutionShape.volume(sampling.image);
        long target = copy;
        for (int n = 0; n < own.size[0]; n++) {
            long plane = ((long) own.first[0] + n) * groups * channels + channel;
            for (int a = 0; a < spans[0]; a++) {
                for (int b = 0; b < spans[1]; b++) {
                    copyLine(own, a, b, count, image + 4 * plane * volume, target, buffer);
                    target += 4L * spans[2] * count;
                }
            }
        }
        findRows(own, count);
        findColumns(own, count);
        return copy;
    }

    private void copyLine(
            Workspace own, int a, int b, int count, long source, long target, long buffer) {
        int[] extents = sampling.image;
        int i0 = own.first[1] * sampling.step[0] + sampling.low[0] + a;
        int i1 = own.first[2] * sampling.step[1] + sampling.low[1] + b;
        if (i0 < 0 || i0 >= extents[0] || i1 < 0 || i1 >= extents[1]) {
            return;
        }
        int start = own.first[3] * sampling.step[2] + sampling.low[2];
        int from = Math.max(0, -start);
        int to = Math.min(own.spans[2], extents[2] - start);
        if (from < to) {
            ExactTransposition.BEST.run(
                    count,
                    to - from,
                    source + 4 * (((long) i0 * extents[1] + i1) * extents[2] + start + from),
                    4L * ConvolutionShape.volume(extents),
                    target + 4L * from * count,
                    4L * count,
                    buffer);
        }
    }

    private void findRows(Workspace own, int count) {
        int row = 0;
        for (int n = 0; n < own.size[0]; n++) {
            for (int q0 = 0; q0 < own.size[1]; q0++) {
                int plane = n * own.spans[0] + q0 * sampling.step[0];
                for (int q1 = 0; q1 < own.size[2]; q1++) {
                    int line = plane * own.spans[1] + q1 * sampling.step[1];
                    for (int q2 = 0; q2 < own.size[3]; q2++) {
                        own.rows[row++] = (line * own.spans[2] + q2 * sampling.step[2]) * count;
                    }
                }
            }
        }
    }

    private void findColumns(Workspace own, int count) {
        int[] columns = own.panels.columns(taps * count);
        for (int tap = 0; tap < taps; tap++) {
            int plane = sampling.offset(tap, 0) - sampling.low[0];
            int line = plane * own.spans[1] + sampling.offset(tap, 1) - sampling.low[1];
            int along = line * own.spans[2] + sampling.offset(tap, 2) - sampling.low[2];
            for (int c = 0; c < count; c++) {
                columns[inOrder ? c * taps + tap : tap * count + c] = along * count + c;
            }
        }
    }

    /** Stores rows of the sums, whose columns are taps of channels, as channels of taps. */
    private void store(long c, int group, int firstRow, int rows, int channel, int count) {
        if (count % Tile.COLUMNS == 0) {
            storePanels(c, group, firstRow, rows, channel, count);
            return;
        }
        int columns = taps * count;
        for (int row = firstRow; row < firstRow + rows; row++) {
            long target = result + 4L * (((long) group * m + row) * channels + channel) * taps;
            for (int column = 0; column < columns; column += Tile.COLUMNS) {
                int part = Math.min(Tile.COLUMNS, columns - column);
                long from = c + 4 * ((long) m * column + (long) row * Tile.width(part));
                int tap = column / count;
                int inBlock = column % count;
                for (int i = 0; i < part; i++) {
                    NativeMemory.setFloat(
                            target + 4L * (inBlock * taps + tap),
                            NativeMemory.getFloat(from + 4L * i));
                    if (++inBlock == count) {
                        inBlock = 0;
                        tap++;
                    }
                }
            }
        }
    }

    /** The same where each panel of sums is of one tap: its channels are transposed as a block. */
    private void storePanels(long c, int group, int firstRow, int rows, int channel, int count) {
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        for (int row = firstRow; row < firstRow + rows; row++) {
            long target = result + 4L * (((long) group * m + row) * channels + channel) * taps;
            for (int column = 0; column < count; column += Tile.COLUMNS) {
                ExactTransposition.BEST.run(
                        taps,
                        Tile.COLUMNS,
                        c + 4L * ((long) m * column + (long) row * Tile.COLUMNS),
                        4L * m * count,
                        target + 4L * column * taps,
                        4L * taps,
                        buffer);
            }
        }
    }
}
