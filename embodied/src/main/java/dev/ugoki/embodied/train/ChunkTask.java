package dev.ugoki.embodied.train;

import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyScales;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.DeltaWindows;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.policy.Chunks;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Imitation: a policy learns to predict the chunks of actions that followed what was observed in
 * demonstrations.
 *
 * <pre>{@code
 * ChunkTask task = ChunkTask.of(frames, config, Key.of(seed));
 * TrainingRun.start(folder, task, TrainingSettings.DEFAULT).train(TrainingListener.NONE);
 * }</pre>
 *
 * <p>A sample is a frame: the observations up to it, and the actions from the first of these on.
 * Where they stick out of the episode its first or last frame is repeated. As in Diffusion Policy,
 * the last frames of an episode, after which recorded actions don't suffice to act on, are no
 * samples.
 */
public final class ChunkTask implements TrainingTask {
    private final RobotPolicy policy;
    private final DeltaWindows windows;
    private final int[] sampleFrames;
    private final String fingerprint;

    private ChunkTask(
            RobotPolicy policy, DeltaWindows windows, int[] sampleFrames, String fingerprint) {
        this.policy = policy;
        this.windows = windows;
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
    public static ChunkTask of(FrameTable frames, PolicyConfig config, Key key) {
        DeltaWindows windows = DeltaWindows.over(frames);
        for (PolicyFeature input : config.inputs()) {
            requireWidth(frames, input);
            windows = windows.with(input.name(), config.observationOffsets());
        }
        requireWidth(frames, config.action());
        windows = windows.with(config.action().name(), config.actionOffsets());
        RobotPolicy policy = RobotPolicy.create(config, PolicyScales.of(config, frames), key);
        return new ChunkTask(policy, windows, samples(frames, config), fingerprint(frames, config));
    }

    private static void requireWidth(FrameTable frames, PolicyFeature feature) {
        int width = frames.column(feature.name()).width();
        if (width != feature.width()) {
            throw new IllegalArgumentException(
                    "feature '%s' has %d numbers in the data, but %d in the policy"
                            .formatted(feature.name(), width, feature.width()));
        }
    }

    private static int[] samples(FrameTable frames, PolicyConfig config) {
        int unused = config.horizon() - config.firstAction() - config.actionSteps();
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
                    "no episode has more than %d frames, which a chunk of %d actions takes"
                            .formatted(unused, config.horizon()));
        }
        return java.util.Arrays.copyOf(samples, count);
    }

    /** A checksum of the configuration, the numbers in all features, and the episodes' ends. */
    private static String fingerprint(FrameTable frames, PolicyConfig config) {
        CRC32C sum = new CRC32C();
        sum.update(config.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        for (int episode = 0; episode < frames.episodeCount(); episode++) {
            sum.update(ByteBuffer.allocate(4).putInt(frames.episodeEnd(episode)).flip());
        }
        for (PolicyFeature input : config.inputs()) {
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

    /** The policy, whose network is trained. */
    public RobotPolicy policy() {
        return policy;
    }

    @Override
    public Module network() {
        return policy.network();
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
        return loss(batch(samples), key);
    }

    @Override
    public Tensor loss(Tensor[] batch, Key key) {
        return policy.network().loss(Chunks.of(batch[0], batch[1]), key);
    }

    @Override
    public Tensor[] batch(int[] samples) {
        PolicyConfig config = policy.config();
        int[] frames = new int[samples.length];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = sampleFrames[samples[i]];
        }
        float[] conditioning = new float[frames.length * config.conditioningWidth()];
        float[] origins = new float[0];
        int offset = 0;
        for (int i = 0; i < config.inputs().size(); i++) {
            PolicyFeature input = config.inputs().get(i);
            float[] vectors = windows.gather(input.name(), frames);
            if (input.name().equals(config.relativeTo().orElse(null))) {
                origins = lastSteps(vectors, frames.length, input.width());
            }
            policy.scales().normalizeInput(i, vectors);
            spread(vectors, input.width(), conditioning, offset, config.frameWidth());
            offset += input.width();
        }
        float[] actions = windows.gather(config.action().name(), frames);
        policy.scales().normalizeActions(actions, origins);
        return new Tensor[] {
            Tensor.of(conditioning, frames.length, config.conditioningWidth()),
            Tensor.of(actions, frames.length, config.horizon(), config.action().width())
        };
    }

    /** The present step of each window [n, steps, width]. */
    private static float[] lastSteps(float[] vectors, int count, int width) {
        float[] last = new float[count * width];
        int perWindow = vectors.length / count;
        for (int i = 0; i < count; i++) {
            System.arraycopy(vectors, (i + 1) * perWindow - width, last, i * width, width);
        }
        return last;
    }

    /** Puts vectors one after the other to {@code offset} in each row of {@code rowWidth}. */
    private static void spread(float[] vectors, int width, float[] rows, int offset, int rowWidth) {
        for (int from = 0, to = offset; from < vectors.length; from += width, to += rowWidth) {
            System.arraycopy(vectors, from, rows, to, width);
        }
    }

    @Override
    public void savePretrained(Path folder, Map<String, HostArray> weights) throws IOException {
        policy.save(folder, weights);
    }
}
