package dev.ugoki.nn;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * A part of a network: it has parameters, buffers and smaller modules, each under a name, and
 * methods of its own that compute with them.
 *
 * <pre>{@code
 * final class Gate extends Layer {
 *     private final Linear linear;
 *     private final Parameter scale;
 *
 *     Gate(long width, Key key) {
 *         linear = child("linear", new Linear(width, width, key.fold(0)));
 *         scale = parameter("scale", () -> Init.ones(width));
 *     }
 *
 *     @Override
 *     public Tensor apply(Tensor x) {
 *         return x.mul(linear.apply(x).sigmoid()).mul(scale.tensor());
 *     }
 * }
 * }</pre>
 *
 * <p>Whoever reads the constructor knows the state: {@link #stateDict} holds {@code scale}, {@code
 * linear.weight} and {@code linear.bias}. Names are dotted as PyTorch's, parameters first and then
 * children, in the order in which they were registered, so that public weights load by their names.
 *
 * <p>A module starts in training mode; {@link #eval} switches dropout off. Computing is safe for
 * many threads as long as none trains, loads or switches modes.
 */
public abstract class Module {
    private static final int NAMES_IN_ERRORS = 12;

    private final SequencedMap<String, Module> children = new LinkedHashMap<>();
    private final SequencedMap<String, Parameter> parameters = new LinkedHashMap<>();
    private final SequencedMap<String, Buffer> buffers = new LinkedHashMap<>();
    private final Set<String> ignored = new HashSet<>();
    private boolean training = true;

    /** For subclasses, which register what they have. */
    protected Module() {}

    // ---- for constructors ----

    /** Makes {@code module} a part of this one, and returns it. */
    protected final <M extends Module> M child(String name, M module) {
        requireFree(name);
        children.put(name, module);
        return module;
    }

    /** A parameter of this module that starts with {@code initial}. */
    protected final Parameter parameter(String name, Tensor initial) {
        return parameter(name, new Parameter(initial));
    }

    /**
     * A parameter of this module that starts with what {@code initial} gives, which is released, as
     * all that is computed for it: so a network takes no more memory while it is made than later.
     */
    protected final Parameter parameter(String name, Supplier<Tensor> initial) {
        try (TensorScope _ = TensorScope.open()) {
            return parameter(name, new Parameter(initial.get()));
        }
    }

    /** Makes a parameter a part of this module; another module may hold the same one. */
    protected final Parameter parameter(String name, Parameter parameter) {
        requireFree(name);
        parameters.put(name, parameter);
        return parameter;
    }

    /** A buffer of this module that starts with {@code initial} and is part of its state. */
    protected final Buffer buffer(String name, Tensor initial) {
        return register(name, new Buffer(initial, Buffer.Place.SAVED));
    }

    /**
     * A buffer of this module that is part of its state, though a state may lack it: it stays as it
     * is then.
     */
    protected final Buffer optionalBuffer(String name, Tensor initial) {
        return register(name, new Buffer(initial, Buffer.Place.OPTIONAL));
    }

    /** A constant of this module, which is not part of its state. */
    protected final Buffer constant(String name, Tensor value) {
        return register(name, new Buffer(value, Buffer.Place.CONSTANT));
    }

    /** Says that a state may have a name that this module has nothing for; it is passed over. */
    protected final void ignoreInState(String name) {
        requireFree(name);
        ignored.add(name);
    }

    private Buffer register(String name, Buffer buffer) {
        requireFree(name);
        buffers.put(name, buffer);
        return buffer;
    }

    private void requireFree(String name) {
        if (name.isEmpty() || name.indexOf('.') >= 0) {
            throw new IllegalArgumentException(
                    kind() + ": '" + name + "' is no name: it must have characters, but no dot");
        }
        if (children.containsKey(name)
                || parameters.containsKey(name)
                || buffers.containsKey(name)) {
            throw new IllegalArgumentException(kind() + ": the name '" + name + "' is taken");
        }
    }

    // ---- what it is made of ----

    /** The modules that this one is directly made of, by name. */
    public final SequencedMap<String, Module> children() {
        return Collections.unmodifiableSequencedMap(children);
    }

    /** All parameters, once each, in the order of {@link #namedParameters}. */
    public final List<Parameter> parameters() {
        return List.copyOf(namedParameters().values());
    }

    /**
     * All parameters by their dotted names. One that several modules hold has the first of its
     * names.
     */
    public final SequencedMap<String, Parameter> namedParameters() {
        SequencedMap<String, Parameter> named = new LinkedHashMap<>();
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        visit(
                "",
                (prefix, module) ->
                        module.parameters.forEach(
                                (name, parameter) -> {
                                    if (seen.add(parameter)) {
                                        named.put(prefix + name, parameter);
                                    }
                                }));
        return named;
    }

    /** All buffers by their dotted names, constants too. */
    public final SequencedMap<String, Buffer> namedBuffers() {
        SequencedMap<String, Buffer> named = new LinkedHashMap<>();
        visit(
                "",
                (prefix, module) ->
                        module.buffers.forEach((name, buffer) -> named.put(prefix + name, buffer)));
        return named;
    }

    /** How many numbers are learned. */
    public final long parameterCount() {
        long count = 0;
        for (Parameter parameter : namedParameters().values()) {
            count += parameter.type().shape().elementCount();
        }
        return count;
    }

    final Collection<Parameter> ownParameters() {
        return parameters.values();
    }

    final Collection<Buffer> ownBuffers() {
        return buffers.values();
    }

    private void visit(String prefix, BiConsumer<String, Module> visitor) {
        visitor.accept(prefix, this);
        children.forEach((name, child) -> child.visit(prefix + name + ".", visitor));
    }

    // ---- modes ----

    /** Whether this module computes as it does in training. */
    public final boolean isTraining() {
        return training;
    }

    /** Switches this module and all in it to training. */
    public final void train() {
        visit("", (_, module) -> module.training = true);
    }

    /** Switches this module and all in it to evaluation: nothing is random any more. */
    public final void eval() {
        visit("", (_, module) -> module.training = false);
    }

    /** Runs an action in evaluation, and goes back to the modes of before. */
    final <T> T inEvaluation(Supplier<T> action) {
        List<Module> trained = new ArrayList<>();
        visit(
                "",
                (_, module) -> {
                    if (module.training) {
                        trained.add(module);
                    }
                });
        eval();
        try {
            return action.get();
        } finally {
            trained.forEach(module -> module.training = true);
        }
    }

    // ---- state ----

    /**
     * Copies of all parameters and saved buffers by their dotted names. What several modules hold
     * is there under each of its names.
     */
    public final SequencedMap<String, HostArray> stateDict() {
        SequencedMap<String, HostArray> state = new LinkedHashMap<>();
        state().forEach((name, slot) -> state.put(name, HostTensors.toHost(slot.tensor())));
        return state;
    }

    /**
     * Takes over the values of {@code state}; those of another floating dtype are converted to the
     * parameter's. The names must be exactly those of {@link #stateDict}, but for what modules say
     * that a state may lack or have besides.
     *
     * @throws IllegalArgumentException if names are missing or unexpected, or shapes or kinds of
     *     dtype differ: all of them are listed, and nothing has changed
     */
    public final void load(Map<String, HostArray> state) {
        SequencedMap<String, Slot> slots = state();
        List<String> problems = problems(slots, state);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "load: the state does not fit " + kind() + ":\n  " + listed(problems));
        }
        slots.forEach(
                (name, slot) -> {
                    HostArray values = state.get(name);
                    if (values != null) {
                        slot.put(values);
                    }
                });
    }

    /** Writes {@link #stateDict} to a safetensors file, whole or not at all. */
    public final void save(Path file) throws IOException {
        SafetensorsFile.write(file, stateDict());
    }

    /**
     * {@link #load(Map) Loads} a safetensors file.
     *
     * @throws dev.ugoki.tensor.io.FileFormatException if the file is damaged
     */
    public final void load(Path file) throws IOException {
        try {
            load(SafetensorsFile.read(file));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    /** A place for values: a parameter or a buffer. */
    private record Slot(
            Tensor tensor, boolean isOptional, java.util.function.Consumer<Tensor> assign) {
        void put(HostArray values) {
            tensor.device()
                    .run(
                            () -> {
                                try (TensorScope _ = TensorScope.open()) {
                                    assign.accept(HostTensors.fromHost(values.to(tensor.dtype())));
                                }
                            });
        }
    }

    private SequencedMap<String, Slot> state() {
        SequencedMap<String, Slot> slots = new LinkedHashMap<>();
        visit(
                "",
                (prefix, module) -> {
                    module.parameters.forEach(
                            (name, parameter) ->
                                    slots.put(
                                            prefix + name,
                                            new Slot(
                                                    parameter.tensor(), false, parameter::assign)));
                    module.buffers.forEach(
                            (name, buffer) -> {
                                if (buffer.isSaved()) {
                                    slots.put(
                                            prefix + name,
                                            new Slot(
                                                    buffer.tensor(),
                                                    buffer.isOptional(),
                                                    buffer::assign));
                                }
                            });
                });
        return slots;
    }

    private List<String> problems(Map<String, Slot> slots, Map<String, HostArray> state) {
        List<String> problems = new ArrayList<>();
        Set<String> passedOver = new HashSet<>();
        visit(
                "",
                (prefix, module) -> module.ignored.forEach(name -> passedOver.add(prefix + name)));
        slots.forEach(
                (name, slot) -> {
                    HostArray values = state.get(name);
                    TensorType type = slot.tensor().type();
                    if (values == null) {
                        if (!slot.isOptional()) {
                            problems.add("missing: " + name + " " + type);
                        }
                    } else if (!values.shape().equals(type.shape())
                            || values.dtype() != type.dtype()
                                    && !(values.dtype().isFloating()
                                            && type.dtype().isFloating())) {
                        problems.add("other type: " + name + " is " + values + ", not " + type);
                    }
                });
        state.forEach(
                (name, values) -> {
                    if (!slots.containsKey(name) && !passedOver.contains(name)) {
                        problems.add("unexpected: " + name + " " + values);
                    }
                });
        return problems;
    }

    private static String listed(List<String> problems) {
        int shown = Math.min(problems.size(), NAMES_IN_ERRORS);
        String text = String.join("\n  ", problems.subList(0, shown));
        return shown == problems.size()
                ? text
                : text + "\n  and " + (problems.size() - shown) + " more";
    }

    // ---- looking at it ----

    /**
     * Builds a module without values: for counting its parameters and printing it, however large it
     * is. It cannot compute.
     */
    public static <M extends Module> M sketch(Supplier<M> build) {
        List<M> built = new ArrayList<>(1);
        Graph.trace(
                _ -> {
                    built.add(build.get());
                    return new Tensor[0];
                });
        return built.getFirst();
    }

    /** The name of its kind, as printed. */
    private String kind() {
        return getClass().getSimpleName();
    }

    /** The settings to print behind the name of its kind, if any. */
    protected String settings() {
        return "";
    }

    /** The name of its kind with its settings. */
    final String describeKind() {
        return settings().isEmpty() ? kind() : kind() + "(" + settings() + ")";
    }

    /**
     * This module and all in it as a tree, with shapes and parameter counts. What it costs to run,
     * {@link ModuleSummary} tells.
     */
    @Override
    public final String toString() {
        List<String> texts = new ArrayList<>();
        List<Long> counts = new ArrayList<>();
        describe("", 0, texts, counts);
        int width = texts.stream().mapToInt(String::length).max().orElse(0);
        StringBuilder tree = new StringBuilder();
        for (int i = 0; i < texts.size(); i++) {
            String line =
                    String.format(
                            Locale.ROOT, "%-" + width + "s  %,13d", texts.get(i), counts.get(i));
            tree.append(i == 0 ? "" : "\n").append(line);
        }
        return tree.toString();
    }

    private void describe(String name, int depth, List<String> texts, List<Long> counts) {
        StringBuilder line = new StringBuilder("  ".repeat(depth));
        line.append(name.isEmpty() ? "" : name + ": ").append(describeKind());
        parameters.forEach(
                (own, parameter) -> line.append(' ').append(own).append(parameter.type().shape()));
        buffers.forEach(
                (own, buffer) -> line.append(' ').append(own).append(buffer.type().shape()));
        texts.add(line.toString());
        counts.add(parameterCount());
        children.forEach((own, child) -> child.describe(own, depth + 1, texts, counts));
    }
}
