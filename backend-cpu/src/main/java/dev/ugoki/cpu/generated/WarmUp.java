package dev.ugoki.cpu.generated;

import com.sun.management.ThreadMXBean;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Layout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.concurrent.locks.LockSupport;

/**
 * Calls new code on a few elements until the JIT has compiled it for good.
 *
 * <p>Before that every vector is an object; after it none is. So the code is ready when a batch of
 * calls allocates nothing, which is exact, where a timing would be a guess.
 */
final class WarmUp {
    private static final int ROWS = 2;

    /**
     * Eight to thirty-two vectors: C2 takes loops that were seen to end after one or two for rare,
     * and leaves their code up to two times slower for good.
     */
    private static final int WHOLE_COLUMNS = 128;

    private static final int TAIL_COLUMNS = WHOLE_COLUMNS + 7;
    private static final int CALLS_IN_A_BATCH = 50;

    /** HotSpot compiles what was called some thousand times, loops counting too. */
    private static final int CALLS_UNTIL_COMPILED = 1500;

    private static final long PAUSE_NANOS = 1_000_000;

    /** Code that allocates so many times less than at first is compiled. */
    private static final int FAR_LESS = 10;

    /** After so many such batches the JIT has done what it will do. */
    private static final int BATCHES_THAT_DECIDE = 400;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private WarmUp() {}

    /** Calls of a kernel's code on a few rows of memory of an arena. */
    static Runnable exercise(Kernel kernel, KernelCode code, LoopShape shape, Arena arena) {
        long[] operands = operands(kernel, arena);
        long columns = shape == LoopShape.WITH_TAIL ? TAIL_COLUMNS : WHOLE_COLUMNS;
        ScratchSize size = ScratchSize.of(kernel);
        long scratchBytes = shape == LoopShape.FLAT ? size.ofFlat() : size.ofRows(columns);
        long scratch = arena.allocate(Math.max(64, scratchBytes), 64).address();
        long end = shape == LoopShape.FLAT ? WHOLE_COLUMNS : ROWS;
        return () -> code.run(operands, 0, end, columns, scratch);
    }

    /** What became of code. */
    enum Outcome {
        /** Compiled: it allocates nothing. */
        WARM,
        /** Compiled, but C2 left a vector here or there on the heap: fast all the same. */
        ALMOST,
        /** Not compiled within the limit. */
        COLD
    }

    /**
     * Warms code that allocates nothing once it is compiled, on the calling thread.
     *
     * @param limitSeconds of this thread's processor time, which a busy machine does not use up,
     *     and of pauses
     */
    static Outcome run(Runnable code, double limitSeconds) {
        long deadline = THREADS.getCurrentThreadCpuTime() + (long) (limitSeconds * 1e9);
        long pauses = (long) (limitSeconds * 1e9 / PAUSE_NANOS);
        long cold = Long.MAX_VALUE;
        int almost = 0;
        for (int calls = 0; pauses > 0 && THREADS.getCurrentThreadCpuTime() < deadline; ) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS_IN_A_BATCH; call++) {
                code.run();
            }
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            if (allocated == 0) {
                return Outcome.WARM;
            }
            cold = calls == 0 ? allocated : cold;
            calls += CALLS_IN_A_BATCH;
            almost = allocated < cold / FAR_LESS ? almost + 1 : 0;
            if (almost == BATCHES_THAT_DECIDE) {
                return Outcome.ALMOST;
            }
            if (calls > CALLS_UNTIL_COMPILED) {
                // The JIT is at work, and wants the processor.
                LockSupport.parkNanos(PAUSE_NANOS);
                pauses--;
            }
            if (Thread.interrupted()) {
                return Outcome.COLD;
            }
        }
        return Outcome.COLD;
    }

    private static long[] operands(Kernel kernel, Arena arena) {
        long[] operands = new long[2 * kernel.tableSize()];
        for (int k = 0; k < kernel.tableSize(); k++) {
            operands[2 * k] = area(arena, ROWS);
            operands[2 * k + 1] = distance(kernel, k);
        }
        return operands;
    }

    private static long distance(Kernel kernel, int operand) {
        int inputs = kernel.operands().size();
        Layout layout =
                operand < inputs
                        ? kernel.operands().get(operand).layout()
                        : kernel.outputs().get(operand - inputs).layout();
        return layout == Layout.PER_ROW ? 4 : 4L * TAIL_COLUMNS;
    }

    private static long area(Arena arena, int rows) {
        MemorySegment area = arena.allocate(4L * (TAIL_COLUMNS + 9) * rows + 64, 64);
        for (long at = 0; at < area.byteSize(); at += 4) {
            area.set(ValueLayout.JAVA_FLOAT, at, 0.5f + (at % 28) / 64f);
        }
        return area.address();
    }
}
