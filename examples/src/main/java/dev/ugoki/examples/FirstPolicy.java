package dev.ugoki.examples;

import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.train.ImitationTask;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.tensor.Key;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The policy that training begins with: one with fresh weights, as a preset has it and the settings
 * change it, or a trained one into which adapters are put.
 *
 * <pre>{@code
 * FirstPolicy first = FirstPolicy.of(preset, config);
 * ImitationTask task = first.task(frames, seed);
 * }</pre>
 */
public final class FirstPolicy {
    private final PolicyConfig config;
    private final TrainingConfig changes;
    private final @Nullable RobotPolicy trained;

    private FirstPolicy(
            PolicyConfig config, TrainingConfig changes, @Nullable RobotPolicy trained) {
        this.config = config;
        this.changes = changes;
        this.trained = trained;
    }

    /**
     * The policy of a run that starts.
     *
     * @throws IOException if a setting of the network is not known, or the trained policy cannot be
     *     read
     * @throws IllegalArgumentException if the trained policy is of another kind than the preset
     */
    public static FirstPolicy of(PolicyConfig preset, TrainingConfig changes) throws IOException {
        return of(
                preset,
                changes,
                changes.adaptation().map(TrainingConfig.Adaptation::from).orElse(null));
    }

    /** The policy of a run that goes on, whose weights its last checkpoint has. */
    public static FirstPolicy resumed(PolicyConfig preset, TrainingConfig changes, Path folder)
            throws IOException {
        return of(
                preset,
                changes,
                changes.adaptation().isPresent() ? TrainingRun.lastCheckpoint(folder) : null);
    }

    private static FirstPolicy of(
            PolicyConfig preset, TrainingConfig changes, @Nullable Path trained)
            throws IOException {
        if (trained == null) {
            return new FirstPolicy(
                    preset.withNetwork(changes.network(preset.network())), changes, null);
        }
        RobotPolicy policy = RobotPolicy.load(PretrainedFolder.of(trained));
        PolicyConfig config = policy.config();
        if (!config.features().equals(preset.features())
                || !config.relativeTo().equals(preset.relativeTo())
                || !kind(config.network()).equals(kind(preset.network()))) {
            throw new IllegalArgumentException(
                    ("lora: the policy in %s is %s of %s, actions relative to %s; asked for is %s"
                                    + " of %s, relative to %s")
                            .formatted(
                                    trained,
                                    kind(config.network()),
                                    config.features(),
                                    config.relativeTo().orElse("nothing"),
                                    kind(preset.network()),
                                    preset.features(),
                                    preset.relativeTo().orElse("nothing")));
        }
        return new FirstPolicy(config, changes, policy);
    }

    private static String kind(PolicyNetwork network) {
        return network instanceof PolicyNetwork.Chunk chunk
                ? chunk.head().getClass().getSimpleName()
                : network.getClass().getSimpleName();
    }

    /** What it sees and says, and its network. */
    public PolicyConfig config() {
        return config;
    }

    /** The task of learning from some demonstrations, disturbed as the settings say. */
    public ImitationTask task(FrameTable frames, long seed) {
        Key key = Key.of(seed);
        ImitationTask task =
                trained == null
                        ? ImitationTask.of(frames, config, key)
                        : ImitationTask.of(
                                frames, changes.adaptation().orElseThrow().attachTo(trained, key));
        return changes.disturbed(task);
    }
}
