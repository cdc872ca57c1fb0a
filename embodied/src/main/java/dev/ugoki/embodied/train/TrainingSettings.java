package dev.ugoki.embodied.train;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.Precision;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.MovingAverage;
import dev.ugoki.nn.optim.Schedule;
import dev.ugoki.tensor.io.FileFormatException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * How a policy is trained. All of it is stored with each checkpoint ({@code train_config.json}), so
 * that a run is resumed as it began.
 *
 * @param seed of first weights, order of samples and random draws
 * @param batchSize samples per step
 * @param steps how many are made in all
 * @param optimizer with the highest learning rate
 * @param warmupSteps in which the learning rate rises from 0
 * @param decaySteps the last of all, in which it falls back to 0 along half a cosine; between the
 *     two it stays
 * @param gradientClip the largest norm of all gradients together; infinity for no limit
 * @param averagePower of the moving average of weights: its decay after k updates is {@code
 *     min(most, 1 - (1 + k)^-power)}
 * @param averageMost see {@code averagePower}
 * @param compute in which numbers and how much at a time
 * @param logEvery how many steps go into a line of metrics
 * @param saveEvery after how many steps a checkpoint is written; one is written at the end anyway
 * @param task what the maker of the task wants to know when it is resumed: names and texts
 */
public record TrainingSettings(
        long seed,
        int batchSize,
        long steps,
        AdamW optimizer,
        long warmupSteps,
        long decaySteps,
        double gradientClip,
        double averagePower,
        double averageMost,
        Compute compute,
        long logEvery,
        long saveEvery,
        Map<String, String> task) {
    /**
     * How gradients are computed.
     *
     * @param precision of the products in networks
     * @param accumulation into how many parts a batch is divided, computed one after the other
     * @param recomputes whether blocks of networks are computed a second time for the gradient, to
     *     save memory
     */
    public record Compute(Precision precision, int accumulation, boolean recomputes) {
        /** F32, whole batches, everything kept. */
        public static final Compute DEFAULT = new Compute(Precision.F32, 1, false);

        public Compute {
            require("accumulation", accumulation, 1);
        }

        public Compute withPrecision(Precision value) {
            return new Compute(value, accumulation, recomputes);
        }

        public Compute withAccumulation(int value) {
            return new Compute(precision, value, recomputes);
        }

        public Compute withRecomputation(boolean value) {
            return new Compute(precision, accumulation, value);
        }
    }

    static final String SCHEDULE = "warmup_stable_decay";

    /** Which part of all steps the learning rate falls in, where nothing else is said. */
    public static final double DECAY_SHARE = 0.4;

    /** The values of a small policy's recipe: batches of 512, AdamW at 1e-3, no clipping. */
    public static final TrainingSettings DEFAULT =
            new TrainingSettings(
                    0,
                    512,
                    5000,
                    new AdamW(1e-3, 0.9, 0.99, 1e-8, 1e-6),
                    200,
                    2000,
                    Double.POSITIVE_INFINITY,
                    0.75,
                    0.999,
                    Compute.DEFAULT,
                    50,
                    1000,
                    Map.of());

    /**
     * @throws IllegalArgumentException if a value makes no sense; the message names it
     */
    public TrainingSettings {
        require("seed", seed, 0);
        require("batchSize", batchSize, 1);
        require("steps", steps, 1);
        require("warmupSteps", warmupSteps, 0);
        require("decaySteps", decaySteps, 0);
        require("logEvery", logEvery, 1);
        require("saveEvery", saveEvery, 1);
        if (batchSize % compute.accumulation() != 0) {
            throw new IllegalArgumentException(
                    "training settings: a batch of %d cannot be divided into %d parts of one size"
                            .formatted(batchSize, compute.accumulation()));
        }
        if (!(gradientClip > 0)) {
            throw new IllegalArgumentException(
                    "training settings: gradientClip must be above 0 (infinity for no limit): "
                            + gradientClip);
        }
        if (!(averagePower > 0) || !(averageMost >= 0 && averageMost < 1)) {
            throw new IllegalArgumentException(
                    "training settings: the moving average needs a power above 0 and a decay from 0"
                            + " to below 1: "
                            + averagePower
                            + ", "
                            + averageMost);
        }
        task = Map.copyOf(task);
    }

    private static void require(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "training settings: " + name + " must be at least " + least + ": " + value);
        }
    }

    /** Settings to change. */
    private static final class Draft {
        long seed;
        int batchSize;
        long steps;
        AdamW optimizer;
        long warmupSteps;
        long decaySteps;
        double gradientClip;
        double averagePower;
        double averageMost;
        Compute compute;
        long logEvery;
        long saveEvery;
        Map<String, String> task;

        Draft(TrainingSettings from) {
            seed = from.seed;
            batchSize = from.batchSize;
            steps = from.steps;
            optimizer = from.optimizer;
            warmupSteps = from.warmupSteps;
            decaySteps = from.decaySteps;
            gradientClip = from.gradientClip;
            averagePower = from.averagePower;
            averageMost = from.averageMost;
            compute = from.compute;
            logEvery = from.logEvery;
            saveEvery = from.saveEvery;
            task = from.task;
        }
    }

    private TrainingSettings with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return new TrainingSettings(
                draft.seed,
                draft.batchSize,
                draft.steps,
                draft.optimizer,
                draft.warmupSteps,
                draft.decaySteps,
                draft.gradientClip,
                draft.averagePower,
                draft.averageMost,
                draft.compute,
                draft.logEvery,
                draft.saveEvery,
                draft.task);
    }

    public TrainingSettings withSeed(long value) {
        return with(draft -> draft.seed = value);
    }

    public TrainingSettings withBatchSize(int value) {
        return with(draft -> draft.batchSize = value);
    }

    /** So many steps, with the learning rate falling in the last {@value #DECAY_SHARE} of them. */
    public TrainingSettings withSteps(long value) {
        return withSteps(value, Math.round(DECAY_SHARE * value));
    }

    /** So many steps, with the learning rate falling in the last {@code decay}. */
    public TrainingSettings withSteps(long value, long decay) {
        return with(
                draft -> {
                    draft.steps = value;
                    draft.decaySteps = decay;
                });
    }

    public TrainingSettings withOptimizer(AdamW value) {
        return with(draft -> draft.optimizer = value);
    }

    public TrainingSettings withWarmupSteps(long value) {
        return with(draft -> draft.warmupSteps = value);
    }

    public TrainingSettings withGradientClip(double value) {
        return with(draft -> draft.gradientClip = value);
    }

    /** The same with another decay of the moving average. */
    public TrainingSettings withAverage(double power, double most) {
        return with(
                draft -> {
                    draft.averagePower = power;
                    draft.averageMost = most;
                });
    }

    public TrainingSettings withCompute(Compute value) {
        return with(draft -> draft.compute = value);
    }

    /** The same with lines of metrics and checkpoints after so many steps. */
    public TrainingSettings withIntervals(long logSteps, long saveSteps) {
        return with(
                draft -> {
                    draft.logEvery = logSteps;
                    draft.saveEvery = saveSteps;
                });
    }

    public TrainingSettings withTask(Map<String, String> value) {
        return with(draft -> draft.task = value);
    }

    /** Up from 0 in {@link #warmupSteps}, then 1, then down to 0 in {@link #decaySteps}. */
    Schedule schedule() {
        return Schedule.warmupStableDecay(warmupSteps, steps, decaySteps);
    }

    /** The step from which on the learning rate falls. */
    long decayStart() {
        return Math.max(warmupSteps, steps - decaySteps);
    }

    MovingAverage.Decay averageDecay() {
        return MovingAverage.Decay.power(averagePower, averageMost);
    }

    // ---- as a file ----

    /** Writes the settings as JSON, with LeRobot's names where it has them. */
    void write(Path file) throws IOException {
        ObjectNode root = Json.object();
        root.put("seed", seed).put("batch_size", batchSize).put("steps", steps);
        root.put("log_freq", logEvery).put("save_freq", saveEvery);
        root.put("precision", compute.precision().name().toLowerCase(Locale.ROOT));
        root.put("grad_accum_steps", compute.accumulation());
        root.put("gradient_checkpointing", compute.recomputes());
        ObjectNode adam = root.putObject("optimizer");
        adam.put("type", "adamw").put("lr", optimizer.learningRate());
        adam.putArray("betas").add(optimizer.beta1()).add(optimizer.beta2());
        adam.put("eps", optimizer.epsilon()).put("weight_decay", optimizer.weightDecay());
        if (gradientClip == Double.POSITIVE_INFINITY) {
            adam.putNull("grad_clip_norm");
        } else {
            adam.put("grad_clip_norm", gradientClip);
        }
        ObjectNode schedule = root.putObject("scheduler");
        schedule.put("type", SCHEDULE).put("num_warmup_steps", warmupSteps);
        schedule.put("num_decay_steps", decaySteps);
        ObjectNode average = root.putObject("ema");
        average.put("power", averagePower).put("max_decay", averageMost);
        ObjectNode texts = root.putObject("task");
        task.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> texts.put(entry.getKey(), entry.getValue()));
        Json.write(file, root);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws FileFormatException if something is missing, wrong or unknown
     */
    public static TrainingSettings read(Path file) throws IOException {
        JsonSettings root = Json.read(file);
        JsonSettings adam = root.object("optimizer");
        JsonSettings schedule = root.object("scheduler");
        JsonSettings average = root.object("ema");
        try {
            long steps = root.integer("steps", 1, Long.MAX_VALUE);
            long warmup = schedule.integer("num_warmup_steps", 0, Long.MAX_VALUE);
            TrainingSettings settings =
                    new TrainingSettings(
                            root.integer("seed", 0, Long.MAX_VALUE),
                            (int) root.integer("batch_size", 1, Integer.MAX_VALUE),
                            steps,
                            adam(adam),
                            warmup,
                            decay(schedule, steps, warmup),
                            clip(adam),
                            average.number("power"),
                            average.number("max_decay"),
                            compute(root),
                            root.integer("log_freq", 1, Long.MAX_VALUE),
                            root.integer("save_freq", 1, Long.MAX_VALUE),
                            texts(root.object("task")));
            adam.done();
            schedule.done();
            average.done();
            root.done();
            return settings;
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(file, String.valueOf(problem.getMessage()));
        }
    }

    private static AdamW adam(JsonSettings adam) throws IOException {
        if (!adam.text("type").equals("adamw")) {
            throw adam.wrong("type", "must be \"adamw\"");
        }
        double[] betas = adam.numbers("betas");
        if (betas.length != 2) {
            throw adam.wrong("betas", "must be two numbers");
        }
        return new AdamW(
                adam.number("lr"),
                betas[0],
                betas[1],
                adam.number("eps"),
                adam.number("weight_decay"));
    }

    /** As settings of before these were are read, too. */
    private static Compute compute(JsonSettings root) throws IOException {
        return new Compute(
                precision(root, Precision.F32),
                (int) root.integer("grad_accum_steps", 1, Integer.MAX_VALUE, 1),
                root.flag("gradient_checkpointing", false));
    }

    /** The setting "precision". */
    static Precision precision(JsonSettings root, Precision otherwise) throws IOException {
        String name = root.text("precision", otherwise.name().toLowerCase(Locale.ROOT));
        for (Precision precision : Precision.values()) {
            if (precision.name().toLowerCase(Locale.ROOT).equals(name)) {
                return precision;
            }
        }
        throw root.wrong("precision", "is '" + name + "'; known are 'f32' and 'bf16'");
    }

    private static double clip(JsonSettings adam) throws IOException {
        if (adam.has("grad_clip_norm")) {
            return adam.number("grad_clip_norm");
        }
        adam.skip("grad_clip_norm");
        return Double.POSITIVE_INFINITY;
    }

    private static long decay(JsonSettings schedule, long steps, long warmup) throws IOException {
        return switch (schedule.text("type")) {
            case SCHEDULE -> schedule.integer("num_decay_steps", 0, Long.MAX_VALUE);
            case "warmup_cosine" -> Math.max(0, steps - warmup);
            default -> throw schedule.wrong("type", "must be \"" + SCHEDULE + "\"");
        };
    }

    private static Map<String, String> texts(JsonSettings task) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String name : task.names()) {
            texts.put(name, task.text(name));
        }
        return texts;
    }
}
