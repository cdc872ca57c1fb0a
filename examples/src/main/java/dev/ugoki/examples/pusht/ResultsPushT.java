package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.MetricsLog;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.examples.Environment;
import dev.ugoki.nn.Precision;
import dev.ugoki.tensor.io.WholeFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;

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
    private static final int CHUNK = 8;

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

    /**
     * A line of the table.
     *
     * @param kind of run, which those of other seeds share; null for a baseline
     */
    private record Line(String name, @Nullable String kind, String trained, Evaluation score) {}

    @Override
    public Integer call() throws Exception {
        return compute.run(this::write);
    }

    private int write() throws IOException {
        Demonstrations demonstrations = PushTData.read(data);
        List<Line> lines = new ArrayList<>();
        lines.add(baseline("no-op", ChunkPolicy.noOperation()));
        for (int chunk : new int[] {1, CHUNK}) {
            lines.add(
                    baseline(
                            "nearest neighbour, " + chunk + " at a time",
                            new NearestNeighbourPolicy(demonstrations, chunk)));
        }
        for (Path run : runs) {
            lines.addAll(trained(run, demonstrations));
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        WholeFile.writeString(file, markdown(demonstrations, lines));
        System.out.println("the table: " + file);
        return 0;
    }

    private Line baseline(String name, ChunkPolicy policy) {
        return measured(name, null, "", policy);
    }

    /** Evaluates, and tells at once, since all of it takes minutes. */
    private Line measured(String name, @Nullable String kind, String trained, ChunkPolicy policy) {
        Evaluation score =
                Evaluation.run(policy, Evaluation.STANDARD_SEED, MANY, compute.threads());
        Line line = new Line(name, kind, trained, score);
        System.out.print(row(line));
        return line;
    }

    /** A run, after what is nearest in its features where it sees images. */
    private List<Line> trained(Path run, Demonstrations demonstrations) throws IOException {
        Path model = Checkpoints.pretrainedModel(TrainingRun.bestCheckpoint(run));
        TrainingSettings settings = TrainingSettings.read(model.resolve("train_config.json"));
        TrainingJob.Order order = TrainingJob.Order.of(run, settings.task());
        MetricsLog.Line last = MetricsLog.read(run.resolve("metrics.jsonl")).getLast();
        double samples = (double) last.step() * settings.batchSize();
        String training =
                String.format(
                        Locale.ROOT,
                        "%.2f M samples in %.1f min (%,.0f a second)",
                        samples * 1e-6,
                        last.seconds() / 60,
                        samples / last.seconds());
        String kind =
                order.policy().label()
                        + (order.episodes() == 0 ? "" : ", %d episodes".formatted(order.episodes()))
                        + (settings.compute().precision() == Precision.F32
                                ? ""
                                : ", " + settings.compute().precision());
        String name = kind + ", seed " + settings.seed();
        RobotPolicy loaded = RobotPolicy.load(model);
        if (!ImagePolicy.sees(loaded)) {
            return List.of(measured(name, kind, training, new TrainedPolicy(loaded)));
        }
        Demonstrations seen =
                order.config().mirror()
                        ? PushTData.withMirrorImages(demonstrations)
                        : demonstrations;
        return List.of(
                baseline(
                        "nearest in the features of " + name,
                        new RetrievalPolicy(loaded, seen, PushTImages.of(seen), CHUNK)),
                measured(name, kind, training, new ImagePolicy(loaded)));
    }

    private static String markdown(Demonstrations demonstrations, List<Line> lines) {
        StringBuilder text = new StringBuilder();
        text.append(
                "| policy | trained on | 50 seeds: mean of max reward | 200 seeds | success (200)"
                        + " |\n"
                        + "| --- | --- | --- | --- | --- |\n");
        Map<String, List<Evaluation>> kinds = new LinkedHashMap<>();
        for (Line line : lines) {
            text.append(row(line));
            if (line.kind() != null) {
                kinds.computeIfAbsent(line.kind(), _ -> new ArrayList<>()).add(line.score());
            }
        }
        kinds.forEach(
                (kind, scores) ->
                        text.append(
                                String.format(
                                        Locale.ROOT,
                                        "| **%s: mean of %d** | | **%.3f** | **%.3f** | **%.0f %%**"
                                                + " |%n",
                                        kind,
                                        scores.size(),
                                        mean(scores, each -> each.first(FEW).meanMaximumReward()),
                                        mean(scores, Evaluation::meanMaximumReward),
                                        100 * mean(scores, Evaluation::successRate))));
        text.append("\nDemonstrations: ").append(demonstrations.episodes()).append(" episodes, ");
        text.append(demonstrations.frames()).append(" frames. Seeds from ");
        text.append(Evaluation.STANDARD_SEED).append(" on; ± is the standard error over seeds; ");
        text.append("success is a coverage above 0.95 within 300 steps. ");
        text.append(Environment.summary()).append("\n");
        return text.toString();
    }

    private static String row(Line line) {
        return String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %.0f %% |%n",
                line.name(),
                line.trained(),
                score(line.score().first(FEW)),
                score(line.score()),
                100 * line.score().successRate());
    }

    private static String score(Evaluation evaluation) {
        return String.format(
                Locale.ROOT,
                "%.3f ± %.3f",
                evaluation.meanMaximumReward(),
                evaluation.standardError());
    }

    private static double mean(List<Evaluation> evaluations, ToDoubleFunction<Evaluation> measure) {
        return evaluations.stream().mapToDouble(measure).average().orElseThrow();
    }
}
