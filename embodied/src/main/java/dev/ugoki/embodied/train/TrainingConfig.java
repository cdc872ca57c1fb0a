package dev.ugoki.embodied.train;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.Precision;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.vision.ImageAugmentation;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A small file that says in what a training differs from its preset. Every setting may be left out;
 * one that is not known is an error that names the nearest.
 *
 * <pre>{@code
 * {
 *   "policy": "l1", "data": "data/pusht", "minutes": 15, "seed": 1,
 *   "batch_size": 512, "grad_accum_steps": 2, "precision": "bf16", "gradient_checkpointing": false,
 *   "optimizer": {"lr": 1e-3, "weight_decay": 0.01, "grad_clip_norm": 10},
 *   "scheduler": {"num_warmup_steps": 200, "decay_share": 0.4},
 *   "ema": {"power": 0.75, "max_decay": 0.9995},
 *   "network": {"width": 512, "dropout": 0.1},
 *   "observation_noise": 0.02, "origin_noise": 0.05, "mirror": true, "validation_episodes": 9,
 *   "augmentation": {"crop": 0.1, "shift": 4, "brightness": 0.2}
 * }
 * }</pre>
 *
 * <p>Instead of {@code network}, {@code "lora": {"from": "runs/before", "rank": 8, "layers": ["up",
 * "down"]}} puts adapters into a trained one.
 *
 * @param policy the kind of policy
 * @param data the folder of demonstrations
 * @param minutes how long to train
 * @param steps so many steps instead
 * @param observationNoise see {@link ImitationTask#withObservationNoise}
 * @param originNoise see {@link ImitationTask#withOriginNoise}
 * @param mirror whether mirror images are added, where a task has them
 * @param validationEpisodes how many of the training episodes are held out to choose a checkpoint
 *     by
 * @param augmentation of images
 * @param adaptation what is learned more, and how
 * @param changes what differs in the settings and in the network
 * @param text all of it as a line of JSON, which {@link #parse} takes: so a run keeps it
 */
public record TrainingConfig(
        Optional<String> policy,
        Optional<Path> data,
        Optional<Double> minutes,
        Optional<Long> steps,
        double observationNoise,
        double originNoise,
        boolean mirror,
        int validationEpisodes,
        Optional<ImageAugmentation> augmentation,
        Optional<Adaptation> adaptation,
        Changes changes,
        String text) {
    private static final long MOST = 1L << 40;

    /** Nothing differs. */
    public static final TrainingConfig EMPTY =
            new TrainingConfig(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    0,
                    0,
                    true,
                    0,
                    Optional.empty(),
                    Optional.empty(),
                    Changes.NONE,
                    "{}");

    /**
     * Learning more with low-rank adapters.
     *
     * @param from the checkpoint to begin with
     * @param lora what the adapters are made of
     * @param layers the last parts of the names of linear layers that get one; empty for all
     */
    public record Adaptation(Path from, Lora.Config lora, List<String> layers) {
        public Adaptation {
            layers = List.copyOf(layers);
        }

        /**
         * Puts adapters into a policy's network.
         *
         * @return the policy
         * @throws IllegalArgumentException if no layer is accepted
         */
        public RobotPolicy attachTo(RobotPolicy policy, Key key) {
            Lora.attach(policy.network().module(), this::accepts, lora, key);
            return policy;
        }

        /** Whether a linear layer of this dotted name gets an adapter. */
        public boolean accepts(String name) {
            return layers.isEmpty() || layers.contains(name.substring(name.lastIndexOf('.') + 1));
        }
    }

    /** What differs in the settings and in the network; null and empty for nothing. */
    public record Changes(
            @Nullable Long seed,
            @Nullable Integer batchSize,
            @Nullable Integer accumulation,
            @Nullable Precision precision,
            @Nullable Boolean recomputes,
            @Nullable Long logEvery,
            @Nullable Long saveEvery,
            @Nullable Double learningRate,
            List<Double> betas,
            @Nullable Double epsilon,
            @Nullable Double weightDecay,
            @Nullable Double gradientClip,
            @Nullable Long warmupSteps,
            @Nullable Double decayShare,
            @Nullable Double averagePower,
            @Nullable Double averageMost,
            String network) {
        static final Changes NONE =
                new Changes(
                        null, null, null, null, null, null, null, null, List.of(), null, null, null,
                        null, null, null, null, "{}");
    }

    /**
     * Reads a file.
     *
     * @throws FileFormatException if something is wrong or unknown; the message names it
     */
    public static TrainingConfig read(Path file) throws IOException {
        return of(Json.read(file));
    }

    /**
     * Reads the {@link #text} that a run kept.
     *
     * @param file that it stands in, for messages
     * @throws FileFormatException if something is wrong or unknown; the message names it
     */
    public static TrainingConfig parse(Path file, String text) throws IOException {
        return of(JsonSettings.of(file, Json.parseLine(text)));
    }

    private static TrainingConfig of(JsonSettings root) throws IOException {
        JsonSettings adam = section(root, "optimizer");
        JsonSettings schedule = section(root, "scheduler");
        JsonSettings average = section(root, "ema");
        JsonNode network = root.keep("network");
        if (network != null && !network.isObject()) {
            throw root.wrong("network", "is no object");
        }
        List<Double> betas = new ArrayList<>();
        if (adam.has("betas")) {
            for (double beta : adam.numbers("betas")) {
                betas.add(beta);
            }
            if (betas.size() != 2) {
                throw adam.wrong("betas", "must be two numbers");
            }
        }
        adam.skip("betas");
        Changes changes =
                new Changes(
                        whole(root, "seed", 0, Long.MAX_VALUE),
                        size(root, "batch_size"),
                        size(root, "grad_accum_steps"),
                        precision(root),
                        root.has("gradient_checkpointing")
                                ? root.flag("gradient_checkpointing")
                                : null,
                        whole(root, "log_freq", 1, MOST),
                        whole(root, "save_freq", 1, MOST),
                        number(adam, "lr"),
                        List.copyOf(betas),
                        number(adam, "eps"),
                        number(adam, "weight_decay"),
                        number(adam, "grad_clip_norm"),
                        whole(schedule, "num_warmup_steps", 0, MOST),
                        share(schedule, "decay_share"),
                        number(average, "power"),
                        number(average, "max_decay"),
                        network == null ? "{}" : Json.line(network));
        root.skip("gradient_checkpointing");
        TrainingConfig config =
                new TrainingConfig(
                        text(root, "policy"),
                        text(root, "data").map(Path::of),
                        Optional.ofNullable(number(root, "minutes")),
                        Optional.ofNullable(whole(root, "steps", 1, MOST)),
                        root.number("observation_noise", 0),
                        root.number("origin_noise", 0),
                        root.flag("mirror", true),
                        (int) root.integer("validation_episodes", 0, 1 << 20, 0),
                        augmentation(root),
                        adaptation(root),
                        changes,
                        root.line());
        if (config.adaptation().isPresent() && network != null) {
            throw root.wrong(
                    "network", "cannot be set beside lora: adapters learn in the network there is");
        }
        adam.done();
        schedule.done();
        average.done();
        root.done();
        return config;
    }

    private static JsonSettings section(JsonSettings root, String name) throws IOException {
        boolean there = root.has(name);
        root.skip(name);
        return there ? root.object(name) : JsonSettings.of(root.file(), Json.object());
    }

    private static Optional<String> text(JsonSettings json, String name) throws IOException {
        boolean there = json.has(name);
        json.skip(name);
        return there ? Optional.of(json.text(name)) : Optional.empty();
    }

    private static @Nullable Double number(JsonSettings json, String name) throws IOException {
        boolean there = json.has(name);
        json.skip(name);
        return there ? json.number(name) : null;
    }

    private static @Nullable Double share(JsonSettings json, String name) throws IOException {
        Double share = number(json, name);
        if (share != null && !(share >= 0 && share <= 1)) {
            throw json.wrong(name, "must be from 0 to 1");
        }
        return share;
    }

    private static @Nullable Long whole(JsonSettings json, String name, long least, long most)
            throws IOException {
        boolean there = json.has(name);
        json.skip(name);
        return there ? json.integer(name, least, most) : null;
    }

    private static @Nullable Integer size(JsonSettings json, String name) throws IOException {
        Long value = whole(json, name, 1, Integer.MAX_VALUE);
        return value == null ? null : value.intValue();
    }

    private static @Nullable Precision precision(JsonSettings root) throws IOException {
        boolean there = root.has("precision");
        Precision precision = TrainingSettings.precision(root, Precision.F32);
        return there ? precision : null;
    }

    private static Optional<ImageAugmentation> augmentation(JsonSettings root) throws IOException {
        JsonSettings json = section(root, "augmentation");
        boolean there = root.has("augmentation");
        try {
            ImageAugmentation augmentation =
                    new ImageAugmentation(
                            json.number("crop", 0),
                            (int) json.integer("shift", 0, 1 << 20, 0),
                            json.number("brightness", 0),
                            json.number("contrast", 0),
                            json.number("saturation", 0));
            json.done();
            return there ? Optional.of(augmentation) : Optional.empty();
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(json.file(), String.valueOf(problem.getMessage()));
        }
    }

    private static Optional<Adaptation> adaptation(JsonSettings root) throws IOException {
        JsonSettings json = section(root, "lora");
        if (!root.has("lora")) {
            return Optional.empty();
        }
        int rank = (int) json.integer("rank", 1, 1 << 20, 8);
        List<String> layers = json.has("layers") ? json.texts("layers") : List.of();
        json.skip("layers");
        Adaptation adaptation =
                new Adaptation(
                        Path.of(json.text("from")),
                        new Lora.Config(
                                rank, json.number("alpha", 2.0 * rank), json.number("dropout", 0)),
                        layers);
        json.done();
        return Optional.of(adaptation);
    }

    /** A preset's settings with what differs; the number of steps is as it was. */
    public TrainingSettings settings(TrainingSettings preset) {
        AdamW adam = preset.optimizer();
        boolean momentum = !changes.betas().isEmpty();
        TrainingSettings.Compute compute = preset.compute();
        return preset.withSeed(or(changes.seed(), preset.seed()))
                .withCompute(TrainingSettings.Compute.DEFAULT)
                .withBatchSize(or(changes.batchSize(), preset.batchSize()))
                .withCompute(
                        new TrainingSettings.Compute(
                                or(changes.precision(), compute.precision()),
                                or(changes.accumulation(), compute.accumulation()),
                                or(changes.recomputes(), compute.recomputes())))
                .withOptimizer(
                        new AdamW(
                                or(changes.learningRate(), adam.learningRate()),
                                momentum ? changes.betas().getFirst() : adam.beta1(),
                                momentum ? changes.betas().getLast() : adam.beta2(),
                                or(changes.epsilon(), adam.epsilon()),
                                or(changes.weightDecay(), adam.weightDecay())))
                .withGradientClip(or(changes.gradientClip(), preset.gradientClip()))
                .withWarmupSteps(or(changes.warmupSteps(), preset.warmupSteps()))
                .withAverage(
                        or(changes.averagePower(), preset.averagePower()),
                        or(changes.averageMost(), preset.averageMost()))
                .withIntervals(
                        or(changes.logEvery(), preset.logEvery()),
                        or(changes.saveEvery(), preset.saveEvery()));
    }

    /** So many steps, with the learning rate falling in as many of them as the file says. */
    public TrainingSettings withSteps(TrainingSettings settings, long count) {
        return settings.withSteps(count, Math.round(decayShare() * count));
    }

    /** What the settings say of how a task's samples are disturbed. */
    public ImitationTask disturbed(ImitationTask task) {
        return task.withObservationNoise(observationNoise).withOriginNoise(originNoise);
    }

    /** In which part of all steps, the last, the learning rate falls. */
    public double decayShare() {
        return or(changes.decayShare(), TrainingSettings.DECAY_SHARE);
    }

    private static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    /**
     * A network with what differs.
     *
     * @throws IOException if a setting is not known; the message names the nearest
     */
    public PolicyNetwork network(PolicyNetwork preset) throws IOException {
        return preset.with(changes.network());
    }
}
