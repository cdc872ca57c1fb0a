package dev.ugoki.cuda.driver;

import java.util.List;

/**
 * One device: memory, streams, kernels, and the libraries that come with it. Addresses and handles
 * are longs; 0 is the default stream, which no operation uses. Work on a stream runs in order, and
 * behind the calls.
 *
 * <p>Failures of the device throw {@link IllegalStateException} with its own words. Safe for use by
 * many threads.
 */
public interface Driver {
    /** Lines about device, driver and libraries. */
    List<String> describe();

    /** Bytes of the device's memory. */
    long memoryBytes();

    /** Makes this the calling thread's device; to be called before anything else by each thread. */
    void enter();

    /** Device memory, 256-byte aligned; 0 where there is none left. */
    long allocate(long bytes);

    /** Gives memory back, after all work that was asked for. */
    void free(long address);

    /** Host memory that the device copies from and to at full speed. */
    long allocatePinned(long bytes);

    void freePinned(long address);

    long createStream();

    void destroyStream(long stream);

    /** Copies from pinned host memory. */
    void copyToDevice(long device, long pinned, long bytes, long stream);

    /** Copies to pinned host memory. */
    void copyToHost(long pinned, long device, long bytes, long stream);

    /** Sets bytes to 0. */
    void clear(long device, long bytes, long stream);

    /** The function of a kernel, compiled now if it never was. */
    long load(KernelCode kernel);

    /**
     * Starts a kernel.
     *
     * @param arguments the host address of its structure, which is copied
     * @param sharedBytes of shared memory for each block
     */
    void launch(
            long function,
            long gridX,
            int gridY,
            int threads,
            int sharedBytes,
            long arguments,
            int argumentBytes,
            long stream);

    /** Waits for a stream. */
    void synchronize(long stream);

    /** Waits for all streams. */
    void synchronize();

    long createEvent();

    void destroyEvent(long event);

    /** Lets {@code event} stand for all that was asked of the stream so far. */
    void record(long event, long stream);

    /** Lets the stream wait for what the event stands for. */
    void waitFor(long event, long stream);

    /** From here on what is asked of the stream is written down instead of run. */
    void beginCapture(long stream);

    /** What was written down, as a graph that can be run. */
    long endCapture(long stream);

    void launchGraph(long graph, long stream);

    void destroyGraph(long graph);

    /** Whether {@link #multiply} takes this; where not, our own kernel does. */
    boolean canMultiply(MatrixProducts products);

    void multiply(MatrixProducts products, long stream);

    /** Whether {@link #convolve} takes this; where not, our own kernels do. */
    boolean canConvolve(ConvolutionCall call);

    void convolve(ConvolutionCall call, long stream);

    /** Whether {@link #attend} takes this; where not, our own kernels do. */
    boolean canAttend(AttentionCall call);

    void attend(AttentionCall call, long stream);
}
