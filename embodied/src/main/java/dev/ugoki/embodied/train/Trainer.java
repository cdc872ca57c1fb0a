package dev.ugoki.embodied.train;

import static java.util.Objects.requireNonNull;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.Recomputation;
import dev.ugoki.nn.layer.Lora;
import dev.ugoki.nn.optim.GradientAccumulation;
import dev.ugoki.nn.optim.GradientClipping;
import dev.ugoki.nn.optim.MovingAverage;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.ParameterGroup;
import dev.ugoki.nn.optim.PlannedStep;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Makes the steps of training: a batch, its loss and gradients, an optimizer's step, and the moving
 * average of the weights.
 *
 * <pre>{@code
 * Trainer trainer = Trainer.start(task, settings);
 * while (!trainer.isFinished()) {
 *     double loss = trainer.step();
 * }
 * trainer.save(folder);
 * }</pre>
 *
 * <p>What a step does depends on the settings, the samples and the number of the step alone, so a
 * run that is saved, stopped and resumed ends with the same bits as one that went through. {@link
 * TrainingRun} does all that in a folder.
 */
public final class Trainer {
    /** What the seed is folded with, so that its uses don't draw the same numbers. */
    private static final int ORDER = 1;

    private static final int LOSS = 2;
    private static final int LAYERS = 3;
    private static final int VALIDATION = 4;

    private static final System.Logger LOG = System.getLogger(Trainer.class.getName());

    private final TrainingTask task;
    private TrainingSettings settings;
    private final Key key;
    private final SampleOrder order;
    private final Optimizer optimizer;
    private final MovingAverage average;
    private long stepCount;
    private @Nullable PlannedStep planned;
    private boolean prepared;

    private Trainer(TrainingTask task, TrainingSettings settings) {
        this.task = task;
        this.settings = settings;
        this.key = Key.of(settings.seed());
        this.order = new SampleOrder(key.fold(ORDER), task.sampleCount());
        this.optimizer =
                Optimizer.of(
                        List.of(new ParameterGroup(task.trainable(), settings.optimizer())),
                        made -> this.settings.schedule().factor(made));
        this.average = new MovingAverage(task.trainable(), settings.averageDecay());
        task.network().train();
    }

    /** Training from the first step, with the network as it is. */
    public static Trainer start(TrainingTask task, TrainingSettings settings) {
        return new Trainer(task, settings);
    }

    /**
     * Training from where a checkpoint left it, with its settings. The network's values are
     * replaced.
     *
     * @throws FileFormatException if the checkpoint is damaged, or of other samples or another
     *     network than the task's
     */
    public static Trainer resume(TrainingTask task, Path checkpoint) throws IOException {
        Checkpoint.State state = Checkpoint.read(checkpoint);
        if (!state.fingerprint().equals(task.fingerprint())) {
            throw new FileFormatException(
                    checkpoint,
                    "was trained on other samples (fingerprint %s, here %s); resume it with the"
                                    .formatted(state.fingerprint(), task.fingerprint())
                            + " data and settings that it was begun with");
        }
        try {
            task.network().load(state.weights());
            Trainer trainer = new Trainer(task, state.settings());
            trainer.optimizer.load(state.optimizer());
            trainer.average.load(state.average());
            trainer.stepCount = state.step();
            if (trainer.optimizer.stepCount() != state.step()
                    || trainer.average.updateCount() != state.step()) {
                throw new IllegalArgumentException("its files are of different steps");
            }
            return trainer;
        } catch (IllegalArgumentException problem) {
            throw new FileFormatException(checkpoint, String.valueOf(problem.getMessage()));
        }
    }

    /**
     * Makes steps as plans from here on: the whole step is traced once, and then runs with the same
     * bits, in fewer passes over memory. Where the task or the network cannot be traced, a warning
     * says why, and steps are made as before.
     *
     * @throws IllegalStateException if blocks are to be computed a second time: a plan would
     *     compute them once and keep what they made
     */
    public void compile() {
        if (settings.compute().recomputes()) {
            throw new IllegalStateException(
                    "compiled steps compute nothing twice, so they would not save memory; train"
                            + " without gradient checkpointing, or without compiling");
        }
        planned =
                PlannedStep.of(optimizer, task::loss)
                        .withClipping(settings.gradientClip())
                        .withPrecision(settings.compute().precision())
                        .withAccumulation(settings.compute().accumulation())
                        .withAverage(average);
        prepared = false;
    }

    /** Whether steps are made as plans; known for certain after the first. */
    public boolean isCompiled() {
        return planned != null;
    }

    public TrainingTask task() {
        return task;
    }

    public TrainingSettings settings() {
        return settings;
    }

    /**
     * Decides anew how many steps are made in all, and in how many of them, the last, the learning
     * rate falls; the result is the same as if it had been known from the start.
     *
     * @param logEvery how many steps go into a line of metrics
     * @param saveEvery after how many steps a checkpoint is written
     * @throws IllegalStateException if the learning rate already falls, or would have to by now:
     *     then steps that are made depended on how many there would be
     */
    public void planSteps(long steps, long decaySteps, long logEvery, long saveEvery) {
        TrainingSettings planned =
                settings.withSteps(steps, decaySteps).withIntervals(logEvery, saveEvery);
        if (stepCount > settings.decayStart() || stepCount > planned.decayStart()) {
            throw new IllegalStateException(
                    ("%,d steps are made: too late for %,d with the learning rate falling in the"
                                    + " last %,d; it falls from step %,d on")
                            .formatted(stepCount, steps, decaySteps, settings.decayStart()));
        }
        settings = planned;
    }

    /** Whether the learning rate does not fall yet, so that {@link #planSteps} may be called. */
    public boolean canPlanSteps() {
        return stepCount <= settings.decayStart();
    }

    /** How many steps are made. */
    public long stepCount() {
        return stepCount;
    }

    /** Whether all steps of the settings are made. */
    public boolean isFinished() {
        return stepCount >= settings.steps();
    }

    /** The epoch of the next step's first sample, from 0. */
    public long epoch() {
        return order.epoch(position());
    }

    /** Where in its epoch the next step's first sample lies. */
    public int offset() {
        return order.offset(position());
    }

    private long position() {
        return stepCount * settings.batchSize();
    }

    /** The learning rate of the next step. */
    public double learningRate() {
        return optimizer.learningRate(optimizer.groups().getFirst());
    }

    /**
     * Makes one step and returns its loss.
     *
     * @throws IllegalStateException if all steps are made, or the loss is not finite; the weights
     *     are then as they were before, unless steps are compiled, which take the loss in at once
     */
    public double step() {
        if (isFinished()) {
            throw new IllegalStateException("all " + settings.steps() + " steps are made");
        }
        int[] samples = order.batch(position(), settings.batchSize());
        Key draws = key.fold(LOSS).fold(stepCount);
        Key layers = key.fold(LAYERS).fold(stepCount);
        try (TensorScope _ = TensorScope.open()) {
            PlannedStep plan = planned(samples, draws, layers);
            if (plan != null) {
                return plannedStep(plan, samples, draws, layers);
            }
            var found = gradients(samples, draws, layers);
            double loss = found.value().item();
            if (!Double.isFinite(loss)) {
                throw new IllegalStateException(
                        "the loss of step %d is %s; lower the learning rate, or limit the gradients"
                                .formatted(stepCount, loss));
            }
            optimizer.step(clipped(found.gradients()));
            average.update();
            stepCount++;
            return loss;
        }
    }

    private Autograd.ValueAndGrad gradients(int[] samples, Key draws, Key layers) {
        TrainingSettings.Compute compute = settings.compute();
        int parts = compute.accumulation();
        int size = samples.length / parts;
        IntFunction<Tensor> loss =
                part ->
                        RandomScope.call(
                                PlannedStep.part(layers, part, parts),
                                () ->
                                        task.loss(
                                                Arrays.copyOfRange(
                                                        samples, part * size, (part + 1) * size),
                                                PlannedStep.part(draws, part, parts)));
        return compute.precision()
                .call(
                        () ->
                                Recomputation.callIf(
                                        compute.recomputes(),
                                        () ->
                                                GradientAccumulation.valueAndGrad(
                                                        parts, loss, optimizer.parameters())));
    }

    /**
     * The mean loss over all samples of another task of the same network, with the moving averages
     * as weights and nothing drawn in layers: what a policy is worth on what it did not learn from.
     */
    public double validationLoss(TrainingTask other) {
        network().eval();
        try {
            return average.call(() -> settings.compute().precision().call(() -> meanLoss(other)));
        } finally {
            network().train();
        }
    }

    private double meanLoss(TrainingTask other) {
        double sum = 0;
        int count = other.sampleCount();
        for (int from = 0; from < count; from += settings.batchSize()) {
            int size = Math.min(settings.batchSize(), count - from);
            int[] samples = new int[size];
            for (int i = 0; i < size; i++) {
                samples[i] = from + i;
            }
            Key draws = key.fold(VALIDATION).fold(from);
            try (TensorScope _ = TensorScope.open()) {
                sum += size * Autograd.noGrad(() -> other.loss(samples, draws)).item();
            }
        }
        return sum / count;
    }

    /** The plan, where steps are compiled and can be. */
    private @Nullable PlannedStep planned(int[] samples, Key draws, Key layers) {
        PlannedStep plan = planned;
        if (plan == null || prepared) {
            return plan;
        }
        Tensor[] batch = task.batch(samples);
        if (batch == null) {
            warn(task.getClass().getSimpleName() + " gives no batches of tensors", null);
        } else {
            try {
                plan.prepare(draws, layers, batch);
            } catch (RuntimeException e) {
                warn(String.valueOf(e.getMessage()), e);
            }
        }
        prepared = true;
        return planned;
    }

    private void warn(String reason, @Nullable RuntimeException problem) {
        LOG.log(
                System.Logger.Level.WARNING,
                "training is NOT compiled, and runs step by step: " + reason,
                problem);
        planned = null;
    }

    private double plannedStep(PlannedStep plan, int[] samples, Key draws, Key layers) {
        double loss = plan.run(draws, layers, requireNonNull(task.batch(samples)));
        if (!Double.isFinite(loss)) {
            throw new IllegalStateException(
                    ("the loss of step %d is %s, and the compiled step has taken it in: resume from"
                                    + " the last checkpoint with a lower learning rate, or limit"
                                    + " the gradients")
                            .formatted(stepCount, loss));
        }
        stepCount++;
        return loss;
    }

    private List<Tensor> clipped(List<Tensor> gradients) {
        return settings.gradientClip() == Double.POSITIVE_INFINITY
                ? gradients
                : GradientClipping.byGlobalNorm(gradients, settings.gradientClip()).gradients();
    }

    /**
     * The weights' moving averages by name: what is evaluated and shipped. Adapters ({@link Lora})
     * are in the weights of their layers.
     */
    public Map<String, HostArray> averagedWeights() {
        return average.call(() -> Lora.mergedState(network()));
    }

    /**
     * Writes a checkpoint: the folder appears when all of it is on the disk, or not at all.
     *
     * @param folder a name that is not taken
     */
    public void save(Path folder) throws IOException {
        var state =
                new Checkpoint.State(
                        settings,
                        stepCount,
                        task.fingerprint(),
                        network().stateDict(),
                        optimizer.stateDict(),
                        average.stateDict());
        Checkpoint.write(folder, state, task, averagedWeights(), this);
    }

    /** The key that all draws come from. */
    Key key() {
        return key;
    }

    Optimizer optimizer() {
        return optimizer;
    }

    private Module network() {
        return task.network();
    }
}
