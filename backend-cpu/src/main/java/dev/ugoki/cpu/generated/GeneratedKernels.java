package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Kernel;
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
    private static final KernelCompiler COMPILER = new KernelCompiler(VectorWidth.PREFERRED);
    private static final ConcurrentHashMap<Kernel, GeneratedKernel> KERNELS =
            new ConcurrentHashMap<>();

    private GeneratedKernels() {}

    /** The one executable kernel of this content. */
    public static GeneratedKernel get(Kernel kernel) {
        return KERNELS.computeIfAbsent(kernel, added -> new GeneratedKernel(added, COMPILER));
    }
}
