package dev.ugoki.cpu;

/**
 * Convolutions of images so small that a large part of what their taps would meet is the zeros
 * around them, which is left out: of 3 x 3 taps at 3 x 3 positions 32 in 81 meet nothing.
 *
 * <p>Taps that stand one above the other meet the same columns of an image, and each of them
 * neighbouring rows. So an image's columns are laid out for each place of a tap along the last
 * dimension, {@code [c, rows, columns, n]} with images last, and a tap is a product of its weights,
 * as they lie, and some rows of those: {@code [m, c] * [c, rows * columns * n]}. What the places
 * make is added up when it is stored.
 *
 * <p>Each element is a sum over places, of sums over blocks of channels and the taps of that place;
 * a block's part is one chain of fma. So boxes of images, tiles and threads do not change a bit.
 */
final class SmallImages {
    /** Positions of the images that are computed together, if that is more than one image. */
    private static final int MOST_POSITIONS = 256;

    /** Fewer rows or channels do not pay for laying images out. */
    private static final int FEWEST_CHANNELS = 32;

    /** The weights of so many rows and channels stay in an L2 cache for all taps. */
    private static final int ROWS_OF_TASK = 32;

    private static final int DEPTH = 128;
    private static final int CHANNELS_OF_TASK = 16;

    /** The taps along one dimension, of an image's extent of which positions begin at 0. */
    private static final class Line {
        /** By tap: the first position that meets the image, and what it meets. */
        private int[] first = new int[0];

        private int[] met = new int[0];

        /** How many positions meet it. */
        private int[] counts = new int[0];

        private int taps;
        private int sum;

        void set(ConvolutionShape shape, int d) {
            taps = shape.kernel[d];
            if (first.length < taps) {
                first = new int[taps];
                met = new int[taps];
                counts = new int[taps];
            }
            int stride = shape.stride[d];
            sum = 0;
            for (int tap = 0; tap < taps; tap++) {
                int offset = tap * shape.dilation[d] - shape.before[d];
                int from = Math.max(0, Math.ceilDiv(-offset, stride));
                int end = Math.min(shape.out[d], Math.ceilDiv(shape.in[d] - offset, stride));
                first[tap] = from;
                met[tap] = from * stride + offset;
                counts[tap] = Math.max(0, end - from);
                sum += counts[tap];
            }
        }
    }

    private final ThreadPool.Task layingOut = this::layOut;
    private final ThreadPool.Task multiplying = this::multiply;
    private final Line down = new Line();
    private final Line across = new Line();
    private ConvolutionShape shape = new ConvolutionShape();
    private long image;
    private long weights;
    private long result;

    /** The images at hand. */
    private int firstImage;

    private int images;

    /** What is laid out, and bytes from one of its channels to the next. */
    private long layout;

    private long layoutRow;

    /**
     * Whether a convolution is computed faster so. Decided by the shape, as the bits are others.
     */
    static boolean suits(ConvolutionShape shape) {
        if (shape.groups != 1
                || shape.channels < FEWEST_CHANNELS
                || shape.outChannels < FEWEST_CHANNELS
                || shape.kernel[0] != 1
                || shape.in[0] != 1
                || shape.out[0] != 1
                || shape.before[0] != 0
                || shape.stride[1] != 1
                || 4L * shape.taps() > Tile.MOST_BETWEEN_COLUMNS
                || ConvolutionShape.volume(shape.in) > MOST_POSITIONS
                || ConvolutionShape.volume(shape.out) > MOST_POSITIONS) {
            return false;
        }
        return 4L * met(shape, 1) * met(shape, 2)
                <= 3L * shape.taps() * ConvolutionShape.volume(shape.out);
    }

    /** Pairs of taps and positions along a dimension that meet the image. */
    private static int met(ConvolutionShape shape, int d) {
        int met = 0;
        for (int tap = 0; tap < shape.kernel[d]; tap++) {
            for (int position = 0; position < shape.out[d]; position++) {
                long at = (long) position * shape.stride[d];
                at += (long) tap * shape.dilation[d] - shape.before[d];
                met += at >= 0 && at < shape.in[d] ? 1 : 0;
            }
        }
        return met;
    }

    /** The convolution; contiguous F32. */
    void forward(ConvolutionShape convolution, long x, long w, long y) {
        shape = convolution;
        image = x;
        weights = w;
        result = y;
        down.set(shape, 1);
        across.set(shape, 2);
        int together = Math.max(1, MOST_POSITIONS / ConvolutionShape.volume(shape.out));
        int boxes = Math.ceilDiv(shape.images, together);
        ThreadPool pool = ThreadPool.shared();
        for (int box = 0; box < boxes; box++) {
            firstImage = (int) ((long) shape.images * box / boxes);
            images = (int) ((long) shape.images * (box + 1) / boxes) - firstImage;
            // Rows a power of two apart would share the sets of the caches.
            layoutRow = 4L * shape.in[1] * across.sum * images + 64;
            layout = Scratch.shared(layoutRow * shape.channels + NativeMemory.PADDING);
            pool.parallelFor(Math.ceilDiv(shape.channels, CHANNELS_OF_TASK), layingOut);
            pool.parallelFor(Math.ceilDiv(shape.outChannels, ROWS_OF_TASK), multiplying);
        }
    }

    private void layOut(int task) {
        int volume = ConvolutionShape.volume(shape.in);
        long plane = 4L * volume;
        long element = 4L * images;
        long imagesLast = Scratch.address(plane * images + NativeMemory.PADDING);
        long buffer = Scratch.tile(ExactTransposition.BUFFER);
        int end = Math.min(shape.channels, (task + 1) * CHANNELS_OF_TASK);
        for (int channel = task * CHANNELS_OF_TASK; channel < end; channel++) {
            ExactTransposition.BEST.run(
                    images,
                    volume,
                    image + plane * ((long) firstImage * shape.channels + channel),
                    plane * shape.channels,
                    imagesLast,
                    element,
                    buffer);
            long target = layout + channel * layoutRow;
            for (int tap = 0; tap < across.taps; tap++) {
                int count = across.counts[tap];
                boolean inOnePiece = shape.stride[2] == 1;
                int piece = inOnePiece ? count * images : images;
                for (int column = 0; column < count; column += inOnePiece ? count : 1) {
                    int met = across.met[tap] + column * shape.stride[2];
                    PanelCopies.BEST.copy(
                            imagesLast + met * element,
                            shape.in[2] * element,
                            target + column * element,
                            count * element,
                            shape.in[1],
                            piece);
                }
                target += shape.in[1] * count * element;
            }
        }
    }

    private void multiply(int task) {
        int top = task * ROWS_OF_TASK;
        int rows = Math.min(ROWS_OF_TASK, shape.outChannels - top);
        long element = 4L * images;
        long sumRow = shape.out[1] * across.sum * element + 64;
        long resultBytes = ConvolutionShape.volume(shape.out) * element;
        long sums = Scratch.address(sumRow * rows + 2 * resultBytes + NativeMemory.PADDING);
        NativeMemory.clear(sums, sumRow * rows);
        long aColumn = 4L * shape.taps();
        long aRow = aColumn * shape.channels;
        for (int front = 0; front < shape.channels; front += DEPTH) {
            int depth = Math.min(DEPTH, shape.channels - front);
            long a = weights + top * aRow + front * aColumn;
            long b = layout + front * layoutRow;
            long c = sums;
            for (int place = 0; place < across.taps; place++) {
                long row = across.counts[place] * element;
                for (int tap = 0; tap < down.taps && row > 0; tap++) {
                    DirectProduct.run(
                            rows,
                            down.counts[tap] * across.counts[place] * images,
                            depth,
                            a + 4L * (tap * across.taps + place),
                            aRow,
                            aColumn,
                            b + down.met[tap] * row,
                            layoutRow,
                            c + down.first[tap] * row,
                            sumRow,
                            true);
                }
                b += shape.in[1] * row;
                c += shape.out[1] * row;
            }
        }
        for (int i = 0; i < rows; i++) {
            store(top + i, sums + i * sumRow, sums + rows * sumRow);
        }
    }

    /** Adds up what the places of taps have made of a channel in a buffer, and stores it. */
    private void store(int channel, long sums, long buffer) {
        int volume = ConvolutionShape.volume(shape.out);
        long element = 4L * images;
        NativeMemory.clear(buffer, volume * element);
        long from = sums;
        for (int place = 0; place < across.taps; place++) {
            int count = across.counts[place] * images;
            for (int row = 0; row < shape.out[1]; row++) {
                add(from, count, buffer + (row * shape.out[2] + across.first[place]) * element);
                from += 4L * count;
            }
        }
        long plane = 4L * volume;
        long imagesFirst = buffer + volume * element;
        ExactTransposition.BEST.run(
                volume,
                images,
                buffer,
                element,
                imagesFirst,
                plane,
                Scratch.tile(ExactTransposition.BUFFER));
        PanelCopies.BEST.copy(
                imagesFirst,
                plane,
                result + plane * ((long) firstImage * shape.outChannels + channel),
                plane * shape.outChannels,
                images,
                volume);
    }

    private static void add(long from, int count, long to) {
        for (int i = 0; i < count; i++) {
            float sum = NativeMemory.getFloat(to + 4L * i) + NativeMemory.getFloat(from + 4L * i);
            NativeMemory.setFloat(to + 4L * i, sum);
        }
    }
}
