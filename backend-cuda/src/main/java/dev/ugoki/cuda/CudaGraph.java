package dev.ugoki.cuda;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Stored;

import java.util.function.Supplier;

/**
 * A sequence of operations that was written down once, and is run again with one call: where
 * starting kernels costs more than they do, as in small policies, that is most of the time.
 *
 * {@snippet :
 * CudaGraph graph = CudaGraph.capture(device, () -> new Tensor[] {network.forward(input)});
 * Engine.update(new Overwrite(), input, nextObservation);
 * graph.replay();
 * float[] action = graph.results()[0].toFloatArray();
 * }
 *
 * <p>A replay reads and writes the memory that the capture did: put new values into the same input
 * tensors, and read the results before the next replay. All memory that the sequence touches is
 * kept until the graph is closed. The program may not read values on the host, nor make tensors of
 * host values; random keys and shapes are those of the capture.
 */
public final class CudaGraph implements AutoCloseable {
    private final CudaBackend backend;
    private final CapturedGraph captured;
    private final Tensor[] results;
    private boolean closed;

    private CudaGraph(CudaBackend backend, CapturedGraph captured, Tensor[] results) {
        this.backend = backend;
        this.captured = captured;
        this.results = results;
    }

    /**
     * Runs {@code program} once, so that its kernels are compiled, and once more to write it down.
     *
     * @throws IllegalArgumentException if the device is not a CUDA device
     * @throws IllegalStateException if the program reads values or makes tensors of host values
     */
    public static CudaGraph capture(Device device, Supplier<Tensor[]> program) {
        CudaBackend backend = CudaBackend.of("CudaGraph", device);
        return device.call(
                () -> {
                    try (TensorScope _ = TensorScope.open()) {
                        program.get();
                    }
                    try (TensorScope scope = TensorScope.open()) {
                        Tensor[][] results = new Tensor[1][];
                        CapturedGraph captured = backend.capture(() -> results[0] = program.get());
                        for (Tensor result : results[0]) {
                            scope.keep(result);
                        }
                        return new CudaGraph(backend, captured, results[0]);
                    }
                });
    }

    /** What the program returned; their values are those of the last replay. */
    public Tensor[] results() {
        return results.clone();
    }

    /**
     * Runs the sequence again, behind the call as any operation.
     *
     * @throws IllegalStateException if this is closed
     */
    public void replay() {
        if (closed) {
            throw new IllegalStateException("CudaGraph: it is closed; capture a new one");
        }
        backend.replay(captured);
        for (Tensor result : results) {
            ((Stored) result.payload()).storage().touch();
        }
    }

    /** Waits for the last replay, and lets go of the memory. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            backend.synchronize();
            backend.gpu().close(captured);
        }
    }
}
