package dev.ugoki.nn.optim;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.HostTensors;
import dev.ugoki.nn.Module;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Overwrite;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The exponential moving average of parameters: what is evaluated and shipped instead of their last
 * values.
 *
 * <pre>{@code
 * MovingAverage average = new MovingAverage(model, MovingAverage.Decay.power(0.75, 0.999));
 * optimizer.step(gradients);
 * average.update();
 * double score = average.call(() -> evaluate(model));
 * }</pre>
 *
 * <p>Source: Polyak, Juditsky (1992), with the decay that grows of Karras et al. and Diffusion
 * Policy.
 */
public final class MovingAverage {
    private static final String UPDATES = "updates";
    private static final String AVERAGE = "average/";

    private final List<Entry> entries = new ArrayList<>();
    private final Decay decay;
    private long updates;
    private boolean swapped;

    private record Entry(String name, Parameter parameter, Tensor average) {}

    /** How much of the average stays at an update, as a function of the updates already made. */
    @FunctionalInterface
    public interface Decay {
        /** The part that stays at the update after {@code updatesMade} others. */
        double at(long updatesMade);

        /** The same at each update. */
        static Decay constant(double decay) {
            return _ -> decay;
        }

        /** {@code min(most, 1 - (1 + k)^-power)}: the first update takes the parameters alone. */
        static Decay power(double power, double most) {
            return k -> Math.min(most, 1 - Math.pow(1.0 + k, -power));
        }
    }

    /** The average of all parameters of {@code model}, which starts with their values now. */
    public MovingAverage(Module model, Decay decay) {
        this(model.namedParameters(), decay);
    }

    /** The average of {@code parameters}, which starts with their values now. */
    public MovingAverage(SequencedMap<String, Parameter> parameters, Decay decay) {
        this.decay = decay;
        parameters.forEach(
                (name, parameter) -> entries.add(new Entry(name, parameter, copy(parameter))));
    }

    /** How many updates were made. */
    public long updateCount() {
        return updates;
    }

    /** Takes the parameters' values now into the average. */
    public void update() {
        requireOwnValues();
        try (TensorScope _ = TensorScope.open()) {
            Map<Device, Tensor> decays = new LinkedHashMap<>();
            for (Entry entry : entries) {
                Device device = entry.average().device();
                Tensor kept = decays.computeIfAbsent(device, this::decayOn);
                Tensor value = entry.parameter().tensor().detach();
                Engine.update(new OptimizerStep.MovingAverageStep(), entry.average(), value, kept);
            }
        }
        updates++;
    }

    /** How much of the average stays at the next update: an input of a planned step. */
    public double nextDecay() {
        return decay.at(updates);
    }

    /**
     * Takes the parameters' values into the average as {@link #update()} does, with the decay given
     * as a scalar F64, and without counting the update: for a function that is planned. Whoever
     * runs the plan calls {@link #updated} after each run.
     */
    public void update(Tensor kept) {
        requireOwnValues();
        for (Entry entry : entries) {
            Tensor value = entry.parameter().tensor().detach();
            Engine.update(new OptimizerStep.MovingAverageStep(), entry.average(), value, kept);
        }
    }

    /** Counts an update that a plan has made. */
    public void updated() {
        updates++;
    }

    private Tensor decayOn(Device device) {
        return device.call(() -> Tensor.full(DType.F64, Shape.SCALAR, decay.at(updates)));
    }

    /**
     * Runs {@code action} while the parameters hold the average, and gives them their own values
     * back. The action must not train.
     */
    public <T> T call(Supplier<T> action) {
        requireOwnValues();
        List<Tensor> own = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            own.add(copy(entry.parameter()));
        }
        swapped = true;
        try {
            for (Entry entry : entries) {
                entry.parameter().assign(entry.average());
            }
            return action.get();
        } finally {
            for (int i = 0; i < own.size(); i++) {
                entries.get(i).parameter().assign(own.get(i));
            }
            swapped = false;
        }
    }

    private static Tensor copy(Parameter parameter) {
        return TensorScope.outside(() -> parameter.tensor().detach().copy());
    }

    private void requireOwnValues() {
        if (swapped) {
            throw new IllegalStateException(
                    "moving average: the parameters hold the average now; wait until call(...)"
                            + " returns");
        }
    }

    /** The averages under the parameters' names: what a model for use loads. */
    public SequencedMap<String, HostArray> averages() {
        SequencedMap<String, HostArray> averages = new LinkedHashMap<>();
        for (Entry entry : entries) {
            averages.put(entry.name(), HostTensors.toHost(entry.average()));
        }
        return averages;
    }

    /**
     * The state of {@code model}, whose parameters these are averages of, with the averages in
     * their places: what is shipped.
     */
    public SequencedMap<String, HostArray> stateDictOf(Module model) {
        return call(model::stateDict);
    }

    /** All that is needed to go on: {@code average/<name>}, and {@code updates}, I64. */
    public SequencedMap<String, HostArray> stateDict() {
        SequencedMap<String, HostArray> state = new LinkedHashMap<>();
        averages().forEach((name, average) -> state.put(AVERAGE + name, average));
        state.put(UPDATES, HostArray.of(Shape.SCALAR, updates));
        return state;
    }

    /**
     * Takes over what {@link #stateDict} gave.
     *
     * @throws IllegalArgumentException if something is missing, too much, or of another type;
     *     nothing has changed then
     */
    public void load(Map<String, HostArray> state) {
        requireOwnValues();
        Set<String> unexpected = new HashSet<>(state.keySet());
        for (Entry entry : entries) {
            TensorType type = entry.average().type();
            HostArray found = required(AVERAGE + entry.name(), state);
            if (found.dtype() != type.dtype() || !found.shape().equals(type.shape())) {
                throw new IllegalArgumentException(
                        "moving average: " + entry.name() + " is " + found + ", not " + type);
            }
            unexpected.remove(AVERAGE + entry.name());
        }
        HostArray count = required(UPDATES, state);
        unexpected.remove(UPDATES);
        if (!unexpected.isEmpty() || count.dtype() != DType.I64 || count.elementCount() != 1) {
            throw new IllegalArgumentException(
                    "moving average: the state is of other parameters: "
                            + (unexpected.isEmpty()
                                    ? UPDATES + " is " + count
                                    : "unexpected " + new TreeSet<>(unexpected)));
        }
        for (Entry entry : entries) {
            HostArray values = required(AVERAGE + entry.name(), state);
            entry.average().device().run(() -> put(entry.average(), values));
        }
        updates = count.longAt(0);
    }

    private static void put(Tensor average, HostArray values) {
        try (TensorScope _ = TensorScope.open()) {
            Engine.update(new Overwrite(), average, HostTensors.fromHost(values));
        }
    }

    private static HostArray required(String key, Map<String, HostArray> state) {
        HostArray found = state.get(key);
        if (found == null) {
            throw new IllegalArgumentException("moving average: " + key + " is missing");
        }
        return found;
    }
}
