package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

/** What the type rules and decompositions of composites have in common. */
final class Operands {
    private static final long MOST_IN_TABLE = 1 << 24;

    private Operands() {}

    /** The types that {@code op} gives for these operands; wrong ones throw. */
    static TensorType[] check(Composite op, Tensor... operands) {
        TensorType[] types = new TensorType[operands.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = operands[i].type();
        }
        return op.infer(types);
    }

    static void count(Op op, TensorType[] in, int least, int most) {
        if (in.length < least || in.length > most) {
            String expected = least == most ? "" + least : "from " + least + " to " + most;
            throw TypeRules.wrong(op, in, "takes " + expected + " operands, not " + in.length);
        }
    }

    /** The first {@code count} operands must have one floating dtype. */
    static void floating(Op op, TensorType[] in, int count) {
        for (int i = 0; i < count; i++) {
            if (!in[i].dtype().isFloating()) {
                throw TypeRules.wrong(
                        op, in, "operand " + i + " must be floating; cast it: x.cast(DType.F32)");
            }
            if (in[i].dtype() != in[0].dtype()) {
                throw TypeRules.wrong(
                        op,
                        in,
                        "dtypes differ; cast one of them: x.cast(DType." + in[0].dtype() + ")");
            }
        }
    }

    static void shape(Op op, TensorType[] in, int operand, String role, Shape expected) {
        if (!in[operand].shape().equals(expected)) {
            throw TypeRules.wrong(
                    op, in, role + " must have shape " + expected + ", not " + in[operand].shape());
        }
    }

    static void index(Op op, TensorType[] in, int operand, String role) {
        if (in[operand].dtype() != DType.I64 && in[operand].dtype() != DType.I32) {
            throw TypeRules.wrong(op, in, role + " must be I64 or I32; cast: x.cast(DType.I64)");
        }
    }

    static void rankAtLeast(Op op, TensorType[] in, int operand, int least, String layout) {
        if (in[operand].shape().rank() < least) {
            throw TypeRules.wrong(op, in, "operand " + operand + " must be " + layout);
        }
    }

    /** The dtype in which sums over elements of {@code dtype} are formed. */
    static DType wide(DType dtype) {
        return dtype == DType.F16 || dtype == DType.BF16 ? DType.F32 : dtype;
    }

    /** The same values in the dtype in which sums over them are formed. */
    static Tensor wide(Tensor x) {
        return x.cast(wide(x.dtype()));
    }

    /** The last {@code count} dimensions of a tensor of {@code rank}. */
    static int[] last(int count, int rank) {
        int[] dims = new int[count];
        for (int i = 0; i < count; i++) {
            dims[i] = rank - count + i;
        }
        return dims;
    }

    /** All dimensions of a tensor of {@code rank} but dimension 1, that of channels. */
    static int[] allButChannels(int rank) {
        int[] dims = new int[rank - 1];
        for (int i = 1; i < dims.length; i++) {
            dims[i] = i + 1;
        }
        return dims;
    }

    /** A vector over channels, shaped to be broadcast against {@code [n, c, spatial..]}. */
    static Tensor overChannels(Tensor vector, int rank) {
        long[] extents = new long[rank];
        java.util.Arrays.fill(extents, 1);
        extents[1] = vector.shape().elementCount();
        return vector.reshape(extents);
    }

    /** {@code shape} with extent 1 in {@code dims}. */
    static Shape keeping(Shape shape, int... dims) {
        long[] extents = shape.toArray();
        for (int dim : dims) {
            extents[dim] = 1;
        }
        return Shape.of(extents);
    }

    /** How many numbers a table on the host has; more than a host should hold throws. */
    static int tableSize(Op op, long rows, long columns) {
        if (rows > MOST_IN_TABLE || columns > MOST_IN_TABLE || rows * columns > MOST_IN_TABLE) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(op.name())
                            + ": a dimension needs a table of "
                            + rows
                            + " times "
                            + columns
                            + " numbers, and may have "
                            + MOST_IN_TABLE
                            + "; give a smaller size, or go there in steps");
        }
        return (int) (rows * columns);
    }

    /** Numbers known on the host, in the dtype and on the device of {@code like}. */
    static Tensor constant(Tensor like, double[] values, long... shape) {
        return like.device().call(() -> Tensor.of(values, shape).cast(like.dtype()));
    }

    /** Indices known on the host, on the device of {@code like}. */
    static Tensor constant(Tensor like, long[] values, long... shape) {
        return like.device().call(() -> Tensor.of(values, shape));
    }

    /** Each element's index along {@code dim}, in the type and on the device of {@code like}. */
    static Tensor iota(Tensor like, int dim) {
        Prim.Iota iota = new Prim.Iota(like.dtype(), like.shape(), dim);
        return like.device().call(() -> Engine.one(iota));
    }
}
