package dev.ugoki.embodied.train;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.Json;
import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A file with a JSON object in each line: one line in one write, so that whoever reads along sees
 * whole lines.
 *
 * <pre>{"step":50,"epoch":0,"loss":0.71,"lr":2.5E-4,"samples_per_second":8200.0,"seconds":3.1}
 * {"step":50,"validation_loss":0.74}
 * </pre>
 */
public final class MetricsLog implements AutoCloseable {
    private static final String VALIDATION = "validation_loss";

    private final FileChannel channel;
    private double leastValidationLoss = Double.POSITIVE_INFINITY;
    private long validated = -1;

    private MetricsLog(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * A line of metrics.
     *
     * @param step how many steps were made
     * @param loss mean over the steps since the line before
     */
    public record Line(
            long step,
            long epoch,
            double loss,
            double learningRate,
            double samplesPerSecond,
            double seconds) {}

    /**
     * Opens a log to go on after some step: what was logged beyond it, and a line that a killed
     * process left unfinished, is dropped.
     */
    static MetricsLog open(Path file, long step) throws IOException {
        List<ObjectNode> validations = new ArrayList<>();
        if (Files.exists(file)) {
            StringBuilder kept = new StringBuilder();
            for (String line : wholeLines(file)) {
                ObjectNode node = Json.parseLine(line);
                if (node.path("step").asLong() <= step) {
                    kept.append(line).append('\n');
                    if (node.has(VALIDATION)) {
                        validations.add(node);
                    }
                }
            }
            WholeFile.writeString(file, kept.toString());
        }
        MetricsLog log =
                new MetricsLog(
                        FileChannel.open(
                                file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        validations.forEach(log::remember);
        return log;
    }

    private void remember(ObjectNode node) {
        double loss = node.path(VALIDATION).asDouble(Double.NaN);
        leastValidationLoss = loss < leastValidationLoss ? loss : leastValidationLoss;
        validated = node.path("step").asLong();
    }

    /** The least loss on held-out samples so far; infinity before any. */
    double leastValidationLoss() {
        return leastValidationLoss;
    }

    /** The step of the last loss on held-out samples; -1 before any. */
    long validated() {
        return validated;
    }

    void writeValidation(long step, double loss) throws IOException {
        ObjectNode node = Json.object();
        node.put("step", step).put(VALIDATION, loss);
        write(node);
        remember(node);
    }

    void write(Line line) throws IOException {
        ObjectNode node = Json.object();
        node.put("step", line.step()).put("epoch", line.epoch()).put("loss", line.loss());
        node.put("lr", line.learningRate()).put("samples_per_second", line.samplesPerSecond());
        node.put("seconds", line.seconds());
        write(node);
    }

    private void write(ObjectNode node) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.wrap((Json.line(node) + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** The losses on held-out samples, by step. */
    public static SortedMap<Long, Double> readValidation(Path file) throws IOException {
        SortedMap<Long, Double> losses = new TreeMap<>();
        for (String text : wholeLines(file)) {
            ObjectNode node = Json.parseLine(text);
            if (node.has(VALIDATION)) {
                losses.put(node.path("step").asLong(), node.path(VALIDATION).asDouble(Double.NaN));
            }
        }
        return losses;
    }

    /** The lines of training; one that is not finished is left out. */
    public static List<Line> read(Path file) throws IOException {
        List<Line> lines = new ArrayList<>();
        for (String text : wholeLines(file)) {
            ObjectNode node = Json.parseLine(text);
            if (node.has(VALIDATION)) {
                continue;
            }
            lines.add(
                    new Line(
                            node.path("step").asLong(),
                            node.path("epoch").asLong(),
                            node.path("loss").asDouble(Double.NaN),
                            node.path("lr").asDouble(Double.NaN),
                            node.path("samples_per_second").asDouble(Double.NaN),
                            node.path("seconds").asDouble(Double.NaN)));
        }
        return lines;
    }

    private static List<String> wholeLines(Path file) throws IOException {
        String text = Files.readString(file);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }
}
