package dev.ugoki.examples.pusht;

import dev.ugoki.examples.ComputeOptions;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
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
            names = "--minutes",
            paramLabel = "M",
            defaultValue = "5",
            description = "How long to train; default: ${DEFAULT-VALUE}.")
    private double minutes;

    @Option(
            names = "--policy",
            paramLabel = "KIND",
            defaultValue = "flow",
            description = "l1, flow or unet; default: ${DEFAULT-VALUE}.")
    private String policy = "flow";

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of weights, order and noise; default: ${DEFAULT-VALUE}.")
    private long seed;

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
            names = "--steps",
            paramLabel = "N",
            description = "Train so many steps, however long they take.")
    private @Nullable Long steps;

    @Option(
            names = "--eval-seeds",
            paramLabel = "N",
            defaultValue = "50",
            description = "Episodes to evaluate; default: ${DEFAULT-VALUE}.")
    private int evaluationSeeds;

    @Option(
            names = "--compiled",
            description = "Makes each training step as one plan; the weights have the same bits.")
    private boolean compiled;

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        if (!(minutes > 0) || steps != null && steps < 1) {
            throw new IllegalArgumentException("--minutes and --steps must be above 0");
        }
        return compute.run(this::train);
    }

    private int train() throws IOException {
        TrainingJob job = new TrainingJob(System.out, compute.threads(), compiled);
        PolicyKind kind = kind(policy);
        Path folder = resume != null ? resume : out != null ? out : defaultFolder(kind);
        TrainingJob.Result result =
                resume != null
                        ? job.resume(folder, evaluationSeeds)
                        : job.train(
                                new TrainingJob.Order(data, kind, seed, minutes, steps),
                                folder,
                                evaluationSeeds);
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

    private static PolicyKind kind(String name) {
        for (PolicyKind kind : PolicyKind.values()) {
            if (kind.name().equalsIgnoreCase(name)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("--policy " + name + ": must be l1, flow or unet");
    }

    private static Path defaultFolder(PolicyKind kind) {
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return Path.of("runs", "pusht-" + kind.name().toLowerCase(Locale.ROOT) + "-" + time);
    }
}
