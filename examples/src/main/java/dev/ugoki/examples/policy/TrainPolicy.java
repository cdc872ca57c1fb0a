package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.ImitationTask;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.examples.FirstPolicy;
import dev.ugoki.examples.TrainingOptions;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
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
    private static final int CHUNK = 30;
    private static final int HELD_OUT = 10;

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
            description =
                    "Actions of a chunk; default: 30, or, where adapters learn, as many as the"
                            + " policy has.")
    private @Nullable Integer chunk;

    @Option(
            names = "--absolute",
            description = "Predict actions as they are, and see the state alone.")
    private boolean absolute;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            description = "Each N-th episode is not learned from; default: 10.")
    private @Nullable Integer heldOut;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write; default: runs/KIND-TIME.")
    private @Nullable Path out;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Go on with the run in this folder, with its settings.")
    private @Nullable Path resume;

    @Mixin private TrainingOptions options = new TrainingOptions();

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        return compute.run(() -> resume == null ? start() : goOn(resume));
    }

    private int start() throws IOException {
        TrainingConfig config = options.config();
        Path source = data != null ? data : config.data().orElse(null);
        if (source == null) {
            throw new IllegalArgumentException(
                    "no data set is named; name one with --data, or as \"data\" in the settings");
        }
        String kind = policy != null ? policy : config.policy().orElse("act");
        TrainingOrder order =
                TrainingOrder.of(
                        source,
                        kind,
                        chunk != null ? chunk : CHUNK,
                        absolute,
                        heldOut != null ? heldOut : HELD_OUT,
                        config);
        EpisodeSplit episodes = EpisodeSplit.of(order);
        FirstPolicy first = FirstPolicy.of(preset(order, episodes.known()), config);
        int horizon = first.config().horizon();
        if (chunk != null && chunk != horizon) {
            throw new IllegalArgumentException(
                    "--chunk %d: the policy that adapters learn in predicts %d"
                            .formatted(chunk, horizon));
        }
        TrainingSettings settings =
                options.settings(usual(first.config().network()), config).withTask(order.texts());
        ImitationTask task = first.task(episodes.training(), settings.seed());
        TrainingOptions.Length length = options.length(config);
        System.out.printf(
                Locale.ROOT,
                "training %s: %,d of %,d parameters, %,d samples of %d episodes, %s of steps of %d;"
                        + " %d episodes are held out%n",
                task.policy().config().network().type(),
                task.trainableCount(),
                task.network().parameterCount(),
                task.sampleCount(),
                episodes.training().episodeCount(),
                length,
                settings.batchSize(),
                episodes.unseen().episodeCount());
        Path folder = out != null ? out : TrainingOptions.defaultFolder(kind);
        return finish(
                TrainingRun.start(folder, task, settings),
                length.steps() == null ? 60 * length.minutes() : Double.POSITIVE_INFINITY,
                order,
                episodes,
                task,
                folder);
    }

    private int goOn(Path folder) throws IOException {
        options.refuseBesideResume(
                data != null,
                policy != null,
                chunk != null,
                absolute,
                heldOut != null,
                out != null);
        TrainingSettings settings = TrainingRun.settings(folder);
        TrainingOrder order = TrainingOrder.of(folder, settings.task());
        EpisodeSplit episodes = EpisodeSplit.of(order);
        FirstPolicy first =
                FirstPolicy.resumed(preset(order, episodes.known()), order.config(), folder);
        ImitationTask task = first.task(episodes.training(), settings.seed());
        TrainingRun run = TrainingRun.resume(folder, task);
        System.out.printf(
                Locale.ROOT,
                "resuming at step %,d of %,d%n",
                run.trainer().stepCount(),
                settings.steps());
        return finish(run, Double.POSITIVE_INFINITY, order, episodes, task, folder);
    }

    private int finish(
            TrainingRun run,
            double seconds,
            TrainingOrder order,
            EpisodeSplit episodes,
            ImitationTask task,
            Path folder)
            throws IOException {
        FrameTable validation = episodes.validation();
        if (validation != null) {
            run.withValidation(task.heldOut(validation));
        }
        options.train(run, seconds, order.config(), System.out);
        Path checkpoint = TrainingRun.bestCheckpoint(folder);
        RobotPolicy learned = RobotPolicy.load(Checkpoints.pretrainedModel(checkpoint));
        System.out.print(
                HeldOutErrors.measure(
                                learned, episodes.known(), episodes.unseen(), HeldOutErrors.EVERY)
                        .text());
        System.out.println("checkpoint: " + checkpoint);
        return 0;
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

    private static PolicyConfig preset(TrainingOrder order, FrameTable frames) {
        int width = frames.column(History.ACTION).width();
        PolicyFeature state =
                PolicyFeature.state(History.STATE, frames.column(History.STATE).width());
        List<PolicyFeature> inputs =
                order.absolute()
                        ? List.of(state)
                        : List.of(state, PolicyFeature.environment(History.NAME, 3 * width));
        PolicyConfig config =
                PolicyConfig.of(
                        inputs,
                        PolicyFeature.action(History.ACTION, width),
                        Normalization.MEAN_STD,
                        order.chunk(),
                        network(order.kind(), order.chunk()));
        return order.absolute() ? config : config.withActionsRelativeTo(History.NAME);
    }

    private static PolicyNetwork network(String kind, int chunk) {
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
}
