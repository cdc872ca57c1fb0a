package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.examples.PretrainedFolder;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code ugoki eval policy CHECKPOINT}: a policy's actions beside recorded ones. */
@Command(
        name = "policy",
        aliases = "act",
        description = {
            "Measures a policy's actions against those of a LeRobot data set, on each N-th episode,"
                    + " beside holding the last action and the nearest neighbour of the others."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class EvalPolicy implements Callable<Integer> {
    @Parameters(
            paramLabel = "CHECKPOINT",
            description = "A run's folder, one of its checkpoints, or a pretrained_model folder.")
    private Path checkpoint = Path.of("");

    @Option(names = "--data", paramLabel = "DIR", description = "A LeRobot data set.")
    private @Nullable Path data;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The settings of the training, which name the data set.")
    private @Nullable Path config;

    @Option(
            names = "--held-out",
            paramLabel = "N",
            defaultValue = "10",
            description = "Each N-th episode is measured; default: ${DEFAULT-VALUE}.")
    private int heldOut;

    @Option(
            names = "--every",
            paramLabel = "N",
            defaultValue = "" + HeldOutErrors.EVERY,
            description = "Of their frames, each N-th; default: ${DEFAULT-VALUE}.")
    private int every;

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        return compute.run(this::evaluate);
    }

    private int evaluate() throws IOException {
        if (heldOut < 2 || every < 1) {
            throw new IllegalArgumentException("--held-out must be above 1, and --every above 0");
        }
        Path named =
                data != null || config == null
                        ? data
                        : TrainingConfig.read(config).data().orElse(null);
        if (named == null) {
            throw new IllegalArgumentException(
                    "no data set is named; name one with --data, or as \"data\" in the settings");
        }
        RobotPolicy policy = RobotPolicy.load(PretrainedFolder.of(checkpoint));
        FrameTable all =
                History.read(
                        LeRobotDataset.open(named),
                        policy.config().features().stream().map(PolicyFeature::name).toList());
        HeldOutErrors errors =
                HeldOutErrors.measure(
                        policy,
                        EpisodeChoice.of(all, episode -> TrainingOrder.isKnown(episode, heldOut)),
                        EpisodeChoice.of(all, episode -> !TrainingOrder.isKnown(episode, heldOut)),
                        every);
        System.out.print(errors.text());
        return 0;
    }
}
