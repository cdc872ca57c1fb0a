package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.LeRobotConfig;
import dev.ugoki.embodied.act.LeRobotFeature;
import dev.ugoki.embodied.act.LeRobotNetwork;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.LeRobotTask;
import dev.ugoki.embodied.train.TimeBudget;
import dev.ugoki.embodied.train.TrainingListener;
import dev.ugoki.embodied.train.TrainingProgressBar;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.ComputeOptions;
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
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code ugoki train act}: ACT on the states of a data set. */
@Command(
        name = "act",
        description = {
            "Trains ACT on the states of a LeRobot data set, and measures it on held-out episodes"
                    + " beside holding the last action and the nearest neighbour.",
            "Writes checkpoints in LeRobot's layout and metrics.jsonl into a folder."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class TrainAct implements Callable<Integer> {
    private static final String STATE = "observation.state";
    private static final String ACTION = "action";

    /** Of the held-out frames, each so-manieth is measured. */
    private static final int EVERY = 5;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "A LeRobot data set with observation.state and action.")
    private Path data = Path.of("");

    @Option(
            names = "--minutes",
            paramLabel = "M",
            defaultValue = "5",
            description = "How long to train; default: ${DEFAULT-VALUE}.")
    private double minutes;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Train so many steps, however long they take.")
    private @Nullable Long steps;

    @Option(
            names = "--chunk",
            paramLabel = "N",
            defaultValue = "30",
            description = "Actions of a chunk; default: ${DEFAULT-VALUE}.")
    private int chunk;

    @Option(
            names = "--width",
            paramLabel = "N",
            defaultValue = "128",
            description = "Of the transformers; default: ${DEFAULT-VALUE}.")
    private int width;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            defaultValue = "10",
            description = "Each N-th episode is not learned from; default: ${DEFAULT-VALUE}.")
    private int heldOut;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of weights, order and noise; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write; default: runs/act-TIME.")
    private @Nullable Path out;

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        if (!(minutes > 0) || steps != null && steps < 1 || chunk < 1 || heldOut < 2) {
            throw new IllegalArgumentException(
                    "--minutes, --steps and --chunk must be above 0, and --held-out above 1");
        }
        return compute.run(this::train);
    }

    private int train() throws IOException {
        FrameTable all = LeRobotDataset.open(data).readFrames(List.of(STATE, ACTION));
        if (all.episodeCount() < heldOut) {
            throw new IllegalArgumentException(
                    "--held-out %d: the data set has %d episodes"
                            .formatted(heldOut, all.episodeCount()));
        }
        FrameTable training = EpisodeChoice.of(all, episode -> (episode + 1) % heldOut != 0);
        FrameTable unseen = EpisodeChoice.of(all, episode -> (episode + 1) % heldOut == 0);
        LeRobotTask task = LeRobotTask.of(training, config(all), Key.of(seed));
        System.out.printf(
                Locale.ROOT,
                "training ACT: %,d parameters, %,d samples of %d episodes; %d are held out%n",
                task.network().parameterCount(),
                task.sampleCount(),
                training.episodeCount(),
                unseen.episodeCount());
        Path folder = out != null ? out : defaultFolder();
        Path checkpoint = run(folder, task);
        Path pretrained = Checkpoints.pretrainedModel(checkpoint);
        HeldOutErrors errors =
                HeldOutErrors.measure(
                        LoadedPolicy.load(pretrained), training, unseen, chunk, EVERY);
        System.out.print(errors.text());
        System.out.println("checkpoint: " + checkpoint);
        return 0;
    }

    private LeRobotConfig config(FrameTable frames) {
        LeRobotNetwork network =
                new LeRobotNetwork.Act(
                        chunk,
                        new ActPolicy.Layers(
                                width, 4, 2 * width, ActPolicy.Nonlinearity.RELU, 2, 1, false, 0.1),
                        new ActPolicy.Vae(true, 16, 2, 10),
                        Backbone.RESNET18,
                        null);
        return LeRobotConfig.of(
                List.of(feature(frames.column(STATE), LeRobotFeature.Kind.STATE)),
                feature(frames.column(ACTION), LeRobotFeature.Kind.ACTION),
                Map.of(
                        LeRobotFeature.Kind.STATE, Normalization.MEAN_STD,
                        LeRobotFeature.Kind.ACTION, Normalization.MEAN_STD),
                chunk,
                network);
    }

    private static LeRobotFeature feature(Column column, LeRobotFeature.Kind kind) {
        return new LeRobotFeature(column.name(), kind, List.of(column.width()));
    }

    private Path run(Path folder, LeRobotTask task) throws IOException {
        TrainingSettings settings =
                TrainingSettings.DEFAULT
                        .withSeed(seed)
                        .withBatchSize(64)
                        .withOptimizer(new AdamW(5e-4, 0.9, 0.999, 1e-8, 1e-4))
                        .withGradientClip(10)
                        .withTask(Map.of("name", "act", "data", data.toString()));
        Long count = steps;
        settings =
                count == null
                        ? TimeBudget.open(settings)
                        : settings.withSteps(count).withIntervals(Math.max(1, count / 200), count);
        TrainingRun run = TrainingRun.start(folder, task, settings);
        try (TrainingProgressBar bar = TrainingProgressBar.open("training", System.out)) {
            TrainingListener listener =
                    count == null ? new TimeBudget(run.trainer(), 60 * minutes, bar) : bar;
            return run.train(listener);
        }
    }

    private static Path defaultFolder() {
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return Path.of("runs", "act-" + time);
    }
}
