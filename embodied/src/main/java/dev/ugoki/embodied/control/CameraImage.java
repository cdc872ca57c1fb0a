package dev.ugoki.embodied.control;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Makes a camera's picture what a network takes, in one pass and without a copy before it: bytes
 * [height, width, channels], as cameras give them, become F32 [channels, height, width], each
 * {@code (byte / 255 - mean) / deviation}, rounded as F32 arithmetic does.
 *
 * <pre>{@code
 * CameraImage camera = CameraImage.of(480, 640, 3).withNormalization(mean, deviation);
 * camera.write(frame, controller.observation().buffer(1));
 * }</pre>
 *
 * <p>Immutable, and safe for any number of threads; {@link #write} allocates nothing.
 */
public final class CameraImage {
    private static final int LEVELS = 256;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final int height;
    private final int width;
    private final int channels;
    private final long rowBytes;
    private final int pixelBytes;

    /** For each channel of the result the byte of a pixel that it is made of. */
    private final int[] order;

    /** What each byte becomes, for each channel of the result. */
    private final float[] table;

    private CameraImage(
            int height,
            int width,
            int channels,
            long rowBytes,
            int pixelBytes,
            int[] order,
            float[] table) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.rowBytes = rowBytes;
        this.pixelBytes = pixelBytes;
        this.order = order;
        this.table = table;
    }

    /** A picture whose rows follow one another without gaps, made into numbers from 0 to 1. */
    public static CameraImage of(int height, int width, int channels) {
        if (height < 1 || width < 1 || channels < 1) {
            throw new IllegalArgumentException(
                    "camera: a picture of " + height + " x " + width + " x " + channels);
        }
        int[] order = new int[channels];
        for (int i = 0; i < channels; i++) {
            order[i] = i;
        }
        float[] table = table(channels, new float[channels], filled(channels));
        return new CameraImage(
                height, width, channels, (long) width * channels, channels, order, table);
    }

    private static float[] filled(int channels) {
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static float[] table(int channels, float[] mean, float[] deviation) {
        float[] table = new float[channels * LEVELS];
        for (int channel = 0; channel < channels; channel++) {
            for (int level = 0; level < LEVELS; level++) {
                table[channel * LEVELS + level] =
                        (level / 255f - mean[channel]) / deviation[channel];
            }
        }
        return table;
    }

    /**
     * With the mean and deviation of each channel of the result, in numbers from 0 to 1.
     *
     * @throws IllegalArgumentException if a deviation is not positive
     */
    public CameraImage withNormalization(float[] mean, float[] deviation) {
        if (mean.length != channels || deviation.length != channels) {
            throw new IllegalArgumentException(
                    "camera: the picture has "
                            + channels
                            + " channels, not "
                            + mean.length
                            + " and "
                            + deviation.length);
        }
        for (float each : deviation) {
            if (!(each > 0)) {
                throw new IllegalArgumentException("camera: a deviation of " + each);
            }
        }
        return new CameraImage(
                height,
                width,
                channels,
                rowBytes,
                pixelBytes,
                order,
                table(channels, mean, deviation));
    }

    /** The bytes of a pixel stand the other way round, such as BGR. */
    public CameraImage reversed() {
        int[] reversed = new int[channels];
        for (int i = 0; i < channels; i++) {
            reversed[i] = order[channels - 1 - i];
        }
        return new CameraImage(height, width, channels, rowBytes, pixelBytes, reversed, table);
    }

    /**
     * With gaps: how many bytes lie from a row to the next, and from a pixel to the next.
     *
     * @throws IllegalArgumentException if rows or pixels would overlap
     */
    public CameraImage withStrides(long newRowBytes, int newPixelBytes) {
        if (newPixelBytes < channels || newRowBytes < (long) newPixelBytes * width) {
            throw new IllegalArgumentException(
                    "camera: pixels of "
                            + newPixelBytes
                            + " bytes in rows of "
                            + newRowBytes
                            + " overlap");
        }
        return new CameraImage(height, width, channels, newRowBytes, newPixelBytes, order, table);
    }

    /** Bytes from the first of a picture to behind its last. */
    public long pictureBytes() {
        return (height - 1) * rowBytes + (long) (width - 1) * pixelBytes + channels;
    }

    /** Bytes of what is written. */
    public long resultBytes() {
        return (long) Float.BYTES * channels * height * width;
    }

    /** As {@link #write(MemorySegment, MemorySegment)}, from the buffer's position on. */
    public void write(ByteBuffer picture, MemorySegment to) {
        write(MemorySegment.ofBuffer(picture), to);
    }

    /**
     * Converts a picture.
     *
     * @param picture at least {@link #pictureBytes} long
     * @param to at least {@link #resultBytes} long
     */
    public void write(MemorySegment picture, MemorySegment to) {
        if (picture.byteSize() < pictureBytes() || to.byteSize() < resultBytes()) {
            throw new IllegalArgumentException(
                    "camera: a picture takes "
                            + pictureBytes()
                            + " bytes and its result "
                            + resultBytes()
                            + "; given are "
                            + picture.byteSize()
                            + " and "
                            + to.byteSize());
        }
        if (channels == 3) {
            writeThree(picture, to);
            return;
        }
        for (int channel = 0; channel < channels; channel++) {
            long at = (long) Float.BYTES * channel * height * width;
            for (int row = 0; row < height; row++) {
                long from = row * rowBytes + order[channel];
                for (int column = 0; column < width; column++) {
                    int level = picture.get(BYTE, from) & 0xff;
                    to.set(FLOAT, at, table[channel * LEVELS + level]);
                    from += pixelBytes;
                    at += Float.BYTES;
                }
            }
        }
    }

    /** All three channels of a pixel together, so that the picture is read once. */
    private void writeThree(MemorySegment picture, MemorySegment to) {
        long plane = (long) Float.BYTES * height * width;
        int first = order[0];
        int second = order[1];
        int third = order[2];
        long at = 0;
        for (int row = 0; row < height; row++) {
            long from = row * rowBytes;
            for (int column = 0; column < width; column++) {
                int a = picture.get(BYTE, from + first) & 0xff;
                int b = picture.get(BYTE, from + second) & 0xff;
                int c = picture.get(BYTE, from + third) & 0xff;
                to.set(FLOAT, at, table[a]);
                to.set(FLOAT, at + plane, table[LEVELS + b]);
                to.set(FLOAT, at + 2 * plane, table[2 * LEVELS + c]);
                from += pixelBytes;
                at += Float.BYTES;
            }
        }
    }
}
