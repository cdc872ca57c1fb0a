package dev.ugoki.cuda;

import dev.ugoki.tensor.Device;

/**
 * A stream of a device: what a thread runs on it runs side by side with what others run elsewhere.
 *
 * {@snippet :
 * try (CudaStream stream = CudaStream.open(new Device("cuda", 0))) {
 *     stream.run(() -> policy.act(observation));
 * }
 * }
 *
 * <p>Without one, all threads share the device's first stream. Tensors may go from stream to
 * stream: whoever reads or overwrites what another stream has written waits for it by an event, and
 * so the results are those of one stream, bit for bit.
 */
public final class CudaStream implements AutoCloseable {
    private final CudaBackend backend;
    private final Lane lane;

    private CudaStream(CudaBackend backend) {
        this.backend = backend;
        this.lane = backend.openLane();
    }

    /**
     * A new stream.
     *
     * @throws IllegalArgumentException if the device is not a CUDA device
     */
    public static CudaStream open(Device device) {
        return new CudaStream(CudaBackend.of("CudaStream", device));
    }

    /**
     * Runs {@code action} with its device as the current one, and its operations on this stream.
     */
    public void run(Runnable action) {
        backend.device().run(() -> Gpu.onLane(lane, action));
    }

    /** Waits for what was asked of this stream. */
    public void synchronize() {
        backend.gpu().driver.enter();
        lane.synchronize();
    }

    /** Waits for this stream, and ends it. */
    @Override
    public void close() {
        backend.gpu().closeLane(lane);
    }
}
