package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.ImitationTask;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.examples.PretrainedFolder;
import dev.ugoki.examples.TrainingOptions;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;
import dev.ugoki.tensor.Key;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code ugoki train policy}: a policy on the states of a data set. */
@Command(
        name = "policy",
        aliases = "act",
        description = {
            "Trains a policy on the states of a LeRobot data set, and measures it on held-out"
                    + " episodes beside holding the last action and the nearest neighbour.",
            "It sees the state and what the robot did just before, and predicts actions relative to"
                    + " the last one.",
            "Writes checkpoints in LeRobot's layout and metrics.jsonl into a folder."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class TrainPolicy implements Callable<Integer> {
    /** Of the held-out frames, each so-manieth is measured. */
    private static final int EVERY = 5;

    /** How a run's settings name each so-manieth episode that is held out. */
    static final String HELD_OUT = "held_out";

    @Option(
            names = "--policy",
            paramLabel = "KIND",
            description = "act, l1, flow or unet; default: act.")
    private @Nullable String policy;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "A LeRobot data set with observation.state and action.")
    private @Nullable Path data;

    @Option(
            names = "--chunk",
            paramLabel = "N",
            defaultValue = "30",
            description = "Actions of a chunk; default: ${DEFAULT-VALUE}.")
    private int chunk;

    @Option(
            names = "--absolute",
            description = "Predict actions as they are, and see the state alone.")
    private boolean absolute;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            defaultValue = "10",
            description = "Each N-th episode is not learned from; default: ${DEFAULT-VALUE}.")
    private int heldOut;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write; default: runs/KIND-TIME.")
    private @Nullable Path out;

    @Mixin private TrainingOptions options = new TrainingOptions();

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        if (chunk < 1 || heldOut < 2) {
            throw new IllegalArgumentException("--chunk must be above 0, and --held-out above 1");
        }
        return compute.run(this::train);
    }

    private int train() throws IOException {
        TrainingConfig config = options.config();
        Path folder = data != null ? data : config.data().orElse(null);
        if (folder == null) {
            throw new IllegalArgumentException(
                    "no data set is named; name one with --data, or as \"data\" in the settings");
        }
        String kind = policy != null ? policy : config.policy().orElse("act");
        FrameTable all = frames(folder);
        if (all.episodeCount() < heldOut) {
            throw new IllegalArgumentException(
                    "--held-out %d: the data set has %d episodes"
                            .formatted(heldOut, all.episodeCount()));
        }
        FrameTable known = EpisodeChoice.of(all, episode -> isKnown(episode, heldOut));
        FrameTable unseen = EpisodeChoice.of(all, episode -> !isKnown(episode, heldOut));
        Validation validation = Validation.of(known, config.validationEpisodes());
        PolicyConfig preset = preset(kind, all);
        TrainingSettings settings =
                options.settings(usual(preset.network()), config)
                        .withTask(
                                Map.of(
                                        "name",
                                        "policy",
                                        "policy",
                                        kind,
                                        "data",
                                        folder.toString(),
                                        HELD_OUT,
                                        Integer.toString(heldOut)));
        ImitationTask task =
                task(config, preset, validation.training(), settings.seed())
                        .withObservationNoise(config.observationNoise())
                        .withOriginNoise(config.originNoise());
        System.out.printf(
                Locale.ROOT,
                "training %s: %,d of %,d parameters, %,d samples of %d episodes, %s of steps of %d;"
                        + " %d episodes are held out%n",
                task.policy().config().network().type(),
                task.trainable().values().stream()
                        .mapToLong(each -> each.type().shape().elementCount())
                        .sum(),
                task.network().parameterCount(),
                task.sampleCount(),
                validation.training().episodeCount(),
                options.length(config),
                settings.batchSize(),
                unseen.episodeCount());
        Path target = out != null ? out : TrainingOptions.defaultFolder(kind);
        TrainingRun run = TrainingRun.start(target, task, settings);
        if (validation.heldOut() != null) {
            run.withValidation(task.heldOut(validation.heldOut()));
        }
        TrainingOptions.Length length = options.length(config);
        options.train(
                run,
                length.steps() == null ? 60 * length.minutes() : Double.POSITIVE_INFINITY,
                config,
                System.out);
        Path checkpoint = TrainingRun.bestCheckpoint(target);
        RobotPolicy learned = RobotPolicy.load(Checkpoints.pretrainedModel(checkpoint));
        System.out.print(HeldOutErrors.measure(learned, known, unseen, EVERY).text());
        System.out.println("checkpoint: " + checkpoint);
        return 0;
    }

    /** Whether an episode may be learned from where each so-manieth may not. */
    static boolean isKnown(int episode, int heldOut) {
        return (episode + 1) % heldOut != 0;
    }

    private FrameTable frames(Path folder) throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(folder);
        return absolute
                ? dataset.readFrames(List.of(History.STATE, History.ACTION))
                : History.read(dataset, List.of(History.STATE, History.ACTION, History.NAME));
    }

    private static ImitationTask task(
            TrainingConfig config, PolicyConfig preset, FrameTable training, long seed)
            throws IOException {
        if (config.adaptation().isPresent()) {
            TrainingConfig.Adaptation adaptation = config.adaptation().get();
            RobotPolicy loaded = RobotPolicy.load(PretrainedFolder.of(adaptation.from()));
            Lora.attach(
                    loaded.network().module(),
                    adaptation::accepts,
                    adaptation.lora(),
                    Key.of(seed));
            return ImitationTask.of(training, loaded);
        }
        PolicyConfig changed = preset.withNetwork(config.network(preset.network()));
        return ImitationTask.of(training, changed, Key.of(seed));
    }

    /** A preset for small networks on states: a higher rate and larger batches than LeRobot's. */
    private static TrainingSettings usual(PolicyNetwork network) {
        TrainingSettings preset = ImitationTask.preset(network);
        return network instanceof PolicyNetwork.Act
                ? preset.withOptimizer(new AdamW(5e-4, 0.9, 0.999, 1e-8, 1e-4))
                        .withBatchSize(64)
                        .withWarmupSteps(200)
                : preset;
    }

    private PolicyConfig preset(String kind, FrameTable frames) {
        int width = frames.column(History.ACTION).width();
        PolicyFeature state =
                PolicyFeature.state(History.STATE, frames.column(History.STATE).width());
        List<PolicyFeature> inputs =
                absolute
                        ? List.of(state)
                        : List.of(state, PolicyFeature.environment(History.NAME, 3 * width));
        PolicyConfig config =
                PolicyConfig.of(
                        inputs,
                        PolicyFeature.action(History.ACTION, width),
                        Normalization.MEAN_STD,
                        chunk,
                        network(kind));
        return absolute ? config : config.withActionsRelativeTo(History.NAME);
    }

    private PolicyNetwork network(String kind) {
        return switch (kind) {
            case "act" ->
                    new PolicyNetwork.Act(
                            chunk,
                            new ActPolicy.Layers(
                                    128, 4, 256, ActPolicy.Nonlinearity.RELU, 2, 1, false, 0.1),
                            new ActPolicy.Vae(true, 16, 2, 10),
                            Backbone.RESNET18,
                            null);
            case "l1" -> new PolicyNetwork.Chunk(1, chunk, NetworkConfig.Regression.DEFAULT);
            case "flow" -> new PolicyNetwork.Chunk(1, chunk, NetworkConfig.Flow.DEFAULT);
            case "unet" -> new PolicyNetwork.Chunk(1, chunk, NetworkConfig.Unet.DEFAULT);
            default ->
                    throw new IllegalArgumentException(
                            "--policy " + kind + ": must be act, l1, flow or unet");
        };
    }

    /** What of the episodes that may be learned from is held out to choose a checkpoint by. */
    private record Validation(FrameTable training, @Nullable FrameTable heldOut) {
        static Validation of(FrameTable known, int count) {
            if (count == 0) {
                return new Validation(known, null);
            }
            if (count >= known.episodeCount()) {
                throw new IllegalArgumentException(
                        "validation_episodes: %d of %d leave none to learn from"
                                .formatted(count, known.episodeCount()));
            }
            int every = known.episodeCount() / count;
            return new Validation(
                    EpisodeChoice.of(known, episode -> !isHeldOut(episode, every, count)),
                    EpisodeChoice.of(known, episode -> isHeldOut(episode, every, count)));
        }

        private static boolean isHeldOut(int episode, int every, int count) {
            return episode % every == 0 && episode / every < count;
        }
    }
}
