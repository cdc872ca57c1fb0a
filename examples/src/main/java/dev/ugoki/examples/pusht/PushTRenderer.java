package dev.ugoki.examples.pusht;

import org.jspecify.annotations.Nullable;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;

/**
 * Draws PushT with Java2D, without a display: {@link #observation} as the data set's cameraless
 * images have it, {@link #picture} smooth and in any size for people.
 */
public final class PushTRenderer {
    /** Side of the data set's images, in pixels. */
    public static final int OBSERVATION_SIDE = 96;

    private static final int SIDE = (int) PushTEnvironment.SIDE;
    private static final Color GOAL = new Color(144, 238, 144);
    private static final Color WALL = new Color(211, 211, 211);
    private static final Color BLOCK_EDGE = new Color(119, 136, 153);
    private static final Color BLOCK = new Color(142, 163, 183);
    private static final Color AGENT_EDGE = new Color(65, 105, 225);
    private static final Color AGENT = new Color(78, 126, 255);
    private static final Color TARGET = new Color(255, 0, 0);
    private static final float OUTLINE = 2;
    private static final float CROSS = 10;
    private static final double AGENT_OUTLINE = 4;
    private static final double WALL_LOW = 5;
    private static final double WALL_HIGH = 506;

    private final Graphics2D graphics;

    /** Whether corners fall on whole pixels and lines cover both of their edges, as in pygame. */
    private final boolean wholePixels;

    private PushTRenderer(BufferedImage image, boolean wholePixels) {
        this.graphics = image.createGraphics();
        this.wholePixels = wholePixels;
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    }

    /**
     * A 96 x 96 RGB image as in the data set: drawn on 512 x 512 without smoothing, then shrunk.
     */
    public static BufferedImage observation(PushTState state) {
        var canvas = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        var renderer = new PushTRenderer(canvas, true);
        renderer.graphics.translate(0.5, 0.5);
        renderer.draw(state);
        renderer.graphics.dispose();
        return shrink(canvas, OBSERVATION_SIDE);
    }

    /**
     * A smooth picture.
     *
     * @param side its width and height in pixels
     * @param target x and y of the target position, drawn as a red cross; null draws none
     */
    public static BufferedImage picture(PushTState state, int side, float @Nullable [] target) {
        if (side < 1) {
            throw new IllegalArgumentException("a picture's side must be at least 1, not " + side);
        }
        var picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        var renderer = new PushTRenderer(picture, false);
        Graphics2D graphics = renderer.graphics;
        graphics.setRenderingHint(
                RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.scale(side / PushTEnvironment.SIDE, side / PushTEnvironment.SIDE);
        renderer.draw(state);
        if (target != null) {
            renderer.cross(target[0], target[1]);
        }
        graphics.dispose();
        return picture;
    }

    private void draw(PushTState state) {
        graphics.setRenderingHint(
                RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        graphics.setColor(GOAL);
        graphics.setStroke(new BasicStroke(1));
        for (double[] rectangle : TBlock.RECTANGLES) {
            Shape outline = outline(rectangle, TBlock.GOAL_X, TBlock.GOAL_Y, TBlock.GOAL_ANGLE);
            graphics.fill(outline);
            graphics.draw(outline);
        }
        for (double[] rectangle : TBlock.RECTANGLES) {
            Shape outline = outline(rectangle, state.blockX(), state.blockY(), state.blockAngle());
            graphics.setColor(BLOCK);
            graphics.fill(outline);
            edge(outline, BLOCK_EDGE);
        }
        disc(state, PushTPhysics.AGENT_RADIUS, AGENT_EDGE);
        disc(state, PushTPhysics.AGENT_RADIUS - AGENT_OUTLINE, AGENT);
        double side = WALL_HIGH - WALL_LOW;
        edge(new Rectangle2D.Double(WALL_LOW, WALL_LOW, side, side), WALL);
    }

    private void edge(Shape outline, Color color) {
        float width = wholePixels ? 2 * OUTLINE + 1 : 2 * OUTLINE;
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(outline);
    }

    private void disc(PushTState state, double radius, Color color) {
        graphics.setColor(color);
        graphics.fill(
                new Ellipse2D.Double(
                        grid(state.agentX()) - radius,
                        grid(state.agentY()) - radius,
                        2 * radius,
                        2 * radius));
    }

    private void cross(float x, float y) {
        graphics.setColor(TARGET);
        graphics.setStroke(new BasicStroke(3));
        graphics.draw(new Line2D.Float(x - CROSS, y, x + CROSS, y));
        graphics.draw(new Line2D.Float(x, y - CROSS, x, y + CROSS));
    }

    private Shape outline(double[] rectangle, double x, double y, double angle) {
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        var path = new Path2D.Double();
        for (int i = 0; i < 4; i++) {
            double localX = rectangle[i == 0 || i == 3 ? 0 : 2];
            double localY = rectangle[i < 2 ? 1 : 3];
            double worldX = grid(x + cos * localX - sin * localY);
            double worldY = grid(y + sin * localX + cos * localY);
            if (i == 0) {
                path.moveTo(worldX, worldY);
            } else {
                path.lineTo(worldX, worldY);
            }
        }
        path.closePath();
        return path;
    }

    private double grid(double coordinate) {
        return wholePixels ? Math.rint(coordinate) : coordinate;
    }

    /** Bilinear samples at the new pixels' centres, as OpenCV's default resize takes them. */
    private static BufferedImage shrink(BufferedImage canvas, int side) {
        var small = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        int[] pixels = ((DataBufferInt) canvas.getRaster().getDataBuffer()).getData();
        double scale = (double) canvas.getWidth() / side;
        for (int y = 0; y < side; y++) {
            double fromY = (y + 0.5) * scale - 0.5;
            for (int x = 0; x < side; x++) {
                double fromX = (x + 0.5) * scale - 0.5;
                small.setRGB(x, y, sample(pixels, canvas.getWidth(), fromX, fromY));
            }
        }
        return small;
    }

    private static int sample(int[] pixels, int width, double x, double y) {
        int left = (int) x;
        int top = (int) y;
        double right = x - left;
        double bottom = y - top;
        int at = top * width + left;
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double upper =
                    (1 - right) * channel(pixels[at], shift)
                            + right * channel(pixels[at + 1], shift);
            double lower =
                    (1 - right) * channel(pixels[at + width], shift)
                            + right * channel(pixels[at + width + 1], shift);
            rgb |= (int) Math.round((1 - bottom) * upper + bottom * lower) << shift;
        }
        return rgb;
    }

    private static int channel(int rgb, int shift) {
        return rgb >> shift & 0xff;
    }
}
