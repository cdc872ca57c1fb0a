package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.tensor.spi.HostMemory;
import dev.ugoki.tensor.spi.Storage;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * A stream, with what belongs to it: pinned memory that copies go through, the place where kernels
 * report faults, and how far other streams have waited for it.
 */
final class Lane {
    private static final long STAGING = 1 << 20;
    private static final int FAULT_BYTES = 64;
    private static final String[] OPERATIONS = {"", "gather", "scatter", "crossEntropy"};

    final Driver driver;
    final long stream;
    private final long event;
    private final long staging;
    private final long fault;
    private final boolean ownsFault;
    private final long seenFault;
    private long staged;

    /** The number of operations so far. */
    private long asked;

    /** How many operations the event stands for. */
    private long recorded;

    private volatile boolean closed;
    private final Map<Lane, Long> waitedFor = new HashMap<>();
    private final @Nullable AdamSteps adamSteps;
    private @Nullable Set<Storage> capturing;

    /** A stream with a place of its own for faults. */
    Lane(Driver driver) {
        this(driver, driver.allocate(FAULT_BYTES), true);
        driver.clear(fault, FAULT_BYTES, stream);
    }

    /**
     * A stream that only captures, with optimizer steps of its own. Its kernels report faults where
     * another's do: the graph runs there later.
     */
    static Lane forCapture(Lane of) {
        return new Lane(of.driver, of.fault, false);
    }

    private Lane(Driver driver, long fault, boolean ownsFault) {
        this.driver = driver;
        this.stream = driver.createStream();
        this.event = driver.createEvent();
        this.staging = ownsFault ? driver.allocatePinned(STAGING) : 0;
        this.seenFault = ownsFault ? driver.allocatePinned(FAULT_BYTES) : 0;
        this.fault = fault;
        this.ownsFault = ownsFault;
        this.adamSteps = ownsFault ? null : new AdamSteps();
    }

    /** The optimizer steps that wait on this stream alone; null where they wait on the device. */
    @Nullable AdamSteps adamSteps() {
        return adamSteps;
    }

    /** The address of the structure that kernels report faults in. */
    long fault() {
        return fault;
    }

    synchronized long nextOperation() {
        return ++asked;
    }

    synchronized long operations() {
        return asked;
    }

    /** Lets this wait for the first {@code operations} of another. */
    void waitFor(Lane other, long operations) {
        if (other == this || other.closed) {
            return;
        }
        synchronized (waitedFor) {
            if (waitedFor.getOrDefault(other, 0L) >= operations) {
                return;
            }
            synchronized (other) {
                if (other.recorded < operations) {
                    driver.record(other.event, other.stream);
                    other.recorded = other.asked;
                }
                driver.waitFor(other.event, stream);
                waitedFor.put(other, other.recorded);
            }
        }
    }

    /** Copies host memory into the device's, in pieces where it is large. */
    synchronized void upload(MemorySegment source, long address) {
        requireNoCapture("copying values to the device");
        long bytes = source.byteSize();
        for (long done = 0; done < bytes; ) {
            if (staged == STAGING) {
                driver.synchronize(stream);
                staged = 0;
            }
            long piece = Math.min(bytes - done, STAGING - staged);
            HostMemory.segment(staging + staged, piece).copyFrom(source.asSlice(done, piece));
            driver.copyToDevice(address + done, staging + staged, piece, stream);
            staged = Math.min(STAGING, staged + (piece + 63) / 64 * 64);
            done += piece;
        }
    }

    /** Copies device memory to the host, and throws what kernels have reported. */
    synchronized void download(long address, MemorySegment destination) {
        requireNoCapture("reading values");
        if (staged > 0) {
            // What was staged is copied once the stream is waited for.
            driver.synchronize(stream);
            staged = 0;
        }
        long bytes = destination.byteSize();
        for (long done = 0; done < bytes; done += STAGING) {
            long piece = Math.min(bytes - done, STAGING);
            driver.copyToHost(staging, address + done, piece, stream);
            driver.copyToHost(seenFault, fault, FAULT_BYTES, stream);
            driver.synchronize(stream);
            destination.asSlice(done, piece).copyFrom(HostMemory.segment(staging, piece));
        }
        if (bytes > 0) {
            throwFault();
        }
    }

    /**
     * Waits for all that was asked for.
     *
     * @throws IndexOutOfBoundsException if a kernel met an index out of range
     */
    synchronized void synchronize() {
        requireNoCapture("waiting for the device");
        driver.copyToHost(seenFault, fault, FAULT_BYTES, stream);
        driver.synchronize(stream);
        staged = 0;
        throwFault();
    }

    private void throwFault() {
        MemorySegment seen = HostMemory.segment(seenFault, FAULT_BYTES);
        if (seen.get(ValueLayout.JAVA_INT, 0) != 0) {
            driver.clear(fault, FAULT_BYTES, stream);
            driver.synchronize(stream);
            throw new IndexOutOfBoundsException(
                    OPERATIONS[seen.get(ValueLayout.JAVA_INT, 4)]
                            + ": index "
                            + seen.get(ValueLayout.JAVA_LONG, 8)
                            + " is outside of dimension "
                            + seen.get(ValueLayout.JAVA_LONG, 16)
                            + " of extent "
                            + seen.get(ValueLayout.JAVA_LONG, 24));
        }
    }

    private void requireNoCapture(String what) {
        if (capturing != null) {
            throw new IllegalStateException(
                    "cuda: "
                            + what
                            + " is not possible while a graph is captured: make tensors of host"
                            + " values before, and read results after");
        }
    }

    synchronized void beginCapture() {
        requireNoCapture("a second capture");
        driver.beginCapture(stream);
        capturing = new LinkedHashSet<>();
    }

    /** Keeps what a captured operation touches where it is. */
    synchronized void hold(Storage storage) {
        if (capturing != null && capturing.add(storage)) {
            storage.pin();
        }
    }

    synchronized boolean isCapturing() {
        return capturing != null;
    }

    /** Ends a capture of which nothing is wanted. */
    synchronized void abandonCapture() {
        CapturedGraph part = endCapture();
        driver.destroyGraph(part.graph());
        part.held().forEach(Storage::unpin);
    }

    /** What was captured; it needs this stream until it is closed. */
    synchronized CapturedGraph endCapture() {
        Set<Storage> held = capturing;
        if (held == null) {
            throw new IllegalStateException("cuda: no capture has begun");
        }
        capturing = null;
        return new CapturedGraph(this, driver.endCapture(stream), held);
    }

    /** Waits, and gives all back. */
    synchronized void close() {
        driver.synchronize(stream);
        closed = true;
        driver.destroyStream(stream);
        driver.destroyEvent(event);
        if (ownsFault) {
            driver.freePinned(staging);
            driver.freePinned(seenFault);
            driver.free(fault);
        }
    }
}
