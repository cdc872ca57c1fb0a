package dev.ugoki.examples.pusht;

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
import java.util.List;
import java.util.concurrent.Callable;

/** {@code ugoki eval pusht CHECKPOINT}: runs a trained policy in closed loop. */
@Command(
        name = "pusht",
        description = "Runs a trained policy from the published start states.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class EvalPushT implements Callable<Integer> {
    @Parameters(
            paramLabel = "CHECKPOINT",
            description = "A run's folder, one of its checkpoints, or a pretrained_model folder.")
    private Path checkpoint = Path.of("");

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "50",
            description = "How many episodes; default: ${DEFAULT-VALUE}.")
    private int seeds;

    @Option(
            names = "--first-seed",
            paramLabel = "N",
            defaultValue = "" + Evaluation.STANDARD_SEED,
            description = "The first start state; default: ${DEFAULT-VALUE}.")
    private long firstSeed;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Write a page with pictures there.")
    private @Nullable Path report;

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        return compute.run(this::evaluate);
    }

    private int evaluate() throws IOException {
        Path folder = PretrainedFolder.of(checkpoint);
        RobotPolicy loaded = RobotPolicy.load(folder);
        ChunkPolicy policy =
                ImagePolicy.sees(loaded) ? new ImagePolicy(loaded) : new TrainedPolicy(loaded);
        int threads = compute.threads();
        Scores scores =
                new Scores(
                        List.of(
                                new Scores.Row(
                                        "no-op",
                                        Evaluation.run(
                                                ChunkPolicy.noOperation(),
                                                firstSeed,
                                                seeds,
                                                threads)),
                                new Scores.Row(
                                        "this policy",
                                        Evaluation.run(policy, firstSeed, seeds, threads))));
        System.out.print(scores.text());
        if (report != null) {
            ReportPage.write(report, "PushT: " + folder, scores);
            System.out.println("report: " + report);
        }
        return 0;
    }
}
