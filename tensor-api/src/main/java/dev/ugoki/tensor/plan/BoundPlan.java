package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Storage;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicReference;

/**
 * A plan with its inputs and results: {@link #run} reads what the inputs hold, writes the results,
 * and makes no Java object once it is {@linkplain #warmUp warm}.
 *
 * <pre>{@code
 * BoundPlan policy = plan.bind(observation);
 * policy.warmUp();
 * while (running) {
 *     sensors.writeTo(observation);
 *     policy.run();
 *     actuators.readFrom(policy.result(0));
 * }
 * }</pre>
 *
 * <p>Each run writes over the results of the one before: copy what is to stay. One thread at a time
 * may use it; several bound plans may run side by side.
 */
public final class BoundPlan {
    private final Instance instance;
    private final Tensor[] inputs;
    private final Tensor[] results;
    private final Storage[] storages;
    private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();
    private Executable bound;

    BoundPlan(Instance instance, Backend backend, Tensor[] inputs) {
        this.instance = instance;
        this.inputs = inputs.clone();
        bound = instance.current();
        TensorType[] types = bound.resultStorageTypes();
        storages = new Storage[types.length];
        for (int i = 0; i < types.length; i++) {
            TensorType type = types[i];
            storages[i] = TensorScope.outside(() -> backend.memory().allocate(type, backend));
        }
        bindTo(bound);
        results = Plan.tensors(bound.results(storages));
    }

    private void bindTo(Executable executable) {
        Plan.bind(executable, inputs);
        executable.bindResults(storages);
        bound = executable;
    }

    /**
     * Runs the program.
     *
     * @throws IllegalStateException if another thread is running it, or an input was released
     */
    public void run() {
        Thread current = Thread.currentThread();
        Thread other = user.compareAndExchange(null, current);
        if (other != null) {
            throw Plan.inUse(other, current);
        }
        try {
            Executable executable = instance.current();
            if (executable != bound) {
                bindTo(executable);
            }
            instance.run(executable);
        } finally {
            user.set(null);
        }
    }

    /** Waits until the plan's kernels are compiled, and takes them into use. */
    public void warmUp() {
        instance.warmUp();
    }

    /** Result {@code number}, as the last run left it. */
    public Tensor result(int number) {
        return results[number];
    }

    /** How many results there are. */
    public int resultCount() {
        return results.length;
    }

    /** The graph, the steps and the kernels. */
    public String describe() {
        return instance.describe();
    }
}
