package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.Driver;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.MemoryPool;
import dev.ugoki.tensor.spi.OutOfDeviceMemoryException;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * One device as the kernels' families see it: it starts kernels on the calling thread's stream and
 * lends memory for the length of an operation.
 */
final class Gpu {
    private static final ScopedValue<Lane> CHOSEN = ScopedValue.newInstance();
    private static final int THREADS = 256;

    /** Whether each kernel is waited for, so that an error names it: {@code -Dugoki.cuda.check}. */
    private static final boolean CHECKED = Boolean.getBoolean("ugoki.cuda.check");

    private static final int CONSTANTS = 4096;
    private static final VarHandle FUNCTIONS = MethodHandles.arrayElementVarHandle(long[].class);

    final Driver driver;
    final MemoryPool memory;
    private final Backend backend;
    private final StreamOrder order = new StreamOrder();
    private final Lane first;
    private final List<Lane> lanes = new ArrayList<>();
    private final Queue<CapturedGraph> abandoned = new ConcurrentLinkedQueue<>();
    private final Map<Integer, Long> constants = new HashMap<>();
    private long nextConstant;
    private int constantsLeft;
    private volatile boolean severalLanes;
    private volatile long[] functions = new long[KernelBatch.kernelCount() + 256];

    Gpu(Driver driver, Backend backend, String name, long budget) {
        this.driver = driver;
        this.backend = backend;
        driver.enter();
        DeviceMemory source = new DeviceMemory(driver, order);
        this.memory = new MemoryPool(name, source, budget);
        source.serves(memory);
        this.first = new Lane(driver);
        lanes.add(first);
    }

    /** The calling thread's stream. */
    Lane lane() {
        driver.enter();
        if (CHOSEN.isBound() && CHOSEN.get().driver == driver) {
            return CHOSEN.get();
        }
        return first;
    }

    /** Another stream. */
    synchronized Lane openLane() {
        driver.enter();
        // From here on uses are noted; what was asked before is waited for once.
        first.synchronize();
        severalLanes = true;
        Lane lane = new Lane(driver);
        lanes.add(lane);
        return lane;
    }

    synchronized void closeLane(Lane lane) {
        driver.enter();
        lane.close();
        lanes.remove(lane);
        // It was waited for; what the last one does needs no order but its own.
        severalLanes = lanes.size() > 1;
    }

    static void onLane(Lane lane, Runnable action) {
        ScopedValue.where(CHOSEN, lane).run(action);
    }

    /** Whether work must reach its stream at once, since others may wait for it. */
    boolean isOrdered() {
        return isTracked(lane());
    }

    /** Waits for all streams. */
    void synchronize() {
        driver.enter();
        if (lane().isCapturing()) {
            lane().synchronize(); // which says that it cannot be
        }
        copyOfLanes().forEach(Lane::synchronize);
    }

    /** Whether uses of memory are noted: what is written down instead of run uses none yet. */
    private boolean isTracked(Lane lane) {
        return severalLanes && !lane.isCapturing();
    }

    /** A stream that a graph is captured on, apart from what other threads do meanwhile. */
    Lane openLaneForCapture() {
        return Lane.forCapture(lane());
    }

    /** Runs what starts kernels on these, after all that they have to wait for. */
    void ordered(Stored[] operands, Stored[] results, Runnable launches) {
        Lane lane = lane();
        if (lane.isCapturing()) {
            for (Stored operand : operands) {
                lane.hold(operand.storage());
            }
            for (Stored result : results) {
                lane.hold(result.storage());
            }
        }
        if (!isTracked(lane)) {
            launches.run();
            return;
        }
        for (Stored operand : operands) {
            order.beforeRead(lane, operand.storage());
        }
        for (Stored result : results) {
            order.beforeWrite(lane, result.storage());
        }
        launches.run();
        lane.nextOperation();
        for (Stored operand : operands) {
            order.afterRead(lane, operand.storage());
        }
        for (Stored result : results) {
            order.afterWrite(lane, result.storage());
        }
    }

    /** Runs a graph, after all that touches its memory and before what will. */
    void replay(CapturedGraph captured) {
        closeAbandoned();
        Lane lane = lane();
        boolean tracked = isTracked(lane);
        List<Storage> held = captured.held();
        for (int i = 0; tracked && i < held.size(); i++) {
            order.beforeWrite(lane, held.get(i));
        }
        driver.launchGraph(captured.graph(), lane.stream);
        if (tracked) {
            lane.nextOperation();
            held.forEach(storage -> order.afterWrite(lane, storage));
        }
    }

    /** Waits for all streams but those that others capture, and gives back what a graph holds. */
    void close(CapturedGraph captured) {
        driver.enter();
        copyOfLanes().forEach(lane -> driver.synchronize(lane.stream));
        captured.close();
    }

    private synchronized List<Lane> copyOfLanes() {
        return List.copyOf(lanes);
    }

    /** Gives back what a graph holds, at a time and on a thread when that can be done. */
    void abandon(CapturedGraph captured) {
        abandoned.add(captured);
    }

    /** Gives back what graphs of plans hold that nobody can reach any more. */
    void closeAbandoned() {
        for (CapturedGraph each = abandoned.poll(); each != null; each = abandoned.poll()) {
            close(each);
        }
    }

    /** Starts one thread for each of {@code count} elements. */
    void launchFor(long count, KernelCode kernel, Arguments arguments) {
        if (count > 0) {
            int threads = (int) Math.min(THREADS, (count + 31) / 32 * 32);
            launch(kernel, arguments, (count + threads - 1) / threads, 1, threads, 0);
        }
    }

    void launch(
            KernelCode kernel,
            Arguments arguments,
            long gridX,
            int gridY,
            int threads,
            int sharedBytes) {
        driver.launch(
                function(kernel),
                gridX,
                gridY,
                threads,
                sharedBytes,
                arguments.address(),
                arguments.bytes(),
                lane().stream);
        if (CHECKED) {
            waitFor(kernel);
        }
    }

    /** A fault of the device shows where it is waited for: so that the kernel can be named. */
    private void waitFor(KernelCode kernel) {
        Lane lane = lane();
        if (!lane.isCapturing()) {
            try {
                driver.synchronize(lane.stream);
            } catch (IllegalStateException e) {
                throw new IllegalStateException("cuda: in kernel " + kernel, e);
            }
        }
    }

    private long function(KernelCode kernel) {
        long[] known = functions;
        int number = kernel.number();
        if (number < known.length) {
            long function = (long) FUNCTIONS.getAcquire(known, number);
            if (function != 0) {
                return function;
            }
        }
        return load(kernel);
    }

    /** Compiles a kernel, if it never was, and loads it. */
    void prepare(KernelCode kernel) {
        function(kernel);
    }

    /** Several may be compiled side by side. */
    private long load(KernelCode kernel) {
        long loaded = driver.load(kernel);
        synchronized (this) {
            int number = kernel.number();
            if (number >= functions.length) {
                functions = Arrays.copyOf(functions, 2 * number);
            }
            if (functions[number] == 0) {
                FUNCTIONS.setRelease(functions, number, loaded);
            }
            return functions[number];
        }
    }

    /** The address of an F32 that never changes. */
    synchronized long constant(float value) {
        return constants.computeIfAbsent(Float.floatToRawIntBits(value), this::placeConstant);
    }

    private long placeConstant(int bits) {
        if (constantsLeft == 0) {
            nextConstant = driver.allocate(CONSTANTS);
            if (nextConstant == 0) {
                throw new OutOfDeviceMemoryException("cuda: no memory for a constant");
            }
            constantsLeft = CONSTANTS / Float.BYTES;
        }
        try (Arena arena = Arena.ofConfined()) {
            Lane lane = lane();
            lane.upload(arena.allocateFrom(ValueLayout.JAVA_INT, bits), nextConstant);
            driver.synchronize(lane.stream);
        }
        constantsLeft--;
        nextConstant += Float.BYTES;
        return nextConstant - Float.BYTES;
    }

    /** Memory for the length of one operation. */
    Scratch scratch() {
        return new Scratch();
    }

    /**
     * Memory that goes back to the pool when this is closed: what is asked of the stream later
     * comes after what used it.
     */
    final class Scratch implements AutoCloseable {
        private final List<Storage> lent = new ArrayList<>(2);

        Stored allocate(TensorType type) {
            Stored stored = new Stored(memory.allocate(type, backend), type);
            lent.add(stored.storage());
            Lane lane = lane();
            if (isTracked(lane)) {
                order.beforeWrite(lane, stored.storage());
            }
            lane.hold(stored.storage());
            return stored;
        }

        Stored allocate(DType dtype, long... shape) {
            return allocate(new TensorType(dtype, Shape.of(shape)));
        }

        @Override
        public void close() {
            for (Storage storage : lent) {
                Lane lane = lane();
                if (isTracked(lane)) {
                    lane.nextOperation();
                    order.afterWrite(lane, storage);
                }
                storage.release();
            }
        }
    }
}
