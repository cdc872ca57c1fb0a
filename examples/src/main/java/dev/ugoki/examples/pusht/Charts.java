package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.train.MetricsLog;

import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import javax.imageio.ImageIO;

/** The pictures of the report, as PNG, in twice the resolution that they are shown in. */
final class Charts {
    /** In which they are shown, pixels. */
    static final int WIDTH = 470;

    private static final int HEIGHT = 300;
    private static final int SCALE = 2;
    private static final int BINS = 10;
    private static final Color[] COLORS = {
        new Color(0xbbbbbb), new Color(0xe69f00), new Color(0x0072b2)
    };

    private Charts() {}

    /** The loss over the steps. */
    static byte[] loss(List<MetricsLog.Line> lines) throws IOException {
        XYChart chart =
                new XYChartBuilder()
                        .width(SCALE * WIDTH)
                        .height(SCALE * HEIGHT)
                        .xAxisTitle("step")
                        .yAxisTitle("loss")
                        .build();
        style(chart.getStyler());
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setXAxisMin(0.0);
        chart.getStyler().setLegendVisible(false);
        // The last point stands there twice: where steps are evenly spaced, the library would put
        // labels on them instead of on round numbers.
        List<MetricsLog.Line> points = new ArrayList<>(lines);
        points.add(lines.getLast());
        double[] steps = points.stream().mapToDouble(MetricsLog.Line::step).toArray();
        double[] losses = points.stream().mapToDouble(MetricsLog.Line::loss).toArray();
        var series = chart.addSeries("loss", steps, losses);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(COLORS[2]);
        series.setLineWidth(2 * SCALE);
        return png(canvas -> chart.paint(canvas, SCALE * WIDTH, SCALE * HEIGHT));
    }

    /** How many episodes' largest rewards lie in each tenth. */
    static byte[] rewards(Scores scores) throws IOException {
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(SCALE * WIDTH)
                        .height(SCALE * HEIGHT)
                        .xAxisTitle("largest reward, from")
                        .yAxisTitle("episodes")
                        .build();
        style(chart.getStyler());
        chart.getStyler().setAvailableSpaceFill(0.85);
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
        List<String> bins = new ArrayList<>();
        for (int bin = 0; bin < BINS; bin++) {
            bins.add("0." + bin);
        }
        int color = COLORS.length - scores.rows().size();
        for (Scores.Row row : scores.rows()) {
            var series = chart.addSeries(row.name(), bins, counts(row.evaluation()));
            series.setFillColor(COLORS[Math.max(0, color++)]);
        }
        return png(canvas -> chart.paint(canvas, SCALE * WIDTH, SCALE * HEIGHT));
    }

    private static List<Integer> counts(Evaluation evaluation) {
        int[] counts = new int[BINS];
        for (Evaluation.Episode episode : evaluation.episodes()) {
            counts[Math.min(BINS - 1, (int) (episode.maximumReward() * BINS))]++;
        }
        return java.util.Arrays.stream(counts).boxed().toList();
    }

    private static byte[] png(Consumer<Graphics2D> painter) throws IOException {
        BufferedImage image =
                new BufferedImage(SCALE * WIDTH, SCALE * HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = image.createGraphics();
        painter.accept(canvas);
        canvas.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static void style(AxesChartStyler styler) {
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 12 * SCALE);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setPlotGridLinesColor(new Color(0xdddddd));
        styler.setAxisTickLabelsFont(font);
        styler.setAxisTitleFont(font);
        styler.setLegendFont(font);
        styler.setLegendBorderColor(Color.WHITE);
        styler.setPlotMargin(0);
        styler.setYAxisTickMarkSpacingHint(45 * SCALE);
        styler.setChartPadding(8 * SCALE);
    }
}
