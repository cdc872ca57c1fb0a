package dev.ugoki.examples.pusht;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;

/**
 * Encodes pictures as an animated GIF that loops for ever (GIF89a with Netscape's extension).
 *
 * <p>All frames share a palette of their 256 commonest colours; other colours become the nearest of
 * them. A frame after the first holds only the rectangle that changed.
 */
public final class AnimatedGif {
    private static final int COLORS = 256;
    private static final String METADATA_FORMAT = "javax_imageio_gif_image_1.0";

    private final IndexColorModel palette;
    private final int[] paletteColors;
    private final Map<Integer, Byte> nearest = new HashMap<>();

    private AnimatedGif(List<BufferedImage> frames) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (BufferedImage frame : frames) {
            int[] colors = pixels(frame, bounds(frame));
            for (int start = 0, end; start < colors.length; start = end) {
                end = runEnd(colors, start);
                counts.merge(colors[start] & 0xffffff, end - start, Integer::sum);
            }
        }
        paletteColors =
                counts.entrySet().stream()
                        .sorted(
                                Map.Entry.<Integer, Integer>comparingByValue()
                                        .reversed()
                                        .thenComparing(Map.Entry.comparingByKey()))
                        .limit(COLORS)
                        .mapToInt(Map.Entry::getKey)
                        .toArray();
        palette =
                new IndexColorModel(
                        8, paletteColors.length, paletteColors, 0, false, -1, DataBuffer.TYPE_BYTE);
    }

    /**
     * Encodes the frames, which are all of one size.
     *
     * @param frameMillis how long a frame stays, in milliseconds: a multiple of 10 from 20 on,
     *     since the format counts in hundredths of a second and browsers slow down what is faster
     * @param lastFrameMillis how long the last frame stays before the loop begins anew
     */
    public static byte[] encode(List<BufferedImage> frames, int frameMillis, int lastFrameMillis) {
        if (frames.isEmpty()) {
            throw new IllegalArgumentException("an animation needs at least one frame");
        }
        for (BufferedImage frame : frames) {
            if (!bounds(frame).equals(bounds(frames.get(0)))) {
                throw new IllegalArgumentException("the frames of an animation differ in size");
            }
        }
        requireDelay(frameMillis);
        requireDelay(lastFrameMillis);
        return new AnimatedGif(frames).write(frames, frameMillis, lastFrameMillis);
    }

    private static void requireDelay(int millis) {
        if (millis < 20 || millis % 10 != 0) {
            throw new IllegalArgumentException(
                    "a frame's time must be a multiple of 10 ms from 20 on, not " + millis);
        }
    }

    private byte[] write(List<BufferedImage> frames, int frameMillis, int lastFrameMillis) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        var bytes = new ByteArrayOutputStream();
        try (var output = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(output);
            writer.prepareWriteSequence(null);
            for (int i = 0; i < frames.size(); i++) {
                BufferedImage frame = frames.get(i);
                Rectangle part = i == 0 ? bounds(frame) : changed(frames.get(i - 1), frame);
                int millis = i + 1 < frames.size() ? frameMillis : lastFrameMillis;
                BufferedImage indexed = toPalette(frame, part);
                var metadata = metadata(writer, indexed, part, millis / 10, i == 0);
                writer.writeToSequence(new IIOImage(indexed, null, metadata), null);
            }
            writer.endWriteSequence();
        } catch (IOException e) {
            throw new IllegalStateException("the GIF writer failed: " + e.getMessage(), e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static Rectangle bounds(BufferedImage image) {
        return new Rectangle(image.getWidth(), image.getHeight());
    }

    private static int[] pixels(BufferedImage image, Rectangle part) {
        return image.getRGB(part.x, part.y, part.width, part.height, null, 0, part.width);
    }

    /** Where the run of equal colours ends that begins at {@code start}. */
    private static int runEnd(int[] colors, int start) {
        int end = start + 1;
        while (end < colors.length && colors[end] == colors[start]) {
            end++;
        }
        return end;
    }

    /** The smallest rectangle outside of which both pictures are equal; one pixel if all are. */
    private static Rectangle changed(BufferedImage before, BufferedImage after) {
        Rectangle all = bounds(after);
        int[] old = pixels(before, all);
        int[] now = pixels(after, all);
        int left = all.width;
        int right = -1;
        int top = all.height;
        int bottom = -1;
        for (int i = 0; i < now.length; i++) {
            if (now[i] != old[i]) {
                int x = i % all.width;
                int y = i / all.width;
                left = Math.min(left, x);
                right = Math.max(right, x);
                top = Math.min(top, y);
                bottom = y;
            }
        }
        return right < 0
                ? new Rectangle(1, 1)
                : new Rectangle(left, top, right + 1 - left, bottom + 1 - top);
    }

    private BufferedImage toPalette(BufferedImage frame, Rectangle part) {
        int[] colors = pixels(frame, part);
        byte[] indices = new byte[colors.length];
        for (int start = 0, end; start < colors.length; start = end) {
            end = runEnd(colors, start);
            byte index = nearest.computeIfAbsent(colors[start] & 0xffffff, this::nearestIndex);
            Arrays.fill(indices, start, end, index);
        }
        var indexed =
                new BufferedImage(
                        part.width, part.height, BufferedImage.TYPE_BYTE_INDEXED, palette);
        indexed.getRaster().setDataElements(0, 0, part.width, part.height, indices);
        return indexed;
    }

    private byte nearestIndex(int color) {
        int best = 0;
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < paletteColors.length; i++) {
            int distance = 0;
            for (int shift = 16; shift >= 0; shift -= 8) {
                int difference = (color >> shift & 0xff) - (paletteColors[i] >> shift & 0xff);
                distance += difference * difference;
            }
            if (distance < least) {
                least = distance;
                best = i;
            }
        }
        return (byte) best;
    }

    private static IIOMetadata metadata(
            ImageWriter writer, BufferedImage image, Rectangle part, int hundredths, boolean first)
            throws IOException {
        IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), null);
        var root = (IIOMetadataNode) metadata.getAsTree(METADATA_FORMAT);
        var place = child(root, "ImageDescriptor");
        place.setAttribute("imageLeftPosition", Integer.toString(part.x));
        place.setAttribute("imageTopPosition", Integer.toString(part.y));
        var control = child(root, "GraphicControlExtension");
        control.setAttribute("disposalMethod", "doNotDispose");
        control.setAttribute("userInputFlag", "FALSE");
        control.setAttribute("transparentColorFlag", "FALSE");
        control.setAttribute("delayTime", Integer.toString(hundredths));
        control.setAttribute("transparentColorIndex", "0");
        if (first) {
            var loop = new IIOMetadataNode("ApplicationExtension");
            loop.setAttribute("applicationID", "NETSCAPE");
            loop.setAttribute("authenticationCode", "2.0");
            loop.setUserObject(new byte[] {1, 0, 0});
            child(root, "ApplicationExtensions").appendChild(loop);
        }
        metadata.setFromTree(METADATA_FORMAT, root);
        return metadata;
    }

    private static IIOMetadataNode child(IIOMetadataNode root, String name) {
        for (var node = root.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(name)) {
                return (IIOMetadataNode) node;
            }
        }
        var node = new IIOMetadataNode(name);
        root.appendChild(node);
        return node;
    }
}
