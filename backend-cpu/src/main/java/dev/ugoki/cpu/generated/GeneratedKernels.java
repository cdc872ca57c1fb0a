package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Kernel;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * All kernels of the process, by content.
 *
 * {@snippet :
 * GeneratedKernel softmax = GeneratedKernels.get(RowKernels.softmax());
 * softmax.runRows(new long[] {x, rowBytes, y, rowBytes}, 0, rows, columns, scratch);
 * }
 *
 * <p>Looking a kernel up hashes its instructions; what runs often keeps the result.
 */
public final class GeneratedKernels {
    private static final ConcurrentHashMap<Kernel, GeneratedKernel> KERNELS =
            new ConcurrentHashMap<>();

    private GeneratedKernels() {}

    /** Java started with {@code -Xint} would only ever warm generated code in vain. */
    static boolean hasJit() {
        return !System.getProperty("java.vm.info", "").startsWith("interpreted");
    }

    /** The one executable kernel of this content. */
    public static GeneratedKernel get(Kernel kernel) {
        return KERNELS.computeIfAbsent(kernel, GeneratedKernel::new);
    }

    /** How many pieces of generated code, of all kinds, wait for the JIT. */
    public static int pending() {
        return CodeQueue.pending();
    }

    /** Waits until none is pending; whether that came within the time. */
    public static boolean awaitNonePending(long time, TimeUnit unit) throws InterruptedException {
        return CodeQueue.awaitNone(time, unit);
    }
}
