package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.PointwiseKernels;

import org.jspecify.annotations.Nullable;

import java.util.EnumMap;
import java.util.Map;

/**
 * The generated kernels of F32 primitives, by operation and by how their operands vary.
 *
 * <p>Functions that have no expression here give null, and go through scalar loops.
 */
final class FloatKernels {
    private static final Layout[] LAYOUTS = Layout.values();
    private static final Map<Prim.Unary.Kind, @Nullable GeneratedKernel[]> UNARY =
            new EnumMap<>(Prim.Unary.Kind.class);
    private static final Map<Prim.Binary.Kind, @Nullable GeneratedKernel[]> BINARY =
            new EnumMap<>(Prim.Binary.Kind.class);

    static {
        for (Prim.Unary.Kind kind : Prim.Unary.Kind.values()) {
            UNARY.put(kind, new GeneratedKernel[LAYOUTS.length]);
        }
        for (Prim.Binary.Kind kind : Prim.Binary.Kind.values()) {
            BINARY.put(kind, new GeneratedKernel[LAYOUTS.length * LAYOUTS.length]);
        }
    }

    private FloatKernels() {}

    static boolean has(Prim.Unary.Kind kind) {
        return PointwiseKernels.has(kind);
    }

    static GeneratedKernel unary(Prim.Unary.Kind kind, Layout x) {
        @Nullable GeneratedKernel[] known = UNARY.get(kind);
        GeneratedKernel kernel = known == null ? null : known[x.ordinal()];
        if (kernel == null) {
            kernel = GeneratedKernels.get(PointwiseKernels.unary(kind, x));
            if (known != null) {
                known[x.ordinal()] = kernel;
            }
        }
        return kernel;
    }

    static boolean has(Prim.Binary.Kind kind) {
        return PointwiseKernels.has(kind);
    }

    static GeneratedKernel binary(Prim.Binary.Kind kind, Layout x, Layout y) {
        @Nullable GeneratedKernel[] known = BINARY.get(kind);
        int index = x.ordinal() * LAYOUTS.length + y.ordinal();
        GeneratedKernel kernel = known == null ? null : known[index];
        if (kernel == null) {
            kernel = GeneratedKernels.get(PointwiseKernels.binary(kind, x, y));
            if (known != null) {
                known[index] = kernel;
            }
        }
        return kernel;
    }
}
