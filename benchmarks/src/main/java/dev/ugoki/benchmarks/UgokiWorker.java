package dev.ugoki.benchmarks;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Backends;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/** Ugoki as a contender. */
final class UgokiWorker extends Worker {
    /** Runs that share a scope, where they are so short that opening one would count. */
    private static final int RUNS_IN_SCOPE = 100;

    private static final int SMALL = 10_000;

    private final Library library;
    private @Nullable Supplier<Tensor[]> program;
    private int runsInScope = 1;
    private boolean scoped = true;

    UgokiWorker(Library library) {
        this.library = library;
    }

    @Override
    void start(int threads) {
        System.setProperty("ugoki.threads", Integer.toString(threads));
        Backends.forDevice(Device.cpu());
    }

    @Override
    List<float[]> prepare(Measurement measurement) {
        List<Tensor> inputs = new ArrayList<>();
        boolean isSmall = true;
        for (Input input : measurement.inputs()) {
            inputs.add(
                    input.classes() == 0
                            ? Tensor.of(input.floats(inputs.size()), input.shape())
                            : Tensor.of(input.longs(inputs.size()), input.shape()));
            isSmall &= input.count() < SMALL;
        }
        runsInScope = isSmall ? RUNS_IN_SCOPE : 1;
        Ours ours =
                library == Library.BASELINE && measurement.rival() instanceof OwnBaseline baseline
                        ? baseline.program()
                        : measurement.ours();
        // A plan makes no tensors: scopes would be all that is allocated.
        scoped = !(ours instanceof Ours.Compiled);
        Supplier<Tensor[]> prepared = ours.prepare(inputs.toArray(Tensor[]::new));
        program = prepared;
        List<float[]> results = new ArrayList<>();
        try (TensorScope _ = TensorScope.open()) {
            for (Tensor result : prepared.get()) {
                results.add(result.toFloatArray());
            }
        }
        return results;
    }

    @Override
    void run(long calls) {
        Supplier<Tensor[]> each = Objects.requireNonNull(program);
        for (long call = 0; !scoped && call < calls; call++) {
            each.get();
        }
        for (long call = 0; scoped && call < calls; ) {
            try (TensorScope _ = TensorScope.open()) {
                for (int i = 0; i < runsInScope && call < calls; i++, call++) {
                    each.get();
                }
            }
        }
    }

    @Override
    boolean isReady() {
        return Backends.forDevice(Device.cpu()).pendingKernels() == 0;
    }

    @Override
    String profile(long nanos) {
        Profile profile = new Profile();
        for (long start = System.nanoTime(); System.nanoTime() - start < nanos; ) {
            profile.run(() -> run(1));
        }
        return profile.toLine();
    }

    @Override
    String about() {
        return "Ugoki on Java "
                + Runtime.version()
                + "; "
                + String.join("; ", Backends.forDevice(Device.cpu()).describe());
    }
}
