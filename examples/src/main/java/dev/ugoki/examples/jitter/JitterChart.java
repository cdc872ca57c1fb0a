package dev.ugoki.examples.jitter;

import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import javax.imageio.ImageIO;

/** All histograms as one picture, one chart for each rate; both axes are logarithmic. */
final class JitterChart {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 560;
    private static final int BINS_PER_DECADE = 20;
    private static final double LEAST_NANOS = 1_000;
    private static final int DECADES = 6;
    private static final Color[] COLORS = {
        new Color(0x999999), new Color(0x0072b2), new Color(0xd55e00), new Color(0x009e73)
    };

    private JitterChart() {}

    static byte[] png(List<MeasureJitter.Result> results) throws IOException {
        List<Integer> rates = results.stream().map(MeasureJitter.Result::rate).distinct().toList();
        BufferedImage image =
                new BufferedImage(WIDTH, HEIGHT * rates.size(), BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = image.createGraphics();
        for (int i = 0; i < rates.size(); i++) {
            int rate = rates.get(i);
            Graphics2D part = (Graphics2D) canvas.create(0, i * HEIGHT, WIDTH, HEIGHT);
            chart(rate, results.stream().filter(each -> each.rate() == rate).toList())
                    .paint(part, WIDTH, HEIGHT);
            part.dispose();
        }
        canvas.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static XYChart chart(int rate, List<MeasureJitter.Result> results) {
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(rate + " cycles a second")
                        .xAxisTitle("action ready after it was due, ms")
                        .yAxisTitle("cycles")
                        .build();
        var styler = chart.getStyler();
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 16);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setAxisTickLabelsFont(font).setAxisTitleFont(font).setLegendFont(font);
        styler.setXAxisLogarithmic(true);
        styler.setYAxisLogarithmic(true);
        for (int i = 0; i < results.size(); i++) {
            MeasureJitter.Result result = results.get(i);
            List<Double> at = new ArrayList<>();
            List<Double> counts = new ArrayList<>();
            for (int bin = 0; bin < DECADES * BINS_PER_DECADE; bin++) {
                double from = edge(bin);
                long count = result.ends().countBetween((long) from, (long) edge(bin + 1));
                if (count > 0) {
                    at.add(Math.max(from, LEAST_NANOS) / 1e6);
                    counts.add((double) count);
                }
            }
            var series = chart.addSeries(result.name(), at, counts);
            series.setMarker(SeriesMarkers.CIRCLE);
            series.setMarkerColor(COLORS[i % COLORS.length]);
            series.setLineColor(COLORS[i % COLORS.length]);
        }
        return chart;
    }

    private static double edge(int bin) {
        return bin == 0 ? 0 : LEAST_NANOS * Math.pow(10, (double) bin / BINS_PER_DECADE);
    }
}
