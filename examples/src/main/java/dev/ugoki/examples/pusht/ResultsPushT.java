package dev.ugoki.examples.pusht;

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
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/**
 * {@code ugoki results pusht FILE RUN..}: evaluates finished runs side by side and writes the table
 * that the documents show.
 */
@Command(
        name = "pusht",
        description = "Evaluates finished runs and writes a table of them, in Markdown.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class ResultsPushT implements Callable<Integer> {
    private static final int FEW = 50;
    private static final int MANY = 200;

    @Parameters(index = "0", paramLabel = "FILE", description = "Where the table goes.")
    private Path file = Path.of("");

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "RUN", description = "Runs' folders.")
    private List<Path> runs = List.of();

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "The demonstrations, for the nearest-neighbour baselines.")
    private Path data = Path.of("");

    @Mixin private ComputeOptions compute;

    /** A line of the table. */
    private record Line(String name, String trained, Evaluation few, Evaluation many) {}

    @Override
    public Integer call() throws Exception {
        return compute.run(this::write);
    }

    private int write() throws IOException {
        Demonstrations demonstrations = PushTData.read(data);
        List<Line> lines = new ArrayList<>();
        lines.add(line("no-op", "", ChunkPolicy.noOperation()));
        for (int chunk : new int[] {1, 8}) {
            lines.add(
                    line(
                            "nearest neighbour, " + chunk + " at a time",
                            "",
                            new NearestNeighbourPolicy(demonstrations, chunk)));
        }
        List<Line> trained = new ArrayList<>();
        for (Path run : runs) {
            trained.add(trained(run));
        }
        lines.addAll(trained);
        Files.createDirectories(file.toAbsolutePath().getParent());
        WholeFile.writeString(file, markdown(demonstrations, lines, trained));
        System.out.print(Files.readString(file));
        return 0;
    }

    private Line line(String name, String trained, ChunkPolicy policy) {
        int threads = compute.threads();
        return new Line(
                name,
                trained,
                Evaluation.run(policy, Evaluation.STANDARD_SEED, FEW, threads),
                Evaluation.run(policy, Evaluation.STANDARD_SEED, MANY, threads));
    }

    private Line trained(Path run) throws IOException {
        Path checkpoint = TrainingRun.bestCheckpoint(run);
        Path model = Checkpoints.pretrainedModel(checkpoint);
        TrainingSettings settings = TrainingSettings.read(model.resolve("train_config.json"));
        MetricsLog.Line last = MetricsLog.read(run.resolve("metrics.jsonl")).getLast();
        double samples = (double) last.step() * settings.batchSize();
        String training =
                String.format(
                        Locale.ROOT,
                        "%.2f M samples in %.1f min (%,.0f a second)",
                        samples * 1e-6,
                        last.seconds() / 60,
                        samples / last.seconds());
        String name =
                settings.task().getOrDefault("policy", "policy") + ", seed " + settings.seed();
        RobotPolicy loaded = RobotPolicy.load(model);
        return line(
                name,
                training,
                ImagePolicy.sees(loaded) ? new ImagePolicy(loaded) : new TrainedPolicy(loaded));
    }

    private static String markdown(
            Demonstrations demonstrations, List<Line> lines, List<Line> trained) {
        StringBuilder text = new StringBuilder();
        text.append(
                "| policy | trained on | 50 seeds: mean of max reward | 200 seeds | success (200)"
                        + " |\n"
                        + "| --- | --- | --- | --- | --- |\n");
        for (Line line : lines) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "| %s | %s | %s | %s | %.0f %% |%n",
                            line.name(),
                            line.trained(),
                            score(line.few()),
                            score(line.many()),
                            100 * line.many().successRate()));
        }
        text.append(
                String.format(
                        Locale.ROOT,
                        "| **mean of the %d trained** | | **%.3f** | **%.3f** | |%n%n",
                        trained.size(),
                        mean(trained.stream().map(Line::few).toList()),
                        mean(trained.stream().map(Line::many).toList())));
        text.append("Demonstrations: ").append(demonstrations.episodes()).append(" episodes, ");
        text.append(demonstrations.frames()).append(" frames. Seeds from ");
        text.append(Evaluation.STANDARD_SEED).append(" on; ± is the standard error over seeds; ");
        text.append("success is a coverage above 0.95 within 300 steps. Java ");
        text.append(Environment.java()).append("; ");
        text.append(Environment.facts().get("system")).append(".\n");
        return text.toString();
    }

    private static String score(Evaluation evaluation) {
        return String.format(
                Locale.ROOT,
                "%.3f ± %.3f",
                evaluation.meanMaximumReward(),
                evaluation.standardError());
    }

    private static double mean(List<Evaluation> evaluations) {
        return evaluations.stream()
                .mapToDouble(Evaluation::meanMaximumReward)
                .average()
                .orElseThrow();
    }
}
