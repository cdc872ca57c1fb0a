package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;

/**
 * The part of some images that the taps of a {@link Sampling} meet from one box of positions, laid
 * out so that the element under tap t of channel c at position p is found at {@code rows[c, t] +
 * columns[p]}: then patches need not be gathered, and neighbouring positions are neighbours in
 * memory.
 *
 * <p>Where taps reach outside, or the step is not 1, that takes a copy with a border of zeros, in
 * which each row is divided by the phase of the step. Else it is the image itself.
 */
final class PatchBlock {
    private static final int DIMS = ConvolutionShape.DIMS;

    /** The image that offsets of images themselves may span, so that they are ints. */
    private static final long LARGEST_OFFSET = 1 << 30;

    private final int[] first = new int[DIMS + 1];
    private final int[] size = new int[DIMS + 1];
    private Sampling sampling = new Sampling();
    private boolean copied;
    private long imageStride;

    /** Extents of the copy: planes and rows of an image, and elements between its parts. */
    private final int[] spans = new int[DIMS];

    private int phases;
    private int phasePitch;
    private int rowPitch;
    private int channelPitch;

    private final OffsetPanels panels = new OffsetPanels();
    private int[] tapOffsets = new int[0];
    private int[] rows = new int[PackedProduct.DEPTH];

    /** What the offsets count from. */
    private long source;

    /** Whether images are read where they are. */
    static boolean isInPlace(Sampling sampling, DType dtype, long imageStride, int images) {
        return dtype == DType.F32
                && sampling.step[2] == 1
                && sampling.staysInside()
                && images * imageStride <= LARGEST_OFFSET
                && PackedProduct.DEPTH * (long) ConvolutionShape.volume(sampling.image)
                        <= LARGEST_OFFSET;
    }

    /** The bytes of a copy of so many channels for boxes of at most these extents. */
    static long bytes(Sampling sampling, Boxes boxes, int channels) {
        long elements = (long) channels * boxes.largest(0);
        for (int d = 0; d < DIMS - 1; d++) {
            elements *= sampling.span(d, boxes.largest(d + 1));
        }
        int pitch = phases(sampling) * phasePitch(sampling, boxes.largest(DIMS));
        return 4 * elements * pitch + NativeMemory.PADDING;
    }

    private static int phases(Sampling sampling) {
        return Math.min(sampling.step[2], sampling.high[2] - sampling.low[2] + 1);
    }

    private static int phasePitch(Sampling sampling, int positions) {
        return positions + (sampling.high[2] - sampling.low[2]) / sampling.step[2];
    }

    /**
     * Begins a box.
     *
     * @param imageStride elements between images
     * @param channels that {@link #load} will load at most
     * @param copy where a copy goes; 0 if images are read where they are
     */
    void begin(
            Sampling newSampling,
            Boxes boxes,
            int box,
            long newImageStride,
            int channels,
            long copy) {
        sampling = newSampling;
        imageStride = newImageStride;
        copied = copy != 0;
        boxes.box(box, first, size);
        for (int d = 0; d < DIMS; d++) {
            spans[d] = copied ? sampling.span(d, size[d + 1]) : sampling.image[d];
        }
        if (copied) {
            phases = phases(sampling);
            phasePitch = phasePitch(sampling, size[DIMS]);
            rowPitch = phases * phasePitch;
            channelPitch = size[0] * spans[0] * spans[1] * rowPitch;
            source = copy;
            NativeMemory.clear(copy, 4L * channels * channelPitch);
        } else {
            phases = 1;
            rowPitch = sampling.image[2];
            channelPitch = ConvolutionShape.volume(sampling.image);
        }
        findColumns();
        findTaps();
    }

    int images() {
        return size[0];
    }

    /** The first image of the box. */
    int firstImage() {
        return first[0];
    }

    /** How many positions the box has. */
    int columnCount() {
        return size[0] * size[1] * size[2] * size[3];
    }

    /** Where the box begins along a spatial dimension. */
    int first(int dim) {
        return first[dim + 1];
    }

    int size(int dim) {
        return size[dim + 1];
    }

    private void findColumns() {
        int[] columns = panels.columns(columnCount());
        long imagePitch = copied ? (long) spans[0] * spans[1] * rowPitch : imageStride;
        int column = 0;
        for (int n = 0; n < size[0]; n++) {
            for (int q0 = 0; q0 < size[1]; q0++) {
                for (int q1 = 0; q1 < size[2]; q1++) {
                    int row = q0 * sampling.step[0] * spans[1] + q1 * sampling.step[1];
                    int start = (int) (n * imagePitch) + row * rowPitch;
                    for (int q2 = 0; q2 < size[3]; q2++) {
                        columns[column++] = start + q2;
                    }
                }
            }
        }
    }

    private void findTaps() {
        int taps = sampling.taps();
        if (tapOffsets.length < taps) {
            tapOffsets = new int[taps];
        }
        for (int tap = 0; tap < taps; tap++) {
            int o0 = sampling.offset(tap, 0);
            int o1 = sampling.offset(tap, 1);
            int o2 = sampling.offset(tap, 2);
            if (copied) {
                int along = o2 - sampling.low[2];
                int row = (o0 - sampling.low[0]) * spans[1] + o1 - sampling.low[1];
                tapOffsets[tap] =
                        row * rowPitch
                                + along % sampling.step[2] * phasePitch
                                + along / sampling.step[2];
            } else {
                tapOffsets[tap] = (o0 * spans[1] + o1) * rowPitch + o2;
            }
        }
    }

    /**
     * Loads channels, and sets the rows of patches that a block of the depth needs.
     *
     * @param channel0 the address of channel 0 of the first of all images
     * @param front the first row, counted over taps within channels
     */
    void load(DType dtype, long channel0, int front, int depth) {
        int taps = sampling.taps();
        int channel = front / taps;
        int count = (front + depth + taps - 1) / taps - channel;
        if (copied) {
            copyChannels(dtype, channel0, channel, count);
        } else {
            long corner =
                    ((long) first[1] * sampling.step[0] * spans[1]
                                            + (long) first[2] * sampling.step[1])
                                    * rowPitch
                            + first[3];
            source =
                    channel0
                            + 4 * (first[0] * imageStride + (long) channel * channelPitch + corner);
        }
        int tap = front % taps;
        int offset = 0;
        for (int row = 0; row < depth; row++) {
            rows[row] = offset + tapOffsets[tap];
            if (++tap == taps) {
                tap = 0;
                offset += channelPitch;
            }
        }
    }

    private void copyChannels(DType dtype, long channel0, int channel, int count) {
        int bytes = dtype.byteSize();
        long volume = ConvolutionShape.volume(sampling.image);
        boolean isOneRow = spans[0] * spans[1] == 1;
        for (int n = 0; n < size[0]; n++) {
            long image = (first[0] + n) * imageStride + channel * volume;
            long from = channel0 + bytes * image;
            long to = source + 4L * n * spans[0] * spans[1] * rowPitch;
            if (isOneRow) {
                if (isInside(0, 0) && isInside(1, 0)) {
                    long plane = plane(dtype, from, 0);
                    copyRows(dtype, row(dtype, plane, 0), volume, to, channelPitch, count);
                }
                continue;
            }
            for (int c = 0; c < count; c++) {
                copyImage(dtype, from + bytes * c * volume, to + 4L * c * channelPitch);
            }
        }
    }

    private void copyImage(DType dtype, long image, long target) {
        int from = Math.max(0, -start(1));
        int to = Math.min(spans[1], sampling.image[1] - start(1));
        boolean isEachMet = sampling.step[1] <= sampling.high[1] - sampling.low[1] + 1;
        for (int a = 0; a < spans[0]; a++) {
            if (!isInside(0, a) || !isMet(0, a)) {
                continue;
            }
            long plane = plane(dtype, image, a);
            if (isEachMet) {
                copyRows(
                        dtype,
                        row(dtype, plane, from),
                        sampling.image[2],
                        place(target, a, from),
                        rowPitch,
                        to - from);
                continue;
            }
            for (int b = from; b < to; b++) {
                if (isMet(1, b)) {
                    copyRows(dtype, row(dtype, plane, b), 0, place(target, a, b), 0, 1);
                }
            }
        }
    }

    /** Whether this plane or row of the copy is one of the image. */
    private boolean isInside(int d, int at) {
        return start(d) + at >= 0 && start(d) + at < sampling.image[d];
    }

    private long plane(DType dtype, long image, int a) {
        long rows = (long) (start(0) + a) * sampling.image[1];
        return image + dtype.byteSize() * rows * sampling.image[2];
    }

    private long row(DType dtype, long plane, int b) {
        return plane + (long) dtype.byteSize() * (start(1) + b) * sampling.image[2];
    }

    private long place(long target, int a, int b) {
        return target + 4L * (a * spans[1] + b) * rowPitch;
    }

    /** Whether a tap may meet this plane or row of the copy: not those that the step leaves out. */
    private boolean isMet(int d, int at) {
        return at % sampling.step[d] <= sampling.high[d] - sampling.low[d];
    }

    /** The element of the image that the copy begins with. */
    private int start(int d) {
        return first[d + 1] * sampling.step[d] + sampling.low[d];
    }

    /** Copies rows that lie so many elements apart. */
    private void copyRows(
            DType dtype, long row, long rowStep, long target, long targetStep, int count) {
        int start = start(2);
        int from = Math.max(0, -start);
        int to = Math.min(spans[2], sampling.image[2] - start);
        if (from >= to) {
            return;
        }
        long bytes = dtype.byteSize();
        if (sampling.step[2] == 1 && dtype == DType.F32) {
            PanelCopies.BEST.copy(
                    row + 4L * (start + from),
                    4 * rowStep,
                    target + 4L * from,
                    4 * targetStep,
                    count,
                    to - from);
            return;
        }
        for (int i = 0; i < count; i++) {
            copyRow(
                    dtype,
                    row + bytes * (i * rowStep + start),
                    target + 4 * i * targetStep,
                    from,
                    to);
        }
    }

    private void copyRow(DType dtype, long row, long target, int from, int to) {
        int step = sampling.step[2];
        int bytes = dtype.byteSize();
        if (step == 1) {
            Chunks.toFloats(dtype, row + (long) bytes * from, to - from, target + 4L * from);
            return;
        }
        for (int phase = 0; phase < phases; phase++) {
            int skipped = Math.max(0, (from - phase + step - 1) / step);
            long part = target + 4L * phase * phasePitch;
            for (int i = skipped; i * step + phase < to; i++) {
                long element = row + bytes * (phase + (long) i * step);
                float value =
                        dtype == DType.F32
                                ? NativeMemory.getFloat(element)
                                : (float) Chunks.getDouble(dtype, element);
                NativeMemory.setFloat(part + 4L * i, value);
            }
        }
    }

    /** Packs the patches at positions of the box as a panel of B; see {@link Tile}. */
    void pack(int depth, int column, int count, long target) {
        panels.pack(source, rows, depth, column, count, target, copied);
    }

    /** Prepares {@link #sum} for all positions of the box. */
    void divide() {
        panels.divide(0, columnCount());
    }

    /** The sums of what was loaded, times a weight for each row, at all positions. */
    void sum(int depth, long weights, long target) {
        panels.sum(source, rows, depth, weights, target);
    }
}
