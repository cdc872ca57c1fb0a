package dev.ugoki.nn.vision;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

class ImageAugmentationTest {
    private static final int SIDE = 12;
    private static final Tensor IMAGES = Random.uniform(Key.of(1), DType.F32, 40, 3, SIDE, SIDE);

    private static Tensor image(Tensor images, int number) {
        return images.narrow(0, number, 1);
    }

    @Test
    void nothingIsDoneUnasked() {
        assertSame(IMAGES, ImageAugmentation.NONE.apply(IMAGES, Key.of(2)));
    }

    /** Each image is found again, moved by at most two pixels, with its edge repeated. */
    @Test
    void imagesMoveByWholePixels() {
        Tensor moved = ImageAugmentation.NONE.withShift(2).apply(IMAGES, Key.of(2));
        Set<String> ways = new HashSet<>();
        for (int i = 0; i < 40; i++) {
            float[] found = image(moved, i).toFloatArray();
            boolean known = false;
            for (int down = -2; down <= 2; down++) {
                for (int right = -2; right <= 2; right++) {
                    if (Arrays.equals(found, shifted(image(IMAGES, i), down, right))) {
                        known = true;
                        ways.add(down + " " + right);
                    }
                }
            }
            assertTrue(known, "image " + i + " is none of its shifts");
        }
        assertTrue(ways.size() > 12, "of 25 ways 40 images moved in only " + ways.size());
    }

    private static float[] shifted(Tensor image, int down, int right) {
        float[] from = image.toFloatArray();
        float[] to = new float[from.length];
        for (int i = 0; i < to.length; i++) {
            int channel = i / (SIDE * SIDE);
            int row = Math.clamp(i / SIDE % SIDE + down, 0, SIDE - 1);
            int column = Math.clamp(i % SIDE + right, 0, SIDE - 1);
            to[i] = from[(channel * SIDE + row) * SIDE + column];
        }
        return to;
    }

    /** A ramp that is cut is a ramp that rises more slowly, and never beyond what it was. */
    @Test
    void aPartFillsTheImage() {
        float[] ramp = new float[40 * 3 * SIDE * SIDE];
        for (int i = 0; i < ramp.length; i++) {
            ramp[i] = i % SIDE / (float) SIDE;
        }
        Tensor cut =
                ImageAugmentation.NONE
                        .withCrop(0.5)
                        .apply(Tensor.of(ramp, 40, 3, SIDE, SIDE), Key.of(2));
        float[] found = cut.toFloatArray();
        int narrower = 0;
        for (int image = 0; image < 40; image++) {
            int at = image * 3 * SIDE * SIDE;
            double span = found[at + SIDE - 1] - found[at];
            assertTrue(span >= 0.4 && span <= 11.0 / 12 + 1e-6, "spans " + span);
            narrower += span < 0.75 ? 1 : 0;
            for (int i = 1; i < SIDE; i++) {
                assertTrue(found[at + i] >= found[at + i - 1]);
            }
        }
        assertTrue(narrower > 10, "only " + narrower + " of 40 were cut to less than 3/4");
    }

    @Test
    void coloursChangeAsDefinedAndStayColours() {
        Tensor grey = Tensor.full(DType.F32, dev.ugoki.tensor.Shape.of(40, 3, 4, 4), 0.4);
        float[] brighter =
                ImageAugmentation.NONE.withColour(0.5, 0, 0).apply(grey, Key.of(3)).toFloatArray();
        double least = 1;
        double most = 0;
        for (float value : brighter) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        assertTrue(least >= 0.2 - 1e-6 && most <= 0.6 + 1e-6, least + " to " + most);
        assertTrue(least < 0.25 && most > 0.55, least + " to " + most);
        // What has one colour everywhere has no contrast, and what is grey no saturation.
        assertArrayEquals(
                grey.toFloatArray(),
                ImageAugmentation.NONE
                        .withColour(0, 0.9, 0.9)
                        .apply(grey, Key.of(3))
                        .toFloatArray(),
                1e-6f);
        Tensor changed = ImageAugmentation.NONE.withColour(1, 1, 1).apply(IMAGES, Key.of(4));
        assertTrue(changed.min(false).item() >= 0 && changed.max(false).item() <= 1);
    }

    @Test
    void theKeyDecides() {
        ImageAugmentation all =
                ImageAugmentation.NONE.withCrop(0.2).withShift(2).withColour(0.2, 0.2, 0.2);
        float[] one = all.apply(IMAGES, Key.of(5)).toFloatArray();
        assertArrayEquals(one, all.apply(IMAGES, Key.of(5)).toFloatArray());
        assertFalse(Arrays.equals(one, all.apply(IMAGES, Key.of(6)).toFloatArray()));
        assertEquals(IMAGES.shape(), all.apply(IMAGES, Key.of(5)).shape());
    }

    @Test
    void whatIsNoImageIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> ImageAugmentation.NONE.apply(IMAGES.narrow(1, 0, 2), Key.of(1)));
        assertThrows(IllegalArgumentException.class, () -> ImageAugmentation.NONE.withCrop(1));
        assertThrows(
                IllegalArgumentException.class, () -> ImageAugmentation.NONE.withColour(2, 0, 0));
    }
}
