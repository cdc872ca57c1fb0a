package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.examples.TrainingOptions;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code ugoki train pusht}: the main job. */
@Command(
        name = "pusht",
        description = {
            "Learns to push the T from demonstrations, and shows how well.",
            "Writes checkpoints, metrics.jsonl, scores and report.html into a folder."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class TrainPushT implements Callable<Integer> {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Demonstrations: a zarr replay buffer, or a LeRobot data set with the block's"
                            + " pose or keypoints; default: the project's own.")
    private @Nullable Path data;

    @Option(
            names = "--policy",
            paramLabel = "KIND",
            description = "l1, flow, unet or image (sees rendered frames); default: flow.")
    private @Nullable String policy;

    @Option(
            names = "--episodes",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Learn from so many episodes; 90 of the 206 human ones are those of the paper;"
                            + " default: all.")
    private int episodes;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write; default: runs/pusht-POLICY-TIME.")
    private @Nullable Path out;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Go on with the run in this folder, with its settings.")
    private @Nullable Path resume;

    @Option(
            names = "--eval-seeds",
            paramLabel = "N",
            defaultValue = "50",
            description = "Episodes to evaluate; default: ${DEFAULT-VALUE}.")
    private int evaluationSeeds;

    @Mixin private TrainingOptions options = new TrainingOptions();

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        return compute.run(this::train);
    }

    private int train() throws IOException {
        TrainingJob job = new TrainingJob(System.out, compute.threads(), options);
        return resume == null ? start(job) : goOn(job, resume);
    }

    private int start(TrainingJob job) throws IOException {
        TrainingConfig config = options.config();
        PolicyKind kind = PolicyKind.of(policy != null ? policy : config.policy().orElse("flow"));
        Path source = data != null ? data : config.data().orElse(null);
        Path folder = out != null ? out : TrainingOptions.defaultFolder("pusht-" + kind.label());
        return report(
                folder,
                job.train(
                        TrainingJob.Order.of(source, kind, episodes, config),
                        folder,
                        evaluationSeeds));
    }

    private int goOn(TrainingJob job, Path folder) throws IOException {
        options.refuseBesideResume(data != null, policy != null, episodes != 0, out != null);
        return report(folder, job.resume(folder, evaluationSeeds));
    }

    private static int report(Path folder, TrainingJob.Result result) throws IOException {
        Path report = folder.resolve("report.html");
        ReportPage.write(report, result);
        PrintStream print = System.out;
        print.println();
        print.print(result.scores().text());
        print.println();
        print.println("checkpoint: " + result.checkpoint());
        print.println("report:     " + report);
        return 0;
    }
}
