package dev.ugoki.embodied.act;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FeatureStatistics;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.MissingStatisticsException;
import dev.ugoki.embodied.data.Normalizer;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Between a robot's units and a network's: what observations and actions are scaled by, found in
 * the demonstrations and kept with the policy.
 *
 * <p>Immutable; safe for any number of threads.
 */
public final class PolicyScales {
    private final PolicyConfig config;
    private final DatasetStatistics statistics;

    /** Standard deviations [horizon, action width]; null where actions are absolute. */
    private final float @Nullable [] actionScale;

    private final List<Normalizer> inputs = new ArrayList<>();
    private final Normalizer absoluteActions;
    private final float[] leastAction;
    private final float[] mostAction;

    /**
     * Scales of known statistics.
     *
     * @param actionScale for relative actions, the standard deviation at each step of a chunk and
     *     in each dimension; null for absolute ones
     * @throws MissingStatisticsException if a statistic is not there
     */
    PolicyScales(
            PolicyConfig config, DatasetStatistics statistics, float @Nullable [] actionScale) {
        this.config = config;
        this.statistics = statistics;
        this.actionScale = actionScale;
        for (PolicyFeature input : config.inputs()) {
            FeatureStatistics found = statistics.feature(input.name());
            inputs.add(Normalizer.of(config.normalization(), found));
            requireWidth(input, found);
        }
        FeatureStatistics action = statistics.feature(config.action().name());
        requireWidth(config.action(), action);
        absoluteActions = Normalizer.of(config.normalization(), action);
        leastAction = floats(action.get(Statistic.MIN));
        mostAction = floats(action.get(Statistic.MAX));
        if (config.relativeTo().isPresent() != (actionScale != null)
                || actionScale != null
                        && actionScale.length != config.horizon() * config.action().width()) {
            throw new IllegalArgumentException(
                    "policy: relative actions need a scale for each of %d steps and %d dimensions"
                            .formatted(config.horizon(), config.action().width()));
        }
    }

    private static void requireWidth(PolicyFeature feature, FeatureStatistics statistics) {
        int width = statistics.get(Statistic.MIN).length;
        if (width != feature.width()) {
            throw new IllegalArgumentException(
                    "policy: '%s' has %d numbers, but its statistics are of %d"
                            .formatted(feature.name(), feature.width(), width));
        }
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** The scales that follow from demonstrations. */
    public static PolicyScales of(PolicyConfig config, FrameTable frames) {
        List<String> names = new ArrayList<>();
        config.inputs().forEach(input -> names.add(input.name()));
        names.add(config.action().name());
        DatasetStatistics statistics = DatasetStatistics.of(frames.select(names));
        return new PolicyScales(
                config,
                statistics,
                config.relativeTo().isPresent() ? deviations(config, frames) : null);
    }

    /** Population standard deviations of {@code action - origin} over all frames. */
    private static float[] deviations(PolicyConfig config, FrameTable frames) {
        String action = config.action().name();
        String origin = config.relativeTo().orElseThrow();
        DeltaWindows windows =
                DeltaWindows.over(frames).with(action, config.actionOffsets()).with(origin, 0);
        int width = config.action().width();
        int size = config.horizon() * width;
        double[] sum = new double[size];
        double[] squares = new double[size];
        for (int frame = 0; frame < frames.frameCount(); frame++) {
            float[] chunk = windows.gather(action, frame);
            float[] from = windows.gather(origin, frame);
            for (int i = 0; i < size; i++) {
                double difference = chunk[i] - from[i % width];
                sum[i] += difference;
                squares[i] += difference * difference;
            }
        }
        float[] deviations = new float[size];
        for (int i = 0; i < size; i++) {
            double mean = sum[i] / frames.frameCount();
            double variance = squares[i] / frames.frameCount() - mean * mean;
            deviations[i] = (float) Math.sqrt(Math.max(0, variance));
            if (!(deviations[i] > 0)) {
                throw new IllegalArgumentException(
                        ("policy: dimension %d of '%s' never differs from '%s' at step %d of a"
                                        + " chunk, so it has no scale; predict absolute actions")
                                .formatted(i % width, action, origin, i / width));
            }
        }
        return deviations;
    }

    DatasetStatistics statistics() {
        return statistics;
    }

    float @Nullable [] actionScale() {
        return actionScale == null ? null : actionScale.clone();
    }

    /**
     * Normalizes one input's vectors in place.
     *
     * @param input its number in {@link PolicyConfig#inputs}
     */
    public void normalizeInput(int input, float[] vectors) {
        inputs.get(input).normalize(vectors);
    }

    /**
     * Brings chunks of actions to the network's scale, in place.
     *
     * @param chunks [n, horizon, width]
     * @param origins [n, width], what actions are relative to; not looked at where they are
     *     absolute
     */
    public void normalizeActions(float[] chunks, float[] origins) {
        if (actionScale == null) {
            absoluteActions.normalize(chunks);
            return;
        }
        int width = config.action().width();
        for (int i = 0; i < chunks.length; i++) {
            int inChunk = i % actionScale.length;
            float origin = origins[i / actionScale.length * width + i % width];
            chunks[i] = (chunks[i] - origin) / actionScale[inChunk];
        }
    }

    /** Takes a network's chunks back to the robot's units, and holds them to the data's range. */
    public void unnormalizeActions(float[] chunks, float[] origins) {
        int width = config.action().width();
        if (actionScale == null) {
            absoluteActions.unnormalize(chunks);
        } else {
            for (int i = 0; i < chunks.length; i++) {
                float origin = origins[i / actionScale.length * width + i % width];
                chunks[i] = chunks[i] * actionScale[i % actionScale.length] + origin;
            }
        }
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = Math.clamp(chunks[i], leastAction[i % width], mostAction[i % width]);
        }
    }

    /** Observations [1, observation steps * frame width], normalized, in operations of tensors. */
    Tensor normalizeObservation(Tensor observation) {
        int steps = config.observationSteps();
        Tensor frames = observation.reshape(steps, config.frameWidth());
        List<Tensor> normalized = new ArrayList<>();
        int offset = 0;
        for (int i = 0; i < inputs.size(); i++) {
            int width = config.inputs().get(i).width();
            normalized.add(inputs.get(i).normalize(frames.slice(1, offset, offset + width), -1));
            offset += width;
        }
        return Tensor.concat(1, normalized.toArray(Tensor[]::new))
                .reshape(1, config.conditioningWidth());
    }

    /** What actions of a chunk are relative to, [1, 1, width]. */
    private Tensor origin(Tensor observation) {
        int width = config.action().width();
        long at = config.conditioningWidth() - config.frameWidth() + config.originOffset();
        return observation.slice(1, at, at + width).reshape(1, 1, width);
    }

    private Tensor actionScale(float[] scale) {
        return Tensor.of(scale, 1, config.horizon(), config.action().width());
    }

    /** As {@link #normalizeActions(float[], float[])} of one chunk, in operations of tensors. */
    Tensor normalizeActions(Tensor chunk, Tensor observation) {
        return actionScale == null
                ? absoluteActions.normalize(chunk, -1)
                : chunk.sub(origin(observation)).div(actionScale(actionScale));
    }

    /** As {@link #unnormalizeActions(float[], float[])} of one chunk, in operations of tensors. */
    Tensor unnormalizeActions(Tensor chunk, Tensor observation) {
        Tensor actions =
                actionScale == null
                        ? absoluteActions.unnormalize(chunk, -1)
                        : chunk.mul(actionScale(actionScale)).add(origin(observation));
        int width = config.action().width();
        return actions.clamp(Tensor.of(leastAction, width), Tensor.of(mostAction, width));
    }

    /** The features' kinds and shapes, for the files of the processors. */
    void describe(ObjectNode features, boolean withAction) {
        config.inputs().forEach(input -> input.write(features));
        if (withAction) {
            config.action().write(features);
        }
    }
}
