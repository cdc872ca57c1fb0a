package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.train.FrameImages;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/** What demonstrations look like: each of their states, rendered. */
final class PushTImages implements FrameImages {
    private static final int SIDE = PushTRenderer.OBSERVATION_SIDE;
    private static final int BYTES = 3 * SIDE * SIDE;

    private final byte[][] images;

    private PushTImages(byte[][] images) {
        this.images = images;
    }

    /** Renders all frames, on so many threads as the machine has. */
    static PushTImages of(Demonstrations demonstrations) {
        byte[][] images = new byte[demonstrations.frames()][];
        IntStream.range(0, images.length)
                .parallel()
                .forEach(frame -> images[frame] = bytes(demonstrations.state(frame)));
        return new PushTImages(images);
    }

    /** An image as bytes, [height, width, 3]. */
    static byte[] bytes(PushTState state) {
        BufferedImage image = PushTRenderer.observation(state);
        int[] pixels = image.getRGB(0, 0, SIDE, SIDE, null, 0, SIDE);
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < pixels.length; i++) {
            bytes[3 * i] = (byte) (pixels[i] >> 16);
            bytes[3 * i + 1] = (byte) (pixels[i] >> 8);
            bytes[3 * i + 2] = (byte) pixels[i];
        }
        return bytes;
    }

    /** An image as a policy sees it: F32 [1, 3, height, width] from 0 to 1. */
    static Tensor tensor(PushTState state) {
        return tensor(MemorySegment.ofArray(bytes(state)), 1);
    }

    private static Tensor tensor(MemorySegment bytes, int count) {
        Tensor images = Tensor.of(new TensorType(DType.U8, Shape.of(count, SIDE, SIDE, 3)), bytes);
        return images.permute(0, 3, 1, 2).cast(DType.F32).mul(1 / 255.0);
    }

    /** The images of frames {@code from} to before {@code to} as a policy sees them. */
    Tensor tensors(int from, int to) {
        byte[] bytes = new byte[(to - from) * BYTES];
        for (int frame = from; frame < to; frame++) {
            copyFrame(frame, bytes, (frame - from) * BYTES);
        }
        return tensor(MemorySegment.ofArray(bytes), to - from);
    }

    @Override
    public int height() {
        return SIDE;
    }

    @Override
    public int width() {
        return SIDE;
    }

    @Override
    public int frameCount() {
        return images.length;
    }

    @Override
    public void copyFrame(int frame, byte[] target, int offset) {
        System.arraycopy(images[frame], 0, target, offset, BYTES);
    }
}
