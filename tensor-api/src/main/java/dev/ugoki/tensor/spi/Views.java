package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

/** The operations that need no kernel: another layout of the same memory. */
public final class Views {
    private Views() {}

    /** The result of {@code op} as a view of its operand, or null where it takes a copy. */
    public static @Nullable Stored of(Prim op, Stored operand, TensorType type) {
        return switch (op) {
            case Prim.Reshape reshape -> reshape(operand, type);
            case Prim.Permute permute -> {
                long[] strides = new long[type.shape().rank()];
                for (int dim = 0; dim < strides.length; dim++) {
                    strides[dim] = operand.stride(permute.dims().get(dim));
                }
                yield new Stored(operand.storage(), type, operand.offset(), strides);
            }
            case Prim.Expand expand -> {
                long[] strides = new long[type.shape().rank()];
                for (int dim = 0; dim < strides.length; dim++) {
                    boolean same = operand.shape().extent(dim) == type.shape().extent(dim);
                    strides[dim] = same ? operand.stride(dim) : 0;
                }
                yield new Stored(operand.storage(), type, operand.offset(), strides);
            }
            case Prim.Slice slice -> slice(slice, operand, type);
            default -> null;
        };
    }

    private static Stored slice(Prim.Slice op, Stored operand, TensorType type) {
        long offset = operand.offset();
        long[] strides = new long[type.shape().rank()];
        for (int dim = 0; dim < strides.length; dim++) {
            Prim.Range range = op.ranges().get(dim);
            if (range.count() > 0) {
                offset += range.start() * operand.stride(dim);
            }
            strides[dim] = range.count() > 1 ? range.step() * operand.stride(dim) : 1;
        }
        return new Stored(operand.storage(), type, offset, strides);
    }

    /**
     * Walks both shapes from the end. Dimensions of the operand that follow one another without a
     * gap form a run, and each run must be filled exactly by dimensions of the result.
     */
    private static @Nullable Stored reshape(Stored operand, TensorType type) {
        Shape to = type.shape();
        if (operand.isContiguous()) {
            return new Stored(operand.storage(), type, operand.offset(), to.toRowMajorStrides());
        }
        Shape from = operand.shape();
        long[] strides = new long[to.rank()];
        int target = to.rank() - 1;
        long innermost = operand.stride(from.rank() - 1);
        long inRun = 1;
        for (int source = from.rank() - 1; source >= 0; source--) {
            inRun *= from.extent(source);
            if (source > 0
                    && (from.extent(source - 1) == 1
                            || operand.stride(source - 1) == inRun * innermost)) {
                continue;
            }
            long filled = 1;
            while (target >= 0 && (filled < inRun || to.extent(target) == 1)) {
                strides[target] = filled * innermost;
                filled *= to.extent(target);
                target--;
            }
            if (filled != inRun) {
                return null;
            }
            if (source > 0) {
                innermost = operand.stride(source - 1);
                inRun = 1;
            }
        }
        return target < 0 ? new Stored(operand.storage(), type, operand.offset(), strides) : null;
    }
}
