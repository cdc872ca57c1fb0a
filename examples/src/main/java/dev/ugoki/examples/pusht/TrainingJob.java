package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.ImitationTask;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.Bundled;
import dev.ugoki.examples.FirstPolicy;
import dev.ugoki.examples.TrainingOptions;
import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
    private static final int NEIGHBOUR_CHUNK = 8;

    private final PrintStream out;
    private final int threads;
    private final TrainingOptions options;

    /** A job. */
    TrainingJob(PrintStream out, int threads, TrainingOptions options) {
        this.out = out;
        this.threads = threads;
        this.options = options;
    }

    /**
     * What is learned of what: all that a run that is resumed must be told again.
     *
     * @param data a folder of demonstrations, or {@link #OWN_DEMONSTRATIONS}
     * @param episodes how many are learned from; 0 for all
     * @param config what differs from the policy's preset
     */
    record Order(String data, PolicyKind policy, int episodes, TrainingConfig config) {
        static Order of(
                @Nullable Path data, PolicyKind policy, int episodes, TrainingConfig config) {
            return new Order(
                    data == null
                            ? OWN_DEMONSTRATIONS
                            : data.toAbsolutePath().normalize().toString(),
                    policy,
                    episodes,
                    config);
        }

        /** As a run's settings keep it. */
        Map<String, String> texts() {
            return Map.of(
                    "name",
                    "pusht",
                    "data",
                    data,
                    "policy",
                    policy.label(),
                    "episodes",
                    Integer.toString(episodes),
                    "config",
                    config.text());
        }

        /**
         * What {@link #texts} gave.
         *
         * @throws IOException if the run is another command's
         */
        static Order of(Path folder, Map<String, String> texts) throws IOException {
            if (!"pusht".equals(texts.get("name"))) {
                throw new FileFormatException(folder, "is no run of 'ugoki train pusht'");
            }
            return new Order(
                    texts.getOrDefault("data", OWN_DEMONSTRATIONS),
                    PolicyKind.of(texts.getOrDefault("policy", "")),
                    Integer.parseInt(texts.getOrDefault("episodes", "0")),
                    TrainingConfig.parse(folder, texts.getOrDefault("config", "{}")));
        }
    }

    /**
     * What came of it.
     *
     * @param run with its metrics
     * @param checkpoint the best one, or the last where none was measured
     */
    record Result(TrainingRun run, Path checkpoint, Demonstrations demonstrations, Scores scores) {}

    /** Trains from the start in a folder that holds no run. */
    Result train(Order order, Path folder, int evaluationSeeds) throws IOException {
        long began = System.nanoTime();
        TrainingConfig config = order.config();
        FirstPolicy first = FirstPolicy.of(order.policy().config(), config);
        TrainingSettings settings =
                options.settings(ImitationTask.preset(first.config().network()), config)
                        .withTask(order.texts());
        Prepared prepared = prepare(order, first, settings.seed());
        TrainingOptions.Length length = options.length(config);
        out.printf(
                Locale.ROOT,
                "training %s: %,d of %,d parameters, %,d samples, %s of steps of %d%n",
                order.policy().label(),
                prepared.task().trainableCount(),
                prepared.task().network().parameterCount(),
                prepared.task().sampleCount(),
                length,
                settings.batchSize());
        TrainingRun run = TrainingRun.start(folder, prepared.task(), settings);
        double seconds =
                length.steps() == null
                        ? 60 * length.minutes() - (System.nanoTime() - began) * 1e-9
                        : Double.POSITIVE_INFINITY;
        return finish(run, seconds, config, prepared, folder, evaluationSeeds);
    }

    /** Goes on with a run that was stopped. */
    Result resume(Path folder, int evaluationSeeds) throws IOException {
        TrainingSettings settings = TrainingRun.settings(folder);
        Order order = Order.of(folder, settings.task());
        FirstPolicy first = FirstPolicy.resumed(order.policy().config(), order.config(), folder);
        Prepared prepared = prepare(order, first, settings.seed());
        TrainingRun run = TrainingRun.resume(folder, prepared.task());
        out.printf(
                Locale.ROOT,
                "resuming at step %,d of %,d%n",
                run.trainer().stepCount(),
                settings.steps());
        return finish(
                run, Double.POSITIVE_INFINITY, order.config(), prepared, folder, evaluationSeeds);
    }

    /**
     * All that a run works on.
     *
     * @param demonstrations that are learned from, without mirror images
     * @param seen the same, with mirror images where these are learned from too
     * @param images of what is seen, where the policy sees any
     */
    private record Prepared(
            ImitationTask task,
            @Nullable ImitationTask validation,
            Demonstrations demonstrations,
            Demonstrations seen,
            @Nullable PushTImages images) {}

    private Prepared prepare(Order order, FirstPolicy first, long seed) throws IOException {
        TrainingConfig config = order.config();
        Demonstrations all = read(order.data());
        Demonstrations chosen =
                all.select(EpisodeSelection.choose(all.episodes(), order.episodes()));
        int[] heldOut = EpisodeSelection.heldOut(chosen.episodes(), config.validationEpisodes());
        Demonstrations training =
                chosen.select(EpisodeSelection.without(chosen.episodes(), heldOut));
        out.printf(
                Locale.ROOT,
                "learning from %d of %d episodes, %,d frames%s; %d to choose a checkpoint by%n",
                training.episodes(),
                all.episodes(),
                training.frames(),
                config.mirror() ? ", with mirror images twice as many" : "",
                heldOut.length);
        Demonstrations seen = config.mirror() ? PushTData.withMirrorImages(training) : training;
        PushTImages images = order.policy().isOnImages() ? PushTImages.of(seen) : null;
        ImitationTask task = first.task(PushTData.features(seen), seed);
        if (images != null) {
            task = task.withImages(ImagePolicy.IMAGE, images).withAuxiliary(PushTData.KEYPOINTS);
        }
        ImitationTask validation = null;
        if (heldOut.length > 0) {
            Demonstrations others = chosen.select(heldOut);
            validation = task.heldOut(PushTData.features(others));
            if (images != null) {
                validation = validation.withImages(ImagePolicy.IMAGE, PushTImages.of(others));
            }
        }
        if (config.augmentation().isPresent()) {
            task = task.withAugmentation(config.augmentation().get());
        }
        return new Prepared(task, validation, training, seen, images);
    }

    private Demonstrations read(String data) throws IOException {
        out.println("demonstrations: " + data);
        return data.equals(OWN_DEMONSTRATIONS) ? own() : PushTData.read(Path.of(data));
    }

    private static Demonstrations own() throws IOException {
        return Bundled.with(TrainingJob.class, BUNDLED, PushTData::read)
                .orElseThrow(
                        () ->
                                new IOException(
                                        "this build comes without demonstrations of its own; name"
                                                + " a folder with --data"));
    }

    private Result finish(
            TrainingRun run,
            double seconds,
            TrainingConfig config,
            Prepared prepared,
            Path folder,
            int evaluationSeeds)
            throws IOException {
        if (prepared.validation() != null) {
            run.withValidation(prepared.validation());
        }
        options.train(run, seconds, config, out);
        Path checkpoint = TrainingRun.bestCheckpoint(folder);
        RobotPolicy loaded = RobotPolicy.load(Checkpoints.pretrainedModel(checkpoint));
        out.println("evaluating " + evaluationSeeds + " episodes in closed loop");
        String name = run.trainer().settings().task().getOrDefault("policy", "policy");
        Demonstrations demonstrations = prepared.demonstrations();
        PushTImages images = prepared.images();
        List<Scores.Row> rows = new ArrayList<>();
        rows.add(score("no-op", ChunkPolicy.noOperation(), evaluationSeeds));
        rows.add(
                score(
                        "nearest neighbour",
                        new NearestNeighbourPolicy(demonstrations, NEIGHBOUR_CHUNK),
                        evaluationSeeds));
        if (images != null) {
            rows.add(
                    score(
                            "nearest in its features",
                            new RetrievalPolicy(loaded, prepared.seen(), images, NEIGHBOUR_CHUNK),
                            evaluationSeeds));
        }
        ChunkPolicy learned =
                ImagePolicy.sees(loaded) ? new ImagePolicy(loaded) : new TrainedPolicy(loaded);
        rows.add(score("this policy (" + name + ")", learned, evaluationSeeds));
        return new Result(run, checkpoint, demonstrations, new Scores(rows));
    }

    private Scores.Row score(String name, ChunkPolicy policy, int seeds) {
        return new Scores.Row(
                name, Evaluation.run(policy, Evaluation.STANDARD_SEED, seeds, threads));
    }
}
