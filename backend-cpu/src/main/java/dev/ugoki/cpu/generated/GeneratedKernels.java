package dev.ugoki.cpu.generated;

import dev.ugoki.cpu.VectorModule;
import dev.ugoki.tensor.kernel.Kernel;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.ConcurrentHashMap;

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
    /** Null without the Vector API or a JIT: then the interpreter does all the work. */
    private static final @Nullable KernelCompiler COMPILER =
            VectorModule.isUsable() && hasJit() ? new KernelCompiler(VectorWidth.PREFERRED) : null;

    private static final ConcurrentHashMap<Kernel, GeneratedKernel> KERNELS =
            new ConcurrentHashMap<>();

    private GeneratedKernels() {}

    /** Java started with {@code -Xint} would only ever warm generated code in vain. */
    static boolean hasJit() {
        return !System.getProperty("java.vm.info", "").startsWith("interpreted");
    }

    /** The one executable kernel of this content. */
    public static GeneratedKernel get(Kernel kernel) {
        return KERNELS.computeIfAbsent(kernel, added -> new GeneratedKernel(added, COMPILER));
    }
}
