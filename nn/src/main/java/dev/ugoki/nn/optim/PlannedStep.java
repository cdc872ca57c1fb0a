package dev.ugoki.nn.optim;

import dev.ugoki.nn.Precision;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.plan.Plan;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * A whole training step as one plan: the loss, its gradients, their clipping, the optimizer's
 * update and that of the moving average; with the bits of the same calls one by one.
 *
 * <pre>{@code
 * PlannedStep step =
 *         PlannedStep.of(optimizer, (batch, key) -> policy.loss(Chunks.of(batch[0], batch[1]), key))
 *                 .withClipping(1)
 *                 .withAverage(average);
 * double loss = step.run(key.fold(0), key.fold(1), observations, actions);
 * }</pre>
 *
 * <p>The loss is traced at the first run with batches of certain types: see {@link Plan} for what
 * it may do. The batch and the keys are inputs; learning rates come from the optimizer's schedule.
 * Parameters are updated in the run that computes the loss: where that is not finite, they have
 * been updated by it.
 */
public final class PlannedStep {
    /** The loss of a batch, a scalar. */
    @FunctionalInterface
    public interface Loss {
        /**
         * The loss.
         *
         * @param batch as given to {@link PlannedStep#run}
         * @param key that draws come from
         */
        Tensor of(Tensor[] batch, Key key);
    }

    private final Optimizer optimizer;
    private final Loss loss;
    private final double largestNorm;
    private final @Nullable MovingAverage average;
    private final Precision precision;
    private final int accumulation;
    private final Plan plan = Plan.of(this::program);

    private PlannedStep(
            Optimizer optimizer,
            Loss loss,
            double largestNorm,
            @Nullable MovingAverage average,
            Precision precision,
            int accumulation) {
        this.optimizer = optimizer;
        this.loss = loss;
        this.largestNorm = largestNorm;
        this.average = average;
        this.precision = precision;
        this.accumulation = accumulation;
    }

    /** A step that makes {@code loss} smaller. */
    public static PlannedStep of(Optimizer optimizer, Loss loss) {
        return new PlannedStep(optimizer, loss, Double.POSITIVE_INFINITY, null, Precision.F32, 1);
    }

    /** The same, with gradients clipped by their global norm; infinity for no clipping. */
    public PlannedStep withClipping(double norm) {
        return new PlannedStep(optimizer, loss, norm, average, precision, accumulation);
    }

    /** The same, followed by an update of the average. */
    public PlannedStep withAverage(MovingAverage updated) {
        return new PlannedStep(optimizer, loss, largestNorm, updated, precision, accumulation);
    }

    /** The same, with layers that multiply in another precision. */
    public PlannedStep withPrecision(Precision value) {
        return new PlannedStep(optimizer, loss, largestNorm, average, value, accumulation);
    }

    /**
     * The same, with the gradient of so many parts of a batch, one after the other; see {@link
     * GradientAccumulation}. All tensors of a batch are divided along their first dimension.
     */
    public PlannedStep withAccumulation(int parts) {
        return new PlannedStep(optimizer, loss, largestNorm, average, precision, parts);
    }

    /** The key of a part's draws; that of the whole where there is one part. */
    public static Key part(Key key, int part, int parts) {
        return parts == 1 ? key : key.fold(part);
    }

    /** How many of the plan's inputs come before the batch: keys, decay, settings of groups. */
    private int leading() {
        return 3 + optimizer.nextSettings().size();
    }

    private Tensor[] program(Tensor... in) {
        Key draws = Key.of(in[0]);
        Key layers = Key.of(in[1]);
        List<Tensor> settings = List.of(in).subList(3, leading());
        Tensor[] batch = List.of(in).subList(leading(), in.length).toArray(Tensor[]::new);
        var found =
                precision.call(
                        () ->
                                GradientAccumulation.valueAndGrad(
                                        accumulation,
                                        part -> lossOfPart(batch, part, draws, layers),
                                        optimizer.parameters()));
        List<Tensor> gradients =
                largestNorm == Double.POSITIVE_INFINITY
                        ? found.gradients()
                        : GradientClipping.byGlobalNorm(found.gradients(), largestNorm).gradients();
        optimizer.update(gradients, settings);
        MovingAverage followed = average;
        if (followed != null) {
            followed.update(in[2]);
        }
        return new Tensor[] {found.value()};
    }

    private Tensor lossOfPart(Tensor[] batch, int part, Key draws, Key layers) {
        Tensor[] own = batch.clone();
        for (int i = 0; accumulation > 1 && i < own.length; i++) {
            long size = own[i].extent(0) / accumulation;
            own[i] = own[i].narrow(0, part * size, size);
        }
        return RandomScope.call(
                part(layers, part, accumulation),
                () -> loss.of(own, part(draws, part, accumulation)));
    }

    private Tensor[] inputs(Key draws, Key layers, Tensor[] batch) {
        List<Tensor> inputs = new ArrayList<>();
        inputs.add(draws.asTensor());
        inputs.add(layers.asTensor());
        inputs.add(Tensor.full(DType.F64, Shape.SCALAR, decay()));
        for (double[] settings : optimizer.nextSettings()) {
            inputs.add(Tensor.of(settings, settings.length));
        }
        inputs.addAll(List.of(batch));
        return inputs.toArray(Tensor[]::new);
    }

    private double decay() {
        return average == null ? 0 : average.nextDecay();
    }

    private void count() {
        optimizer.stepped();
        if (average != null) {
            average.updated();
        }
    }

    /**
     * Traces and plans the step for such a batch, without making it.
     *
     * @throws RuntimeException if the loss cannot be traced; the message says why
     */
    public void prepare(Key draws, Key layers, Tensor... batch) {
        try (TensorScope _ = TensorScope.open()) {
            plan.prepare(inputs(draws, layers, batch));
        }
    }

    /**
     * Makes a step.
     *
     * @param draws the key of the loss's draws
     * @param layers the key of draws inside the network, such as dropout's
     * @param batch what the loss is of
     * @return the loss before the update
     */
    public double run(Key draws, Key layers, Tensor... batch) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor value = plan.apply(inputs(draws, layers, batch))[0];
            count();
            return value.item();
        }
    }

    /** Waits for the kernels of the batches that there were. */
    public void warmUp() {
        plan.warmUp();
    }

    /** A step that always reads this batch, whatever it holds, and makes no Java object. */
    public Bound bind(Tensor... batch) {
        Tensor[] inputs = TensorScope.outside(() -> inputs(Key.of(0), Key.of(0), batch));
        return new Bound(plan.bind(inputs), inputs);
    }

    /** A {@link PlannedStep} with its batch. */
    public final class Bound {
        private final BoundPlan bound;
        private final Tensor[] inputs;

        private Bound(BoundPlan bound, Tensor[] inputs) {
            this.bound = bound;
            this.inputs = inputs;
        }

        /** Sets the keys and this step's settings. */
        public void prepare(Key draws, Key layers) {
            try (TensorScope _ = TensorScope.open()) {
                Tensor[] now = inputs(draws, layers, new Tensor[0]);
                for (int i = 0; i < now.length; i++) {
                    Engine.update(new Overwrite(), inputs[i], now[i]);
                }
            }
        }

        /** Makes a step on what the batch holds; the loss is {@link #loss}. */
        public void run() {
            bound.run();
            count();
        }

        /** The loss of the last run, a scalar; it changes with the next. */
        public Tensor loss() {
            return bound.result(0);
        }

        /** Waits until runs are at full speed. */
        public void warmUp() {
            bound.warmUp();
        }

        /** What the plan does, for people. */
        public String describe() {
            return bound.describe();
        }
    }
}
