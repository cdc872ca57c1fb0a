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
    }

    static void onLane(Lane lane, Runnable action) {
        ScopedValue.where(CHOSEN, lane).run(action);
    }

    /**
     * Whether work must reach its stream at once: others may wait for it, or it is written down.
     */
    boolean isOrdered() {
        return severalLanes || lane().isCapturing();
    }

    /** Waits for all streams. */
    void synchronize() {
        driver.enter();
        List<Lane> all;
        synchronized (this) {
            all = List.copyOf(lanes);
        }
        for (Lane lane : all) {
            if (!lane.isCapturing() || lane == lane()) {
                lane.synchronize();
            }
        }
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
        if (!severalLanes) {
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
    void replay(long graph, List<Storage> held) {
        Lane lane = lane();
        if (severalLanes) {
            held.forEach(storage -> order.beforeWrite(lane, storage));
        }
        driver.launchGraph(graph, lane.stream);
        if (severalLanes) {
            lane.nextOperation();
            held.forEach(storage -> order.afterWrite(lane, storage));
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

    private synchronized long load(KernelCode kernel) {
        int number = kernel.number();
        if (number >= functions.length) {
            functions = Arrays.copyOf(functions, 2 * number);
        }
        if (functions[number] == 0) {
            FUNCTIONS.setRelease(functions, number, driver.load(kernel));
        }
        return functions[number];
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
            if (severalLanes) {
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
                if (severalLanes) {
                    Lane lane = lane();
                    lane.nextOperation();
                    order.afterWrite(lane, storage);
                }
                storage.release();
            }
        }
    }
}
