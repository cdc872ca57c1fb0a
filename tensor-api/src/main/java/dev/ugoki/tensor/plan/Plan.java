package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A function of tensors that is traced once for each kind of inputs, planned, and then run as
 * planned: with the same bits as the function itself, in fewer passes over memory. Steps that a
 * backend makes ready allocate nothing; on the CPU sorting, linear algebra, products of integers,
 * convolutions of F64 and normalizations of rows beyond 16384 elements still make some objects at
 * each run.
 *
 * <pre>{@code
 * Plan plan = Ugoki.compile(in -> new Tensor[] {policy.apply(in[0])});
 * Tensor action = plan.apply(observation)[0];
 * }</pre>
 *
 * <p>The first call with inputs of certain types and strides traces the function: shapes and dtypes
 * must not depend on values, and reading a value throws. What depends on values is said with {@link
 * Tensor#select} and {@link dev.ugoki.tensor.op.Prim.Loop}. Tensors that the function reads without
 * being given them, such as a module's parameters, are live: each run reads what they hold then,
 * and {@link dev.ugoki.tensor.Engine#update} inside the function changes them at the end of each
 * run. What the function does besides, such as counting or printing, happens only while it is
 * traced; so must random draws take their key from an input ({@link
 * dev.ugoki.tensor.Key#of(Tensor)}), or each run draws the same.
 *
 * <p>On the CPU a plan keeps what follows from such tensors alone, and small weights in the order
 * that products read them in, until one of them changes: in memory of its own, which {@link
 * #describe} counts.
 *
 * <p>No gradient flows through a plan; compute gradients inside of it.
 *
 * <p>The memory of a plan is its own, so one thread at a time may use it: for several threads, or
 * within itself, make {@link #another}. {@link #bind} gives a plan that is called without making an
 * array of inputs or results.
 */
public final class Plan {
    private final Graph.Program function;
    private final boolean joinedAtOnce;
    private final Map<Signature, Graph> graphs = new LinkedHashMap<>();
    private final Map<Signature, Instance> instances = new LinkedHashMap<>();
    private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();

    private Plan(Graph.Program function, boolean joinedAtOnce) {
        this.function = function;
        this.joinedAtOnce = joinedAtOnce;
    }

    /** A plan of {@code function}, which is traced when inputs are there. */
    public static Plan of(Graph.Program function) {
        return new Plan(function, false);
    }

    /** Another plan of the same function, with memory of its own: for another thread. */
    public Plan another() {
        return new Plan(function, joinedAtOnce);
    }

    /**
     * Another plan of the same function, which uses its joined kernels from the first run on, slow
     * as they are until they are compiled: for tests, that want to see them.
     */
    public Plan joinedAtOnce() {
        return new Plan(function, true);
    }

    /**
     * The function's results.
     *
     * @throws IllegalArgumentException if inputs are on different devices, or the function's
     *     operations refuse them
     * @throws IllegalStateException if the function reads a value, or another thread uses this plan
     */
    public Tensor[] apply(Tensor... inputs) {
        begin();
        try {
            Signature signature = Signature.of(inputs);
            Backend backend = signature.backend();
            Instance instance = instance(signature);
            Executable executable = instance.current();
            TensorType[] types = executable.resultStorageTypes();
            Storage[] storages = new Storage[types.length];
            for (int i = 0; i < types.length; i++) {
                storages[i] = backend.memory().allocate(types[i], backend);
            }
            bind(executable, inputs);
            executable.bindResults(storages);
            instance.run(executable);
            Tensor[] results = tensors(executable.results(storages));
            executable.release();
            return results;
        } finally {
            user.set(null);
        }
    }

    static void bind(Executable executable, Tensor... inputs) {
        for (int i = 0; i < inputs.length; i++) {
            Stored stored = Signature.stored(i, inputs[i]);
            if (executable.updates(stored.storage())) {
                throw new IllegalArgumentException(
                        "plan: input "
                                + i
                                + " ("
                                + stored.type()
                                + ") shares memory with a tensor that the program updates; pass a"
                                + " copy()");
            }
            executable.bindInput(i, stored);
        }
    }

    static Tensor[] tensors(Stored[] views) {
        Tensor[] tensors = new Tensor[views.length];
        for (int i = 0; i < views.length; i++) {
            tensors[i] = Tensor.wrap(views[i].type(), views[i]);
        }
        return tensors;
    }

    /**
     * A plan that always reads these inputs, whatever they hold then, and always writes the same
     * results.
     */
    public BoundPlan bind(Tensor... inputs) {
        Signature signature = Signature.of(inputs);
        begin();
        try {
            Instance own = signature.device().call(() -> made(signature));
            return new BoundPlan(own, signature.backend(), inputs);
        } finally {
            user.set(null);
        }
    }

    /** Traces and plans the function for such inputs, without running it. */
    public void prepare(Tensor... inputs) {
        begin();
        try {
            instance(Signature.of(inputs));
        } finally {
            user.set(null);
        }
    }

    /** Traces and plans the function for inputs of these types, and waits for its kernels. */
    public void warmUp(TensorType... inputs) {
        begin();
        try {
            instance(Signature.of(Device.current(), inputs)).warmUp();
        } finally {
            user.set(null);
        }
    }

    /** Waits for the kernels of all kinds of inputs that there were. */
    public void warmUp() {
        begin();
        try {
            graphs.keySet().forEach(each -> instance(each).warmUp());
        } finally {
            user.set(null);
        }
    }

    /** The function as traced for inputs of these types on the current device. */
    public Graph graph(TensorType... inputs) {
        begin();
        try {
            return traced(Signature.of(Device.current(), inputs));
        } finally {
            user.set(null);
        }
    }

    /** The graphs, steps and kernels for all kinds of inputs that there were. */
    public String describe() {
        begin();
        try {
            StringBuilder text = new StringBuilder();
            graphs.keySet().forEach(each -> text.append(instance(each).describe()));
            return text.toString();
        } finally {
            user.set(null);
        }
    }

    private Instance instance(Signature signature) {
        Instance known = instances.get(signature);
        if (known == null) {
            known = signature.device().call(() -> made(signature));
            instances.put(signature, known);
        }
        return known;
    }

    private Instance made(Signature signature) {
        Graph graph = traced(signature);
        Backend backend = signature.backend();
        List<Stored> inputs = signature.placeholders(backend);
        return new Instance(backend, graph, inputs, joinedAtOnce);
    }

    private Graph traced(Signature signature) {
        Graph known = graphs.get(signature);
        if (known == null) {
            known =
                    signature
                            .device()
                            .call(
                                    () ->
                                            TensorScope.outside(
                                                    () ->
                                                            Graph.trace(
                                                                    function, signature.types())));
            graphs.put(signature, known);
        }
        return known;
    }

    private void begin() {
        Thread current = Thread.currentThread();
        Thread other = user.compareAndExchange(null, current);
        if (other != null) {
            throw inUse(other, current);
        }
    }

    static IllegalStateException inUse(Thread other, Thread current) {
        return new IllegalStateException(
                other == current
                        ? "plan: its function uses the plan itself; call the function"
                        : "plan: "
                                + current
                                + " uses it while "
                                + other
                                + " does; its memory serves one thread at a time: give each thread"
                                + " plan.another()");
    }
}
