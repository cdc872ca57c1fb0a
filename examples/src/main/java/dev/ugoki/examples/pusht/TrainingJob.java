package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.ImitationTask;
import dev.ugoki.embodied.train.TrainingConfig;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.embodied.train.TrainingSettings;
import dev.ugoki.examples.Bundled;
import dev.ugoki.examples.TrainingOptions;
import dev.ugoki.nn.vision.ImageAugmentation;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

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
    private final TrainingConfig config;

    /** A job. */
    TrainingJob(PrintStream out, int threads, TrainingOptions options, TrainingConfig config) {
        this.out = out;
        this.threads = threads;
        this.options = options;
        this.config = config;
    }

    /**
     * What is learned of what: all that a run that is resumed must be told again.
     *
     * @param data a folder of demonstrations, or {@link #OWN_DEMONSTRATIONS}
     * @param episodes how many are learned from; 0 for all
     * @param validationEpisodes how many of these are held out to choose a checkpoint by
     * @param mirror whether mirror images are added
     * @param observationNoise see {@link ImitationTask#withObservationNoise}
     * @param originNoise see {@link ImitationTask#withOriginNoise}
     * @param network settings of the network as JSON, see {@link PolicyKind#with}
     * @param augmentation of images
     */
    record Order(
            String data,
            PolicyKind policy,
            int episodes,
            int validationEpisodes,
            boolean mirror,
            double observationNoise,
            double originNoise,
            String network,
            Optional<ImageAugmentation> augmentation) {
        static Order of(
                @Nullable Path data, PolicyKind policy, int episodes, TrainingConfig config) {
            if (config.adaptation().isPresent()) {
                throw new IllegalArgumentException(
                        "lora: 'ugoki train pusht' trains all weights; adapters learn with 'ugoki"
                                + " train policy'");
            }
            return new Order(
                    data == null
                            ? OWN_DEMONSTRATIONS
                            : data.toAbsolutePath().normalize().toString(),
                    policy,
                    episodes,
                    config.validationEpisodes(),
                    config.mirror(),
                    config.observationNoise(),
                    config.originNoise(),
                    config.changes().network(),
                    config.augmentation());
        }

        /** As a run's settings keep it. */
        Map<String, String> texts() {
            Map<String, String> texts = new LinkedHashMap<>();
            texts.put("name", "pusht");
            texts.put("data", data);
            texts.put("policy", policy.label());
            texts.put("episodes", Integer.toString(episodes));
            texts.put("validation_episodes", Integer.toString(validationEpisodes));
            texts.put("mirror", Boolean.toString(mirror));
            texts.put("observation_noise", Double.toString(observationNoise));
            texts.put("origin_noise", Double.toString(originNoise));
            texts.put("network", network);
            augmentation.ifPresent(
                    images ->
                            texts.put(
                                    "augmentation",
                                    "%s %d %s %s %s"
                                            .formatted(
                                                    images.crop(),
                                                    images.shift(),
                                                    images.brightness(),
                                                    images.contrast(),
                                                    images.saturation())));
            return texts;
        }

        /** What {@link #texts} gave; runs of before there was more than data and policy, too. */
        static Order of(Path folder, Map<String, String> texts) throws IOException {
            String data = texts.get("data");
            String policy = texts.get("policy");
            if (data == null || policy == null) {
                throw new FileFormatException(folder, "is no run of 'ugoki train pusht'");
            }
            Optional<ImageAugmentation> augmentation =
                    Optional.ofNullable(texts.get("augmentation"))
                            .map(text -> text.split(" "))
                            .map(
                                    parts ->
                                            new ImageAugmentation(
                                                    Double.parseDouble(parts[0]),
                                                    Integer.parseInt(parts[1]),
                                                    Double.parseDouble(parts[2]),
                                                    Double.parseDouble(parts[3]),
                                                    Double.parseDouble(parts[4])));
            return new Order(
                    data,
                    PolicyKind.of(policy),
                    Integer.parseInt(texts.getOrDefault("episodes", "0")),
                    Integer.parseInt(texts.getOrDefault("validation_episodes", "0")),
                    Boolean.parseBoolean(texts.getOrDefault("mirror", "true")),
                    Double.parseDouble(texts.getOrDefault("observation_noise", "0")),
                    Double.parseDouble(texts.getOrDefault("origin_noise", "0")),
                    texts.getOrDefault("network", "{}"),
                    augmentation);
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
        TrainingSettings settings =
                options.settings(ImitationTask.preset(order.policy().config().network()), config)
                        .withTask(order.texts());
        Prepared prepared = prepare(order, settings.seed());
        out.printf(
                Locale.ROOT,
                "training %s: %,d parameters, %,d samples, %s of steps of %d%n",
                order.policy().label(),
                prepared.task().network().parameterCount(),
                prepared.task().sampleCount(),
                options.length(config),
                settings.batchSize());
        TrainingRun run = TrainingRun.start(folder, prepared.task(), settings);
        TrainingOptions.Length length = options.length(config);
        double seconds =
                length.steps() == null
                        ? 60 * length.minutes() - (System.nanoTime() - began) * 1e-9
                        : Double.POSITIVE_INFINITY;
        return finish(run, seconds, prepared, folder, evaluationSeeds);
    }

    /** Goes on with a run that was stopped. */
    Result resume(Path folder, int evaluationSeeds) throws IOException {
        TrainingSettings settings = TrainingRun.settings(folder);
        Prepared prepared = prepare(Order.of(folder, settings.task()), settings.seed());
        TrainingRun run = TrainingRun.resume(folder, prepared.task());
        out.printf(
                Locale.ROOT,
                "resuming at step %,d of %,d%n",
                run.trainer().stepCount(),
                settings.steps());
        return finish(run, Double.POSITIVE_INFINITY, prepared, folder, evaluationSeeds);
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

    private Prepared prepare(Order order, long seed) throws IOException {
        Demonstrations all = read(order.data());
        Demonstrations chosen =
                all.select(EpisodeSelection.choose(all.episodes(), order.episodes()));
        int[] heldOut = EpisodeSelection.heldOut(chosen.episodes(), order.validationEpisodes());
        Demonstrations training =
                chosen.select(EpisodeSelection.without(chosen.episodes(), heldOut));
        out.printf(
                Locale.ROOT,
                "learning from %d of %d episodes, %,d frames%s; %d to choose a checkpoint by%n",
                training.episodes(),
                all.episodes(),
                training.frames(),
                order.mirror() ? ", with mirror images twice as many" : "",
                heldOut.length);
        Demonstrations seen = order.mirror() ? PushTData.withMirrorImages(training) : training;
        PushTImages images = order.policy().isOnImages() ? PushTImages.of(seen) : null;
        ImitationTask task =
                ImitationTask.of(
                                PushTData.features(seen),
                                order.policy().with(order.network()),
                                Key.of(seed))
                        .withObservationNoise(order.observationNoise())
                        .withOriginNoise(order.originNoise());
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
        if (order.augmentation().isPresent()) {
            task = task.withAugmentation(order.augmentation().get());
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
            TrainingRun run, double seconds, Prepared prepared, Path folder, int evaluationSeeds)
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
