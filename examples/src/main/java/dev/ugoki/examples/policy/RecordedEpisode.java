package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;
import dev.ugoki.nn.policy.TemporalEnsembler;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * An episode of a data set, with what a policy sees.
 *
 * @param number of the episode
 * @param frames of all episodes
 */
record RecordedEpisode(int number, FrameTable frames) {
    static RecordedEpisode read(Path folder, int number, RobotPolicy policy) throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(folder);
        FrameTable frames = History.read(dataset, names(policy));
        if (number < 0 || number >= frames.episodeCount()) {
            throw new IllegalArgumentException(
                    "--episode %d: the data set has the episodes 0 to %d"
                            .formatted(number, frames.episodeCount() - 1));
        }
        return new RecordedEpisode(number, frames);
    }

    /** What a policy sees, then what it predicts. */
    private static List<String> names(RobotPolicy policy) {
        return policy.config().features().stream().map(PolicyFeature::name).toList();
    }

    /**
     * What a policy does: at each decision it sees what was recorded, and its actions until the
     * next one stand beside those of the recording.
     */
    Comparison predict(RobotPolicy policy, long seed) {
        DeltaWindows windows = DeltaWindows.over(frames);
        for (PolicyFeature input : policy.config().inputs()) {
            windows = windows.with(input.name(), policy.config().observationOffsets(input));
        }
        int start = frames.episodeStart(number);
        int end = frames.episodeEnd(number);
        Column recorded = frames.column(policy.config().action().name());
        double[][] actual = new double[end - start][recorded.width()];
        double[][] predicted = new double[end - start][];
        for (int frame = start; frame < end; frame++) {
            for (int i = 0; i < recorded.width(); i++) {
                actual[frame - start][i] = recorded.at(frame, i);
            }
        }
        TemporalEnsembler ensembler = policy.newEnsembler().orElse(null);
        if (ensembler != null) {
            for (int frame = start; frame < end; frame++) {
                double[][] chunk = actions(policy, windows, frame, Key.of(seed).fold(frame));
                predicted[frame - start] = averaged(ensembler, chunk);
            }
            return new Comparison(number, actual, predicted);
        }
        for (int frame = start; frame < end; frame += policy.config().actionSteps()) {
            double[][] actions = actions(policy, windows, frame, Key.of(seed).fold(frame));
            int count = Math.min(end - frame, policy.config().actionSteps());
            System.arraycopy(actions, 0, predicted, frame - start, count);
        }
        return new Comparison(number, actual, predicted);
    }

    private static double[] averaged(TemporalEnsembler ensembler, double[][] chunk) {
        int width = chunk[0].length;
        float[] flat = new float[chunk.length * width];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) chunk[i / width][i % width];
        }
        float[] mean = ensembler.next(flat);
        double[] action = new double[width];
        for (int i = 0; i < width; i++) {
            action[i] = mean[i];
        }
        return action;
    }

    private double[][] actions(RobotPolicy policy, DeltaWindows windows, int frame, Key key) {
        try (TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> seen = new LinkedHashMap<>();
            for (PolicyFeature input : policy.config().inputs()) {
                float[] values = windows.gather(input.name(), frame);
                int steps = policy.config().network().stepsOf(input);
                seen.put(
                        policy.observedName(input),
                        steps == 1
                                ? Tensor.of(values, 1, input.width())
                                : Tensor.of(values, 1, steps, input.width()));
            }
            Tensor chunk = policy.predict(seen, null, key);
            int width = Math.toIntExact(chunk.extent(2));
            if (width != frames.column(policy.config().action().name()).width()) {
                throw new IllegalArgumentException(
                        "the policy predicts %d numbers, and '%s' has %d"
                                .formatted(
                                        width,
                                        policy.config().action().name(),
                                        frames.column(policy.config().action().name()).width()));
            }
            double[] values = chunk.contiguous().toDoubleArray();
            double[][] actions = new double[Math.toIntExact(chunk.extent(1))][];
            for (int i = 0; i < actions.length; i++) {
                actions[i] = Arrays.copyOfRange(values, i * width, (i + 1) * width);
            }
            return actions;
        }
    }

    /** Recorded and predicted actions of an episode, [frame][dimension]. */
    record Comparison(int number, double[][] actual, double[][] predicted) {
        private int width() {
            return actual[0].length;
        }

        /** Mean absolute difference in a dimension. */
        double error(int dimension) {
            double sum = 0;
            for (int frame = 0; frame < actual.length; frame++) {
                sum += Math.abs(predicted[frame][dimension] - actual[frame][dimension]);
            }
            return sum / actual.length;
        }

        void print(PrintStream out, Path drawing) throws IOException {
            out.printf("episode %d, %d frames%n", number, actual.length);
            for (int frame = 0; frame < actual.length; frame++) {
                out.printf(
                        "frame %4d  predicted %s  recorded %s%n",
                        frame, text(predicted[frame]), text(actual[frame]));
            }
            double sum = 0;
            for (int i = 0; i < width(); i++) {
                sum += error(i);
                out.printf(
                        Locale.ROOT, "dimension %2d: mean absolute difference %.5g%n", i, error(i));
            }
            out.printf(
                    Locale.ROOT, "all dimensions: mean absolute difference %.5g%n", sum / width());
            WholeFile.writeBytes(drawing, ActionPlot.png(actual, predicted));
            out.println("plot: " + drawing);
        }

        private static String text(double[] action) {
            StringBuilder text = new StringBuilder("[");
            for (double each : action) {
                text.append(text.length() > 1 ? " " : "");
                text.append(String.format(Locale.ROOT, "%9.4f", each));
            }
            return text.append(']').toString();
        }
    }
}
