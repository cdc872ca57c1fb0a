package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.RobotPolicy;
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

/** {@code ugoki run CHECKPOINT}: what a trained policy does with what was recorded. */
@Command(
        name = "run",
        description = {
            "Runs a trained policy on what was recorded.",
            "With --data and --episode: prints its actions beside the recorded ones, and plots"
                    + " them.",
            "With --golden: compares its actions with those of the original, and exits with 1 where"
                    + " they differ by more than 1e-4 of their range."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class RunPolicy implements Callable<Integer> {
    @Parameters(
            paramLabel = "CHECKPOINT",
            description =
                    "A run's folder, one of its checkpoints, or a pretrained_model folder, of ACT"
                            + " or Diffusion Policy in LeRobot's layouts too.")
    private Path checkpoint = Path.of("");

    @Option(names = "--data", paramLabel = "DIR", description = "A LeRobot data set.")
    private @Nullable Path data;

    @Option(
            names = "--episode",
            paramLabel = "N",
            defaultValue = "0",
            description = "Which episode of it; default: ${DEFAULT-VALUE}.")
    private int episode;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "Where to draw the actions; default: episode-N.png.")
    private @Nullable Path plot;

    @Option(
            names = "--golden",
            paramLabel = "FILE",
            description =
                    "A safetensors file of observations, start_noise if the policy starts from it,"
                            + " and action_chunk.")
    private @Nullable Path golden;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of the noise that a policy draws; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        if ((data == null) == (golden == null)) {
            throw new IllegalArgumentException("run: needs either --data or --golden");
        }
        return compute.run(this::run);
    }

    private int run() throws IOException {
        Path folder = PretrainedFolder.of(checkpoint);
        RobotPolicy policy = RobotPolicy.load(folder);
        System.out.printf("%s: %s%n", folder, policy.config().network().type());
        if (golden != null) {
            return GoldenActions.read(golden).compare(policy, System.out);
        }
        if (data == null) {
            throw new AssertionError();
        }
        Path drawing = plot != null ? plot : Path.of("episode-" + episode + ".png");
        RecordedEpisode recorded = RecordedEpisode.read(data, episode, policy);
        recorded.predict(policy, seed).print(System.out, drawing);
        return 0;
    }
}
