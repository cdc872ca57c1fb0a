package dev.ugoki.embodied.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;

class CameraImageTest {
    private static final int HEIGHT = 5;
    private static final int WIDTH = 7;
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

    private static byte[] picture(int bytes) {
        byte[] picture = new byte[bytes];
        new Random(1).nextBytes(picture);
        return picture;
    }

    private static float[] written(CameraImage image, byte[] picture, int channels) {
        MemorySegment to = Arena.ofAuto().allocate(image.resultBytes(), 64);
        image.write(MemorySegment.ofArray(picture), to);
        assertEquals(4L * channels * HEIGHT * WIDTH, to.byteSize());
        return to.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void aPictureBecomesWhatTensorsMakeOfIt() {
        byte[] picture = picture(HEIGHT * WIDTH * 3);
        Tensor bytes =
                Tensor.of(
                        new TensorType(DType.U8, Shape.of(HEIGHT, WIDTH, 3)),
                        MemorySegment.ofArray(picture));
        Tensor expected =
                bytes.cast(DType.F32)
                        .div(255)
                        .sub(Tensor.of(MEAN, 3))
                        .div(Tensor.of(DEVIATION, 3))
                        .permute(2, 0, 1);

        CameraImage image = CameraImage.of(HEIGHT, WIDTH, 3).withNormalization(MEAN, DEVIATION);

        assertArrayEquals(expected.toFloatArray(), written(image, picture, 3));
    }

    @Test
    void rowsAndPixelsMayHaveGapsAndTheOtherOrder() {
        // BGRX, rows of 40 bytes.
        byte[] picture = picture(HEIGHT * 40);
        CameraImage image = CameraImage.of(HEIGHT, WIDTH, 3).reversed().withStrides(40, 4);

        float[] floats = written(image, picture, 3);

        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                for (int c = 0; c < 3; c++) {
                    int level = picture[y * 40 + x * 4 + 2 - c] & 0xff;
                    assertEquals(level / 255f, floats[(c * HEIGHT + y) * WIDTH + x]);
                }
            }
        }
    }

    @Test
    void aDepthPictureHasOneChannel() {
        byte[] picture = picture(HEIGHT * WIDTH);

        float[] floats = written(CameraImage.of(HEIGHT, WIDTH, 1), picture, 1);

        for (int i = 0; i < floats.length; i++) {
            assertEquals((picture[i] & 0xff) / 255f, floats[i]);
        }
    }

    @Test
    void aDirectBufferIsReadWhereItLies() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(8 + HEIGHT * WIDTH * 3);
        byte[] picture = picture(HEIGHT * WIDTH * 3);
        buffer.position(8).put(picture).position(8);
        CameraImage image = CameraImage.of(HEIGHT, WIDTH, 3);
        MemorySegment to = Arena.ofAuto().allocate(image.resultBytes(), 64);

        image.write(buffer, to);

        assertArrayEquals(written(image, picture, 3), to.toArray(ValueLayout.JAVA_FLOAT));
    }

    @Test
    void aPictureThatIsTooSmallIsRefused() {
        CameraImage image = CameraImage.of(HEIGHT, WIDTH, 3);
        MemorySegment to = Arena.ofAuto().allocate(image.resultBytes(), 64);

        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> image.write(MemorySegment.ofArray(new byte[104]), to))
                        .getMessage();

        assertTrue(message.contains("takes 105 bytes and its result 420"), message);
    }

    @Test
    void convertingAllocatesNothing() {
        CameraImage image = CameraImage.of(64, 64, 3).withNormalization(MEAN, DEVIATION);
        MemorySegment picture = Arena.ofAuto().allocate(64 * 64 * 3);
        MemorySegment to = Arena.ofAuto().allocate(image.resultBytes(), 64);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 2000; i++) {
            image.write(picture, to);
        }
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 3; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100; i++) {
                image.write(picture, to);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least);
    }
}
