package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.examples.Bundled;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.tensor.io.WholeFile;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code ugoki demo}: the policy that comes with the project pushes the T. */
@Command(
        name = "demo",
        description = "Runs the trained policy that comes with the project: ten episodes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class DemoPushT implements Callable<Integer> {
    private static final String BUNDLED = "policy";
    private static final int SEEDS = 10;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "runs/demo",
            description = "Where to write demo.html and demo.gif; default: ${DEFAULT-VALUE}.")
    private Path out = Path.of("");

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        return compute.run(this::demonstrate);
    }

    private int demonstrate() throws IOException {
        RobotPolicy policy =
                Bundled.with(DemoPushT.class, BUNDLED, RobotPolicy::load)
                        .orElseThrow(
                                () ->
                                        new IOException(
                                                "this build comes without a trained policy; make"
                                                        + " one with 'ugoki train pusht'"));
        int threads = compute.threads();
        Evaluation learned =
                Evaluation.run(new TrainedPolicy(policy), Evaluation.STANDARD_SEED, SEEDS, threads);
        Scores scores =
                new Scores(
                        List.of(
                                new Scores.Row(
                                        "no-op",
                                        Evaluation.run(
                                                ChunkPolicy.noOperation(),
                                                Evaluation.STANDARD_SEED,
                                                SEEDS,
                                                threads)),
                                new Scores.Row("trained policy", learned)));
        Files.createDirectories(out);
        Path animation = out.resolve("demo.gif");
        Path page = out.resolve("demo.html");
        WholeFile.writeBytes(animation, Rollouts.animation(Rollouts.median(learned)));
        ReportPage.write(page, "PushT: the policy that comes with the project", scores);
        System.out.print(scores.text());
        System.out.println("animation: " + animation);
        System.out.println("page:      " + page);
        return 0;
    }
}
