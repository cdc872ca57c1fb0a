package dev.ugoki.embodied.train;

import dev.ugoki.embodied.act.LeRobotConfig;
import dev.ugoki.embodied.act.LeRobotFeature;
import dev.ugoki.embodied.act.LeRobotNetwork;
import dev.ugoki.embodied.act.LeRobotPolicy;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Imitation by a policy of LeRobot's: ACT or Diffusion Policy, on features that a data set has as
 * numbers.
 *
 * <pre>{@code
 * LeRobotTask task = LeRobotTask.of(frames, config, Key.of(seed));
 * TrainingRun.start(folder, task, LeRobotTask.preset(config.network())).train(bar);
 * }</pre>
 *
 * <p>A sample is a frame: what was observed up to it, and the chunk of actions. Where a chunk
 * sticks out of the episode the nearest action is repeated and marked as made up. The last frames
 * of an episode that Diffusion Policy leaves out ({@code drop_n_last_frames}) are left out for it.
 */
public final class LeRobotTask implements TrainingTask {
    private final LeRobotPolicy policy;
    private final DeltaWindows windows;
    private final int[] actionOffsets;
    private final int[] sampleFrames;
    private final String fingerprint;

    private LeRobotTask(
            LeRobotPolicy policy,
            DeltaWindows windows,
            int[] actionOffsets,
            int[] sampleFrames,
            String fingerprint) {
        this.policy = policy;
        this.windows = windows;
        this.actionOffsets = actionOffsets;
        this.sampleFrames = sampleFrames;
        this.fingerprint = fingerprint;
    }

    /**
     * The task of learning from some demonstrations.
     *
     * @param frames with the features that the policy sees and predicts
     * @param key of the network's first weights
     * @throws IllegalArgumentException if a feature is missing or of another width, or no episode
     *     is long enough
     */
    public static LeRobotTask of(FrameTable frames, LeRobotConfig config, Key key) {
        int steps = config.network().observationSteps();
        int[] seen = DeltaWindows.range(1 - steps, 1);
        int[] actions = DeltaWindows.range(1 - steps, 1 - steps + config.network().chunkLength());
        DeltaWindows windows = DeltaWindows.over(frames);
        for (LeRobotFeature input : config.inputs()) {
            requireNumbers(frames, input);
            windows = windows.with(input.name(), seen);
        }
        requireNumbers(frames, config.action());
        windows = windows.with(config.action().name(), actions);
        LeRobotPolicy policy = LeRobotPolicy.create(config, DatasetStatistics.of(frames), key);
        return new LeRobotTask(
                policy, windows, actions, samples(frames, config), fingerprint(frames, config));
    }

    private static void requireNumbers(FrameTable frames, LeRobotFeature feature) {
        if (feature.kind() == LeRobotFeature.Kind.VISUAL) {
            throw new IllegalArgumentException(
                    "feature '%s' is an image; a table of frames has none".formatted(feature));
        }
        int width = frames.column(feature.name()).width();
        if (width != feature.width()) {
            throw new IllegalArgumentException(
                    "feature '%s' has %d numbers in the data, but %d in the policy"
                            .formatted(feature.name(), width, feature.width()));
        }
    }

    private static int[] samples(FrameTable frames, LeRobotConfig config) {
        int unused =
                switch (config.network()) {
                    case LeRobotNetwork.Act _ -> 0;
                    case LeRobotNetwork.Diffusion diffusion ->
                            diffusion.chunkLength()
                                    - diffusion.observationSteps()
                                    + 1
                                    - config.actionSteps();
                };
        int[] samples = new int[frames.frameCount()];
        int count = 0;
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            int end = frames.episodeEnd(episode) - unused;
            for (int frame = frames.episodeStart(episode); frame < end; frame++) {
                samples[count++] = frame;
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException(
                    "no episode has more than %d frames".formatted(unused));
        }
        return Arrays.copyOf(samples, count);
    }

    /** A checksum of the configuration, the numbers in all features, and the episodes' ends. */
    private static String fingerprint(FrameTable frames, LeRobotConfig config) {
        CRC32C sum = new CRC32C();
        sum.update(config.toString().getBytes(StandardCharsets.UTF_8));
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            sum.update(ByteBuffer.allocate(4).putInt(frames.episodeEnd(episode)).flip());
        }
        for (LeRobotFeature input : config.inputs()) {
            add(sum, frames.column(input.name()));
        }
        add(sum, frames.column(config.action().name()));
        return HexFormat.of().toHexDigits((int) sum.getValue());
    }

    private static void add(CRC32C sum, Column column) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * column.width());
        for (int frame = 0; frame < column.frameCount(); frame++) {
            bytes.clear();
            for (int i = 0; i < column.width(); i++) {
                bytes.putDouble(column.at(frame, i));
            }
            sum.update(bytes.flip());
        }
    }

    /**
     * The settings that LeRobot trains a policy with: ACT with AdamW at 1e-5 and batches of 8,
     * Diffusion Policy with AdamW at 1e-4, half a cosine, and batches of 64; 100,000 steps, and
     * gradients clipped to a norm of 10.
     */
    public static TrainingSettings preset(LeRobotNetwork network) {
        TrainingSettings common = TrainingSettings.DEFAULT.withGradientClip(10);
        return switch (network) {
            case LeRobotNetwork.Act _ ->
                    common.withOptimizer(new AdamW(1e-5, 0.9, 0.999, 1e-8, 1e-4))
                            .withBatchSize(8)
                            .withWarmupSteps(0)
                            .withSteps(100_000, 0);
            case LeRobotNetwork.Diffusion _ ->
                    common.withOptimizer(new AdamW(1e-4, 0.95, 0.999, 1e-8, 1e-6))
                            .withBatchSize(64)
                            .withWarmupSteps(500)
                            .withSteps(100_000, 99_500);
        };
    }

    /** The policy, whose network is trained. */
    public LeRobotPolicy policy() {
        return policy;
    }

    @Override
    public Module network() {
        return policy.network().module();
    }

    @Override
    public int sampleCount() {
        return sampleFrames.length;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public Tensor loss(int[] samples, Key key) {
        LeRobotConfig config = policy.config();
        int[] frames = new int[samples.length];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = sampleFrames[samples[i]];
        }
        int steps = config.network().observationSteps();
        Map<String, Tensor> seen = new LinkedHashMap<>();
        for (LeRobotFeature input : config.inputs()) {
            float[] vectors = windows.gather(input.name(), frames);
            seen.put(
                    input.name(),
                    steps == 1
                            ? Tensor.of(vectors, frames.length, input.width())
                            : Tensor.of(vectors, frames.length, steps, input.width()));
        }
        LeRobotFeature action = config.action();
        Tensor actions =
                Tensor.of(
                        windows.gather(action.name(), frames),
                        frames.length,
                        actionOffsets.length,
                        action.width());
        return policy.network()
                .loss(
                        policy.normalized(seen),
                        policy.normalizedActions(actions),
                        padding(frames),
                        key);
    }

    private Tensor padding(int[] frames) {
        boolean[] padding = new boolean[frames.length * actionOffsets.length];
        for (int i = 0; i < padding.length; i++) {
            int frame = frames[i / actionOffsets.length];
            padding[i] = windows.isPad(frame, actionOffsets[i % actionOffsets.length]);
        }
        return Tensor.of(padding, frames.length, actionOffsets.length);
    }

    @Override
    public void savePretrained(Path folder, Map<String, HostArray> weights) throws IOException {
        policy.save(folder, weights, LeRobotPolicy.Layout.CURRENT);
    }
}
