package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.w3c.dom.Node;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;

import javax.imageio.ImageIO;

class PushTRendererTest {
    private static final PushTState STATE = new PushTState(100, 400, 150, 150, 0);

    @Test
    void anObservationHasTheDataSetsSizeAndColors() {
        BufferedImage image = PushTRenderer.observation(STATE);
        assertEquals(96, image.getWidth());
        assertEquals(96, image.getHeight());
        assertEquals(0xffffff, color(image, 20, 60));
        assertEquals(0x4e7eff, color(image, 100 * 96 / 512, 400 * 96 / 512));
        assertEquals(0x8ea3b7, color(image, 150 * 96 / 512, 165 * 96 / 512));
        assertEquals(0x90ee90, color(image, 256 * 96 / 512, 270 * 96 / 512));
        // In the recordings, too, the wall's outer pixels are half wall and half white.
        assertEquals(0xe9e9e9, color(image, 1, 50));
        assertEquals(0xe9e9e9, color(image, 50, 1));
    }

    @Test
    void thePictureShowsTheStateAtItsPlaceInAnySize() {
        for (int side : new int[] {64, 512, 700}) {
            BufferedImage picture = PushTRenderer.picture(STATE, side, null);
            assertEquals(0x4e7eff, color(picture, 100 * side / 512, 400 * side / 512));
            assertEquals(0x8ea3b7, color(picture, 150 * side / 512, 165 * side / 512));
        }
        BufferedImage picture = PushTRenderer.picture(STATE, 512, new float[] {300, 420});
        assertEquals(0xff0000, color(picture, 300, 420));
    }

    @Test
    void anAnimationLoopsAndDecodesToItsFrames() throws Exception {
        List<BufferedImage> frames = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            var state = new PushTState(100 + 20 * i, 400, 150, 150 + 5 * i, 0.1 * i);
            frames.add(PushTRenderer.observation(state));
        }
        frames.add(frames.get(4));
        byte[] gif = AnimatedGif.encode(frames, 100, 1500);

        var reader = ImageIO.getImageReadersByFormatName("gif").next();
        reader.setInput(ImageIO.createImageInputStream(new ByteArrayInputStream(gif)));
        assertEquals(6, reader.getNumImages(true));
        var canvas = new BufferedImage(96, 96, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 6; i++) {
            Node root = reader.getImageMetadata(i).getAsTree("javax_imageio_gif_image_1.0");
            int x = number(root, "ImageDescriptor", "imageLeftPosition");
            int y = number(root, "ImageDescriptor", "imageTopPosition");
            assertEquals(i < 5 ? 10 : 150, number(root, "GraphicControlExtension", "delayTime"));
            canvas.createGraphics().drawImage(reader.read(i), x, y, null);
            assertArrayEquals(
                    frames.get(i).getRGB(0, 0, 96, 96, null, 0, 96),
                    canvas.getRGB(0, 0, 96, 96, null, 0, 96),
                    "frame " + i);
        }
        String text = new String(gif, java.nio.charset.StandardCharsets.ISO_8859_1);
        int loop = text.indexOf("NETSCAPE2.0");
        assertTrue(loop > 0);
        assertArrayEquals(
                new byte[] {3, 1, 0, 0, 0},
                java.util.Arrays.copyOfRange(gif, loop + 11, loop + 16));
    }

    @Test
    void framesThatBrowsersWouldSlowDownAreRefused() {
        var frames = List.of(PushTRenderer.observation(STATE));
        assertThrows(IllegalArgumentException.class, () -> AnimatedGif.encode(frames, 10, 1000));
        assertThrows(
                IllegalArgumentException.class, () -> AnimatedGif.encode(List.of(), 100, 1000));
    }

    private static int color(BufferedImage image, int x, int y) {
        return image.getRGB(x, y) & 0xffffff;
    }

    private static int number(Node root, String element, String attribute) {
        for (Node node = root.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(element)) {
                return Integer.parseInt(
                        node.getAttributes().getNamedItem(attribute).getNodeValue());
            }
        }
        throw new AssertionError("no " + element);
    }
}
