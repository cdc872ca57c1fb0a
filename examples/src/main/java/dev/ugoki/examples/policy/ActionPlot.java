package dev.ugoki.examples.policy;

import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

import javax.imageio.ImageIO;

/** Recorded and predicted actions over an episode, a small chart for each dimension. */
final class ActionPlot {
    private static final int WIDTH = 480;
    private static final int HEIGHT = 260;
    private static final int MOST_COLUMNS = 4;
    private static final Color RECORDED = new Color(0x999999);
    private static final Color PREDICTED = new Color(0x0072b2);

    private ActionPlot() {}

    /** A PNG of actions [frame][dimension]. */
    static byte[] png(double[][] recorded, double[][] predicted) throws IOException {
        int dimensions = recorded[0].length;
        int columns = Math.min(MOST_COLUMNS, dimensions);
        int rows = (dimensions + columns - 1) / columns;
        BufferedImage image =
                new BufferedImage(columns * WIDTH, rows * HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = image.createGraphics();
        canvas.setColor(Color.WHITE);
        canvas.fillRect(0, 0, image.getWidth(), image.getHeight());
        for (int i = 0; i < dimensions; i++) {
            int left = i % columns * WIDTH;
            int top = i / columns * HEIGHT;
            BufferedImage part = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
            Graphics2D small = part.createGraphics();
            chart(i, recorded, predicted).paint(small, WIDTH, HEIGHT);
            small.dispose();
            canvas.drawImage(part, left, top, null);
        }
        canvas.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static XYChart chart(int dimension, double[][] recorded, double[][] predicted) {
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title("dimension " + dimension)
                        .xAxisTitle("frame")
                        .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setPlotBorderVisible(false);
        chart.getStyler().setLegendVisible(dimension == 0);
        add(chart, "recorded", RECORDED, dimension, recorded);
        add(chart, "predicted", PREDICTED, dimension, predicted);
        return chart;
    }

    private static void add(
            XYChart chart, String name, Color color, int dimension, double[][] actions) {
        double[] frames = new double[actions.length];
        double[] values = new double[actions.length];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = i;
            values[i] = actions[i][dimension];
        }
        XYSeries series = chart.addSeries(name, frames, values);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(color);
    }
}
