package dev.ugoki.examples.policy;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.MetricsLog;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.examples.Environment;
import dev.ugoki.tensor.io.WholeFile;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code ugoki results policy FILE RUN..}: the table of runs on the states of data sets. */
@Command(
        name = "policy",
        aliases = "act",
        description = {
            "Measures finished runs of 'ugoki train policy' on the episodes that they held out, and"
                    + " writes a table of them, in Markdown."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class ResultsPolicy implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "Where the table goes.")
    private Path file = Path.of("");

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "RUN", description = "Runs' folders.")
    private List<Path> runs = List.of();

    @Mixin private ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        return compute.run(this::write);
    }

    private int write() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append(
                "| policy | data | trained on | held-out frames | this policy | nearest neighbour |"
                        + " last action held |\n"
                        + "| --- | --- | --- | ---: | ---: | ---: | ---: |\n");
        for (Path run : runs) {
            text.append(line(run));
        }
        text.append(
                "\nMean absolute errors of chunks, in standard deviations of the actions, over");
        text.append(" all dimensions, on episodes that were not learned from. ");
        text.append(Environment.summary()).append("\n");
        Files.createDirectories(file.toAbsolutePath().getParent());
        WholeFile.writeString(file, text.toString());
        System.out.print(text);
        return 0;
    }

    private static String line(Path run) throws IOException {
        Path model = Checkpoints.pretrainedModel(TrainingRun.bestCheckpoint(run));
        TrainingSettings settings = TrainingSettings.read(model.resolve("train_config.json"));
        TrainingOrder order = TrainingOrder.of(run, settings.task());
        EpisodeSplit episodes = EpisodeSplit.of(order);
        MetricsLog.Line last = MetricsLog.read(run.resolve("metrics.jsonl")).getLast();
        HeldOutErrors errors =
                HeldOutErrors.measure(
                        RobotPolicy.load(model),
                        episodes.known(),
                        episodes.unseen(),
                        HeldOutErrors.EVERY);
        return String.format(
                Locale.ROOT,
                "| %s, seed %d | %s: %d episodes, and %d held out | %.2f M samples in %.1f min |"
                        + " %,d | **%.4f** | %.4f | %.4f |%n",
                order.kind(),
                settings.seed(),
                Path.of(order.data()).getFileName(),
                episodes.known().episodeCount(),
                episodes.unseen().episodeCount(),
                (double) last.step() * settings.batchSize() * 1e-6,
                last.seconds() / 60,
                errors.frames(),
                errors.policy(),
                errors.neighbour(),
                errors.holding());
    }
}
