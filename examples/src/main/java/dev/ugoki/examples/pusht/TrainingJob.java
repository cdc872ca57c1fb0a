package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.ChunkTask;
import dev.ugoki.embodied.train.TimeBudget;
import dev.ugoki.embodied.train.TrainingListener;
import dev.ugoki.embodied.train.TrainingProgressBar;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.Bundled;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * The main job: from demonstrations to a policy that has been seen to push.
 *
 * <p>It reads demonstrations, adds their mirror images, trains, saves, loads what it saved, and
 * runs that in closed loop beside the baselines.
 */
final class TrainingJob {
    /** Where demonstrations come from if nothing else is said. */
    static final String OWN_DEMONSTRATIONS = "the project's own";

    private static final String BUNDLED = "demonstrations";
    private static final int LOG_LINES = 200;
    private static final int NEIGHBOUR_CHUNK = 8;

    private final PrintStream out;
    private final int threads;
    private final boolean compiled;

    /**
     * A job.
     *
     * @param compiled whether training steps are made as plans
     */
    TrainingJob(PrintStream out, int threads, boolean compiled) {
        this.out = out;
        this.threads = threads;
        this.compiled = compiled;
    }

    /**
     * What to train.
     *
     * @param data a folder of demonstrations; null for the project's own
     * @param minutes of training, which the number of steps follows from
     * @param steps this many instead, if not null
     */
    record Order(
            @Nullable Path data,
            PolicyKind policy,
            long seed,
            double minutes,
            @Nullable Long steps) {}

    /**
     * What came of it.
     *
     * @param run with its metrics
     * @param checkpoint the last one
     */
    record Result(TrainingRun run, Path checkpoint, Demonstrations demonstrations, Scores scores) {}

    /** Trains from the start in a folder that holds no run. */
    Result train(Order order, Path folder, int evaluationSeeds) throws IOException {
        long began = System.nanoTime();
        String data =
                order.data() == null
                        ? OWN_DEMONSTRATIONS
                        : order.data().toAbsolutePath().normalize().toString();
        Demonstrations demonstrations = read(data);
        PolicyKind kind = order.policy();
        TrainingSettings settings =
                TrainingSettings.DEFAULT
                        .withSeed(order.seed())
                        .withBatchSize(kind.batchSize())
                        .withTask(texts(data, kind));
        Long steps = order.steps();
        settings =
                steps == null
                        ? TimeBudget.open(settings)
                        : settings.withSteps(steps).withIntervals(logEvery(steps), steps);
        ChunkTask task = task(demonstrations, kind, order.seed());
        String length =
                steps == null
                        ? String.format(Locale.ROOT, "%.1f minutes", order.minutes())
                        : String.format(Locale.ROOT, "%,d", steps);
        out.printf(
                Locale.ROOT,
                "training %s: %,d parameters, %,d samples, %s of steps of %d%n",
                kind.name().toLowerCase(Locale.ROOT),
                task.network().parameterCount(),
                task.sampleCount(),
                length,
                settings.batchSize());
        TrainingRun run = TrainingRun.start(folder, task, settings);
        double seconds = steps == null ? 60 * order.minutes() : Double.POSITIVE_INFINITY;
        return finish(
                run, seconds - (System.nanoTime() - began) * 1e-9, demonstrations, evaluationSeeds);
    }

    /** Goes on with a run that was stopped. */
    Result resume(Path folder, int evaluationSeeds) throws IOException {
        TrainingSettings settings = TrainingRun.settings(folder);
        Map<String, String> texts = settings.task();
        String data = texts.get("data");
        String policy = texts.get("policy");
        if (data == null || policy == null) {
            throw new FileFormatException(folder, "is no run of 'ugoki train pusht'");
        }
        PolicyKind kind = PolicyKind.valueOf(policy.toUpperCase(Locale.ROOT));
        Demonstrations demonstrations = read(data);
        TrainingRun run = TrainingRun.resume(folder, task(demonstrations, kind, settings.seed()));
        out.printf(
                Locale.ROOT,
                "resuming at step %,d of %,d%n",
                run.trainer().stepCount(),
                settings.steps());
        return finish(run, Double.POSITIVE_INFINITY, demonstrations, evaluationSeeds);
    }

    private static Map<String, String> texts(String data, PolicyKind kind) {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("name", "pusht");
        texts.put("data", data);
        texts.put("policy", kind.name().toLowerCase(Locale.ROOT));
        return texts;
    }

    private Demonstrations read(String data) throws IOException {
        Demonstrations demonstrations =
                data.equals(OWN_DEMONSTRATIONS) ? own() : PushTData.read(Path.of(data));
        out.printf(
                Locale.ROOT,
                "demonstrations: %s, %d episodes, %,d frames, with mirror images twice as many%n",
                data,
                demonstrations.episodes(),
                demonstrations.frames());
        return demonstrations;
    }

    private static Demonstrations own() throws IOException {
        return Bundled.with(TrainingJob.class, BUNDLED, PushTData::read)
                .orElseThrow(
                        () ->
                                new IOException(
                                        "this build comes without demonstrations of its own; name"
                                                + " a folder with --data"));
    }

    private static ChunkTask task(Demonstrations demonstrations, PolicyKind kind, long seed) {
        return ChunkTask.of(
                PushTData.features(PushTData.withMirrorImages(demonstrations)),
                TrainedPolicy.config(kind.network()),
                Key.of(seed));
    }

    private static long logEvery(long steps) {
        return Math.max(1, steps / LOG_LINES);
    }

    private Result finish(
            TrainingRun run, double seconds, Demonstrations demonstrations, int evaluationSeeds)
            throws IOException {
        if (compiled) {
            run.trainer().compile();
        }
        Path checkpoint = trained(run, seconds);
        RobotPolicy loaded = RobotPolicy.load(Checkpoints.pretrainedModel(checkpoint));
        out.println("evaluating " + evaluationSeeds + " episodes in closed loop");
        String name = run.trainer().settings().task().getOrDefault("policy", "policy");
        Scores scores =
                new Scores(
                        List.of(
                                score("no-op", ChunkPolicy.noOperation(), evaluationSeeds),
                                score(
                                        "nearest neighbour",
                                        new NearestNeighbourPolicy(demonstrations, NEIGHBOUR_CHUNK),
                                        evaluationSeeds),
                                score(
                                        "this policy (" + name + ")",
                                        new TrainedPolicy(loaded),
                                        evaluationSeeds)));
        return new Result(run, checkpoint, demonstrations, scores);
    }

    /**
     * Trains to the end; where Ctrl-C comes before, what was done is saved first.
     *
     * @param seconds that it may take; infinity where the number of steps is settled
     */
    private Path trained(TrainingRun run, double seconds) throws IOException {
        CountDownLatch saved = new CountDownLatch(1);
        Thread onInterrupt = new Thread(() -> stop(run, saved), "ugoki-stop");
        Runtime.getRuntime().addShutdownHook(onInterrupt);
        try (TrainingProgressBar bar = TrainingProgressBar.open("training", out)) {
            TrainingListener listener =
                    seconds == Double.POSITIVE_INFINITY
                            ? bar
                            : new TimeBudget(run.trainer(), Math.max(1, seconds), bar);
            Path checkpoint = run.train(listener);
            if (!run.trainer().isFinished()) {
                throw new IllegalStateException(
                        "stopped at step " + run.trainer().stepCount() + "; go on with --resume");
            }
            return checkpoint;
        } finally {
            saved.countDown();
            removeHook(onInterrupt);
        }
    }

    private static void stop(TrainingRun run, CountDownLatch saved) {
        run.stop();
        try {
            saved.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyEnding) {
            // the hook itself stopped the training
        }
    }

    private Scores.Row score(String name, ChunkPolicy policy, int seeds) {
        return new Scores.Row(
                name, Evaluation.run(policy, Evaluation.STANDARD_SEED, seeds, threads));
    }
}
