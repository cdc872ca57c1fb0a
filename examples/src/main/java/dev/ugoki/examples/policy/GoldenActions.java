package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.nn.HostTensors;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Observations with the actions that the original policy gave for them.
 *
 * @param observations by name, {@code [n, ..]}
 * @param startNoise that the policy began with, or null
 * @param actions {@code [n, k, width]}, in the robot's units
 */
record GoldenActions(
        Map<String, HostArray> observations, @Nullable HostArray startNoise, HostArray actions) {
    /** How far off actions may be, as a part of their range. */
    static final double TOLERANCE = 1e-4;

    private static final String ACTIONS = "action_chunk";
    private static final String NOISE = "start_noise";

    /** So many samples at a time. */
    private static final long BATCH = 8;

    static GoldenActions read(Path file) throws IOException {
        Map<String, HostArray> tensors = new LinkedHashMap<>(SafetensorsFile.read(file));
        HostArray actions = tensors.remove(ACTIONS);
        HostArray noise = tensors.remove(NOISE);
        if (actions == null || actions.shape().rank() != 3 || actions.elementCount() == 0) {
            throw new FileFormatException(
                    file, "has no \"" + ACTIONS + "\" of samples, steps and dimensions");
        }
        tensors.put(ACTIONS, actions);
        for (Map.Entry<String, HostArray> each : tensors.entrySet()) {
            if (each.getValue().shape().rank() < 1
                    || each.getValue().shape().extent(0) != actions.shape().extent(0)) {
                throw new FileFormatException(
                        file, "\"" + each.getKey() + "\" is of another number of samples");
            }
        }
        tensors.remove(ACTIONS);
        return new GoldenActions(tensors, noise, actions);
    }

    /** Prints how far off a policy's actions are; 0 where that is little, else 1. */
    int compare(RobotPolicy policy, PrintStream out) {
        double worst = worst(policy);
        boolean passes = worst <= TOLERANCE;
        out.printf(
                Locale.ROOT,
                "%d samples: the worst difference is %.3e of the range of the actions (%s %.0e)%n",
                actions.shape().extent(0),
                worst,
                passes ? "at most" : "more than",
                TOLERANCE);
        return passes ? 0 : 1;
    }

    /** The largest difference in any dimension, as a part of that dimension's range; NaN is one. */
    double worst(RobotPolicy policy) {
        long count = actions.shape().extent(0);
        int steps = Math.toIntExact(actions.shape().extent(1));
        int width = Math.toIntExact(actions.shape().extent(2));
        double[] ranges = ranges(width);
        double[] expected = actions.toDoubles();
        double worst = 0;
        for (long from = 0; from < count; from += BATCH) {
            long to = Math.min(count, from + BATCH);
            double[] found = predicted(policy, from, to, steps, width);
            int offset = Math.toIntExact(from * steps * width);
            for (int i = 0; i < found.length; i++) {
                double difference = Math.abs(found[i] - expected[offset + i]) / ranges[i % width];
                worst = Double.isNaN(difference) ? Double.NaN : Math.max(worst, difference);
            }
        }
        return worst;
    }

    private double[] predicted(RobotPolicy policy, long from, long to, int steps, int width) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> seen = new LinkedHashMap<>();
            observations.forEach(
                    (name, values) ->
                            seen.put(name, HostTensors.fromHost(values).slice(0, from, to)));
            Tensor noise =
                    startNoise == null ? null : HostTensors.fromHost(startNoise).slice(0, from, to);
            Tensor chunk = policy.predict(seen, noise, Key.of(0));
            if (chunk.extent(1) < steps || chunk.extent(2) != width) {
                throw new IllegalArgumentException(
                        "the policy predicts %s, and the file has chunks of %d actions of %d"
                                .formatted(chunk.type(), steps, width));
            }
            return chunk.slice(1, 0, steps).contiguous().toDoubleArray();
        }
    }

    /** Of each dimension; where one never changes, the largest of the others, or 1. */
    private double[] ranges(int width) {
        double[] values = actions.toDoubles();
        double[] least = new double[width];
        double[] most = new double[width];
        java.util.Arrays.fill(least, Double.POSITIVE_INFINITY);
        java.util.Arrays.fill(most, Double.NEGATIVE_INFINITY);
        for (int i = 0; i < values.length; i++) {
            least[i % width] = Math.min(least[i % width], values[i]);
            most[i % width] = Math.max(most[i % width], values[i]);
        }
        double[] ranges = new double[width];
        double largest = 0;
        for (int i = 0; i < width; i++) {
            ranges[i] = most[i] - least[i];
            largest = Math.max(largest, ranges[i]);
        }
        for (int i = 0; i < width; i++) {
            ranges[i] = ranges[i] > 0 ? ranges[i] : largest > 0 ? largest : 1;
        }
        return ranges;
    }
}
