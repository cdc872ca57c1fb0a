package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Statistic;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How far chunks of actions are from recorded ones on episodes that nobody learned from: a policy's
 * beside two that need no training.
 *
 * <p>Errors are absolute, in standard deviations of the training actions in each dimension,
 * averaged over all dimensions and all recorded actions of the chunks. The first frame of an
 * episode, before which there is no action, is left out.
 *
 * @param policy of the policy
 * @param holding of the last action, held
 * @param neighbour of the chunk that followed the most similar frame of the training episodes
 * @param frames on how many frames
 */
record HeldOutErrors(double policy, double holding, double neighbour, int frames) {
    /** Of the held-out frames, each so-manieth is measured, where nothing else is said. */
    static final int EVERY = 5;

    /** So many frames at a time. */
    private static final int BATCH = 64;

    /**
     * Measures a policy on as many actions as it predicts at once.
     *
     * @param every of the held-out frames only each so-manieth is looked at
     */
    static HeldOutErrors measure(
            RobotPolicy policy, FrameTable training, FrameTable heldOut, int every) {
        PolicyConfig config = policy.config();
        int chunk =
                config.network() instanceof PolicyNetwork.Act
                        ? config.horizon()
                        : config.actionSteps();
        int[] offsets = DeltaWindows.range(0, chunk);
        String action = config.action().name();
        int width = training.column(action).width();
        DatasetStatistics statistics = DatasetStatistics.of(training);
        double[] scale = statistics.feature(action).get(Statistic.STD);
        DeltaWindows windows = DeltaWindows.over(heldOut).with(action, offsets);
        DeltaWindows known = DeltaWindows.over(training).with(action, offsets);
        for (PolicyFeature input : config.inputs()) {
            windows = windows.with(input.name(), config.observationOffsets(input));
        }
        List<String> seen = config.inputs().stream().map(PolicyFeature::name).toList();
        Neighbours neighbours = Neighbours.of(training, seen, statistics);
        int[] frames = frames(heldOut, every);
        Sum ofPolicy = new Sum(scale);
        Sum ofHolding = new Sum(scale);
        Sum ofNeighbour = new Sum(scale);
        for (int from = 0; from < frames.length; from += BATCH) {
            int[] batch = Arrays.copyOfRange(frames, from, Math.min(frames.length, from + BATCH));
            float[] actual = windows.gather(action, batch);
            float[] predicted = predicted(policy, windows, batch, chunk * width);
            int[] nearest =
                    IntStream.range(0, batch.length)
                            .parallel()
                            .map(i -> neighbours.nearest(heldOut, batch[i]))
                            .toArray();
            float[] similar = known.gather(action, nearest);
            for (int i = 0; i < batch.length; i++) {
                float[] last = new float[width];
                heldOut.column(action).copyFrame(batch[i] - 1, last, 0);
                for (int step = 0; step < chunk; step++) {
                    if (!windows.isPad(batch[i], step)) {
                        int at = (i * chunk + step) * width;
                        ofPolicy.add(actual, at, predicted, at);
                        ofHolding.add(actual, at, last, 0);
                        ofNeighbour.add(actual, at, similar, at);
                    }
                }
            }
        }
        return new HeldOutErrors(
                ofPolicy.mean(), ofHolding.mean(), ofNeighbour.mean(), frames.length);
    }

    private static int[] frames(FrameTable heldOut, int every) {
        return IntStream.range(0, heldOut.frameCount())
                .filter(frame -> frame > heldOut.episodeStart(heldOut.episodeOf(frame)))
                .filter(frame -> frame % every == 0)
                .toArray();
    }

    private static float[] predicted(
            RobotPolicy policy, DeltaWindows windows, int[] batch, int chunkSize) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> seen = new LinkedHashMap<>();
            for (PolicyFeature input : policy.config().inputs()) {
                float[] values = windows.gather(input.name(), batch);
                int steps = policy.config().network().stepsOf(input);
                seen.put(
                        policy.observedName(input),
                        steps == 1
                                ? Tensor.of(values, batch.length, input.width())
                                : Tensor.of(values, batch.length, steps, input.width()));
            }
            float[] chunk = policy.predict(seen, null, Key.of(0)).contiguous().toFloatArray();
            if (chunk.length != batch.length * chunkSize) {
                throw new IllegalStateException(
                        "the policy predicts %d numbers for %d frames, not %d each"
                                .formatted(chunk.length, batch.length, chunkSize));
            }
            return chunk;
        }
    }

    /** A sum of absolute differences in standard deviations. */
    private static final class Sum {
        private final double[] scale;
        private double sum;
        private long count;

        Sum(double[] scale) {
            this.scale = scale;
        }

        void add(float[] actual, int actualAt, float[] predicted, int predictedAt) {
            for (int i = 0; i < scale.length; i++) {
                if (scale[i] > 0) {
                    sum += Math.abs(predicted[predictedAt + i] - actual[actualAt + i]) / scale[i];
                    count++;
                }
            }
        }

        double mean() {
            return sum / count;
        }
    }

    /** The training frames by what was observed, each dimension in its standard deviations. */
    private record Neighbours(List<String> inputs, double[][] scales, float[][] observed) {
        static Neighbours of(
                FrameTable training, List<String> inputs, DatasetStatistics statistics) {
            double[][] scales = new double[inputs.size()][];
            for (int i = 0; i < scales.length; i++) {
                scales[i] = statistics.feature(inputs.get(i)).get(Statistic.STD);
            }
            float[][] observed = new float[training.frameCount()][];
            for (int frame = 0; frame < observed.length; frame++) {
                observed[frame] = features(training, inputs, scales, frame);
            }
            return new Neighbours(inputs, scales, observed);
        }

        private static float[] features(
                FrameTable frames, List<String> inputs, double[][] scales, int frame) {
            int width = Arrays.stream(scales).mapToInt(each -> each.length).sum();
            float[] features = new float[width];
            int at = 0;
            for (int input = 0; input < scales.length; input++) {
                Column column = frames.column(inputs.get(input));
                for (int i = 0; i < scales[input].length; i++) {
                    double scale = scales[input][i];
                    features[at++] = scale > 0 ? (float) (column.at(frame, i) / scale) : 0;
                }
            }
            return features;
        }

        int nearest(FrameTable frames, int frame) {
            float[] wanted = features(frames, inputs, scales, frame);
            int nearest = 0;
            float least = Float.POSITIVE_INFINITY;
            for (int candidate = 0; candidate < observed.length; candidate++) {
                float[] other = observed[candidate];
                float distance = 0;
                for (int i = 0; i < wanted.length && distance < least; i++) {
                    float difference = wanted[i] - other[i];
                    distance += difference * difference;
                }
                if (distance < least) {
                    least = distance;
                    nearest = candidate;
                }
            }
            return nearest;
        }
    }

    /** A line for each. */
    String text() {
        return String.format(
                Locale.ROOT,
                "on %,d frames of held-out episodes, mean absolute error in standard deviations:%n"
                        + "  this policy        %.4f%n"
                        + "  nearest neighbour  %.4f%n"
                        + "  last action held   %.4f%n",
                frames,
                policy,
                neighbour,
                holding);
    }
}
