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
import dev.ugoki.tensor.op.Overwrite;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Changes parameters step by step against their gradients, in place, and remembers what its rules
 * need.
 *
 * <pre>{@code
 * Optimizer optimizer =
 *         Optimizer.of(model, AdamW.of(1e-3).withBetas(0.9, 0.99), Schedule.warmupCosine(200, 9000));
 * var step = Autograd.valueAndGrad(() -> loss(model), optimizer.parameters());
 * optimizer.step(step.gradients());
 * }</pre>
 *
 * <p>{@link #stateDict} and {@link #load} save and restore all but the parameters: training goes on
 * with the same bits as if it had not stopped.
 */
public final class Optimizer {
    private static final String STEP = "step";

    private final List<ParameterGroup> groups;
    private final Schedule schedule;
    private final List<Slot> slots = new ArrayList<>();
    private long stepCount;

    /** A parameter with what is remembered of it. */
    private record Slot(
            String name, Parameter parameter, ParameterGroup group, List<Tensor> memory) {}

    private Optimizer(List<ParameterGroup> groups, Schedule schedule) {
        this.groups = List.copyOf(groups);
        this.schedule = schedule;
        Set<String> names = new HashSet<>();
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (ParameterGroup group : groups) {
            group.parameters()
                    .forEach(
                            (name, parameter) -> {
                                if (!names.add(name) || !seen.add(parameter)) {
                                    throw new IllegalArgumentException(
                                            "optimizer: "
                                                    + name
                                                    + " stands there twice; groups must not"
                                                    + " overlap");
                                }
                                slots.add(slot(name, parameter, group));
                            });
        }
    }

    /** Updates all parameters of {@code model} by one rule, at a constant rate. */
    public static Optimizer of(Module model, UpdateRule rule) {
        return of(model, rule, Schedule.constant());
    }

    /** Updates all parameters of {@code model} by one rule. */
    public static Optimizer of(Module model, UpdateRule rule, Schedule schedule) {
        return of(List.of(new ParameterGroup(model.namedParameters(), rule)), schedule);
    }

    /**
     * Updates several groups of parameters, each by its rule; the schedule goes for all.
     *
     * @throws IllegalArgumentException if a name or a parameter stands there twice
     */
    public static Optimizer of(List<ParameterGroup> groups, Schedule schedule) {
        return new Optimizer(groups, schedule);
    }

    private static Slot slot(String name, Parameter parameter, ParameterGroup group) {
        List<Tensor> memory = new ArrayList<>();
        for (int i = 0; i < group.rule().stateNames().size(); i++) {
            memory.add(
                    TensorScope.outside(
                            () -> parameter.tensor().device().call(() -> zeros(parameter.type()))));
        }
        return new Slot(name, parameter, group, List.copyOf(memory));
    }

    private static Tensor zeros(TensorType type) {
        return Tensor.full(type.dtype(), type.shape(), 0);
    }

    /** The parameters in the order in which {@link #step} takes gradients. */
    public List<Parameter> parameters() {
        return slots.stream().map(Slot::parameter).toList();
    }

    public List<ParameterGroup> groups() {
        return groups;
    }

    /** How many steps were made. */
    public long stepCount() {
        return stepCount;
    }

    /** The learning rate of the next step in a group. */
    public double learningRate(ParameterGroup group) {
        return group.rule().learningRate() * schedule.factor(stepCount);
    }

    /**
     * Makes one step.
     *
     * @param gradients one for each of {@link #parameters}, of its type
     * @throws IllegalArgumentException if there are more or fewer, or one is of another type;
     *     nothing has changed then
     */
    public void step(List<Tensor> gradients) {
        check(gradients);
        try (TensorScope _ = TensorScope.open()) {
            int index = 0;
            for (ParameterGroup group : groups) {
                if (!group.parameters().isEmpty()) {
                    Tensor[] settings = settings(group);
                    for (int i = 0; i < group.parameters().size(); i++, index++) {
                        update(slots.get(index), gradients.get(index), settings);
                    }
                }
            }
        }
        stepCount++;
    }

    /**
     * The scalars of the next step, a vector F64 {@code [k]} for each of {@link #groups} that has
     * parameters: what changes from step to step, and so must be an input of a planned step.
     */
    public List<double[]> nextSettings() {
        return groups.stream()
                .filter(group -> !group.parameters().isEmpty())
                .map(group -> group.rule().settings(learningRate(group), stepCount + 1))
                .toList();
    }

    /**
     * Updates the parameters as {@link #step} does, with the scalars of {@link #nextSettings} given
     * as tensors, and without counting the step: for a function that is planned. Whoever runs the
     * plan calls {@link #stepped} after each run.
     *
     * @param settings F64 {@code [k]} for each group that has parameters
     */
    public void update(List<Tensor> gradients, List<Tensor> settings) {
        check(gradients);
        int index = 0;
        int used = 0;
        for (ParameterGroup group : groups) {
            if (group.parameters().isEmpty()) {
                continue;
            }
            Tensor vector = settings.get(used++);
            Tensor[] scalars = new Tensor[Math.toIntExact(vector.extent(0))];
            for (int i = 0; i < scalars.length; i++) {
                scalars[i] = vector.slice(0, i, i + 1).reshape(Shape.SCALAR);
            }
            for (int i = 0; i < group.parameters().size(); i++, index++) {
                update(slots.get(index), gradients.get(index), scalars);
            }
        }
    }

    /** Counts a step that a plan has made. */
    public void stepped() {
        stepCount++;
    }

    private void check(List<Tensor> gradients) {
        if (gradients.size() != slots.size()) {
            throw new IllegalArgumentException(
                    "optimizer: "
                            + gradients.size()
                            + " gradients for "
                            + slots.size()
                            + " parameters; give one for each of parameters(), in their order");
        }
        for (int i = 0; i < slots.size(); i++) {
            TensorType expected = slots.get(i).parameter().type();
            if (!gradients.get(i).type().equals(expected)) {
                throw new IllegalArgumentException(
                        "optimizer: the gradient of "
                                + slots.get(i).name()
                                + " must be "
                                + expected
                                + ", not "
                                + gradients.get(i).type());
            }
        }
    }

    /** The scalars of this step for a group, on the device of its parameters. */
    private Tensor[] settings(ParameterGroup group) {
        Device device = group.parameters().firstEntry().getValue().tensor().device();
        double[] values = group.rule().settings(learningRate(group), stepCount + 1);
        return device.call(
                () -> {
                    Tensor[] scalars = new Tensor[values.length];
                    for (int i = 0; i < values.length; i++) {
                        scalars[i] = Tensor.full(DType.F64, Shape.SCALAR, values[i]);
                    }
                    return scalars;
                });
    }

    private static void update(Slot slot, Tensor gradient, Tensor[] settings) {
        List<Tensor> operands = new ArrayList<>(2 + slot.memory().size() + settings.length);
        operands.add(slot.parameter().tensor());
        operands.add(gradient.detach());
        operands.addAll(slot.memory());
        operands.addAll(List.of(settings));
        Engine.update(slot.group().rule().operation(), operands.toArray(Tensor[]::new));
    }

    // ---- state ----

    /**
     * What is remembered, in the form of LeRobot's {@code optimizer_state.safetensors}: {@code
     * state/<number of the parameter>/<name>}, and the number of steps as {@code state/<number of
     * the parameter>/step}, I64.
     */
    public SequencedMap<String, HostArray> stateDict() {
        SequencedMap<String, HostArray> state = new LinkedHashMap<>();
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            state.put(key(i, STEP), HostArray.of(Shape.SCALAR, stepCount));
            List<String> names = slot.group().rule().stateNames();
            for (int j = 0; j < names.size(); j++) {
                state.put(key(i, names.get(j)), HostTensors.toHost(slot.memory().get(j)));
            }
        }
        return state;
    }

    private static String key(int parameter, String name) {
        return "state/" + parameter + "/" + name;
    }

    /**
     * Takes over what {@link #stateDict} of an optimizer of the same rules and parameters gave.
     *
     * @throws IllegalArgumentException if something is missing, too much, or of another type, or
     *     the numbers of steps differ; nothing has changed then
     */
    public void load(Map<String, HostArray> state) {
        Set<String> unexpected = new HashSet<>(state.keySet());
        long steps = slots.isEmpty() ? 0 : steps(0, state);
        for (int i = 0; i < slots.size(); i++) {
            if (steps(i, state) != steps) {
                throw new IllegalArgumentException(
                        "optimizer: "
                                + slots.get(i).name()
                                + " made "
                                + steps(i, state)
                                + " steps, "
                                + slots.getFirst().name()
                                + " "
                                + steps
                                + "; all must have made the same number");
            }
            unexpected.remove(key(i, STEP));
            for (String name : slots.get(i).group().rule().stateNames()) {
                TensorType type = slots.get(i).parameter().type();
                HostArray found = required(i, name, state);
                if (found.dtype() != type.dtype() || !found.shape().equals(type.shape())) {
                    throw new IllegalArgumentException(
                            describe(i, name) + " is " + found + ", not " + type);
                }
                unexpected.remove(key(i, name));
            }
        }
        if (!unexpected.isEmpty()) {
            throw new IllegalArgumentException(
                    "optimizer: the state is of other parameters or rules: unexpected "
                            + new java.util.TreeSet<>(unexpected));
        }
        put(state);
        stepCount = steps;
    }

    private void put(Map<String, HostArray> state) {
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            List<String> names = slot.group().rule().stateNames();
            for (int j = 0; j < names.size(); j++) {
                HostArray values = required(i, names.get(j), state);
                Tensor memory = slot.memory().get(j);
                slot.parameter()
                        .tensor()
                        .device()
                        .run(
                                () -> {
                                    try (TensorScope _ = TensorScope.open()) {
                                        Engine.update(
                                                new Overwrite(),
                                                memory,
                                                HostTensors.fromHost(values));
                                    }
                                });
            }
        }
    }

    private long steps(int parameter, Map<String, HostArray> state) {
        HostArray steps = required(parameter, STEP, state);
        if (steps.elementCount() != 1 || !(steps.doubleAt(0) >= 0)) {
            throw new IllegalArgumentException(
                    describe(parameter, STEP) + " must be one number of at least 0");
        }
        return steps.to(DType.I64).longAt(0);
    }

    private HostArray required(int parameter, String name, Map<String, HostArray> state) {
        HostArray found = state.get(key(parameter, name));
        if (found == null) {
            throw new IllegalArgumentException(describe(parameter, name) + " is missing");
        }
        return found;
    }

    private String describe(int parameter, String name) {
        return "optimizer: " + key(parameter, name) + ", of " + slots.get(parameter).name() + ",";
    }
}
