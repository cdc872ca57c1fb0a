package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.PointwiseKernels;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The generated kernels of what mixes types or is not F32 alone: integer functions of I32,
 * comparisons and choices of F32 and I32, conversions between F32, I32 and BOOL.
 */
final class WordKernels {
    private record Key(Prim op, DType from, DType to, List<Layout> layouts) {}

    private static final Map<Key, GeneratedKernel> KERNELS = new ConcurrentHashMap<>();

    private WordKernels() {}

    /**
     * Whether there is a kernel.
     *
     * @param from the dtype of the last operand
     * @param to the dtype of the result
     */
    static boolean has(Prim op, DType from, DType to) {
        return PointwiseKernels.hasOfWords(op, from, to);
    }

    /** The kernel for operands that vary so. */
    static GeneratedKernel of(Prim op, DType from, DType to, Layout... layouts) {
        Key key = new Key(op, from, to, List.of(layouts));
        GeneratedKernel known = KERNELS.get(key);
        return known != null ? known : KERNELS.computeIfAbsent(key, WordKernels::build);
    }

    private static GeneratedKernel build(Key key) {
        return GeneratedKernels.get(
                PointwiseKernels.ofWords(key.op(), key.from(), key.to(), key.layouts()));
    }
}
