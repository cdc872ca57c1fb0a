package dev.ugoki.embodied.act;

import dev.ugoki.nn.policy.ChunkPolicy;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * A policy with the scales of its demonstrations: the last observations in, the next actions out,
 * both in the robot's own units.
 *
 * <pre>{@code
 * RobotPolicy policy = RobotPolicy.load(checkpoint.resolve("pretrained_model"));
 * ObservationWindow window = policy.newWindow();
 * while (running) {
 *     window.add(observe());
 *     float[] actions = policy.act(window.steps(), Key.of(seed).fold(step));
 *     ...
 * }
 * }</pre>
 *
 * <p>The same observations and key give the same actions. Any number of threads may ask at once;
 * the network's device computes.
 */
public final class RobotPolicy {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";

    private final PolicyConfig config;
    private final PolicyScales scales;
    private final ChunkPolicy network;
    private final Device device;

    private RobotPolicy(PolicyConfig config, PolicyScales scales, ChunkPolicy network) {
        this.config = config;
        this.scales = scales;
        this.network = network;
        this.device = network.parameters().getFirst().tensor().device();
    }

    /** A policy with fresh weights, to be trained. */
    public static RobotPolicy create(PolicyConfig config, PolicyScales scales, Key key) {
        return new RobotPolicy(config, scales, build(config, key));
    }

    private static ChunkPolicy build(PolicyConfig config, Key key) {
        return config.network()
                .build(config.conditioningWidth(), config.horizon(), config.action().width(), key);
    }

    /**
     * Loads a policy from a {@code pretrained_model} folder onto the current device, ready to act.
     *
     * @throws FileFormatException if a file is missing or damaged, or has what this does not know
     * @throws dev.ugoki.embodied.data.MissingStatisticsException if the scales lack a statistic
     */
    public static RobotPolicy load(Path folder) throws IOException {
        PolicyConfig config = PolicyConfig.read(folder.resolve(CONFIG));
        PolicyScales scales = PolicyProcessors.read(folder, config);
        ChunkPolicy network = build(config, Key.of(0));
        network.load(folder.resolve(WEIGHTS));
        network.eval();
        return new RobotPolicy(config, scales, network);
    }

    /**
     * Writes {@code config.json}, the processors' files and {@code model.safetensors} into an
     * existing folder.
     *
     * @param weights of the network, by name
     */
    public void save(Path folder, Map<String, HostArray> weights) throws IOException {
        config.write(folder.resolve(CONFIG));
        PolicyProcessors.write(folder, config, scales);
        SafetensorsFile.write(folder.resolve(WEIGHTS), weights);
    }

    public PolicyConfig config() {
        return config;
    }

    public PolicyScales scales() {
        return scales;
    }

    /** The network, which works on normalized numbers. */
    public ChunkPolicy network() {
        return network;
    }

    /** A window to put observations into. */
    public ObservationWindow newWindow() {
        return new ObservationWindow(config.observationSteps(), config.frameWidth());
    }

    /**
     * The actions to carry out now.
     *
     * @param observations [observation steps, frame width], the features of {@link
     *     PolicyConfig#inputs} one after the other in each step, the present step last
     * @param key of the noise that the policy begins with, if it does
     * @return [action steps, action width]
     */
    public float[] act(float[] observations, Key key) {
        int width = config.action().width();
        int first = config.firstAction() * width;
        return Arrays.copyOfRange(
                predict(observations, key), first, first + config.actionSteps() * width);
    }

    /** As {@link #act}, but the whole chunk, [horizon, action width]. */
    public float[] predict(float[] observations, Key key) {
        if (observations.length != config.conditioningWidth()) {
            throw new IllegalArgumentException(
                    "policy: %d numbers observed, but %d steps of %d are needed: %s"
                            .formatted(
                                    observations.length,
                                    config.observationSteps(),
                                    config.frameWidth(),
                                    config.inputs()));
        }
        float[] normalized = normalized(observations);
        float[] chunk = device.call(() -> sample(normalized, key));
        scales.unnormalizeActions(chunk, origin(observations));
        return chunk;
    }

    private float[] sample(float[] normalized, Key key) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor conditioning = Tensor.of(normalized, 1, config.conditioningWidth());
            return network.sample(conditioning, key).toFloatArray();
        }
    }

    private float[] normalized(float[] observations) {
        float[] normalized = new float[observations.length];
        int offset = 0;
        for (int i = 0; i < config.inputs().size(); i++) {
            int width = config.inputs().get(i).width();
            for (int at = offset; at < observations.length; at += config.frameWidth()) {
                float[] vector = Arrays.copyOfRange(observations, at, at + width);
                scales.normalizeInput(i, vector);
                System.arraycopy(vector, 0, normalized, at, width);
            }
            offset += width;
        }
        return normalized;
    }

    private float[] origin(float[] observations) {
        if (config.relativeTo().isEmpty()) {
            return new float[0];
        }
        int at = observations.length - config.frameWidth() + config.originOffset();
        return Arrays.copyOfRange(observations, at, at + config.action().width());
    }

    /** The weights as they are now, by name. */
    public Map<String, HostArray> weights() {
        return network.stateDict();
    }
}
