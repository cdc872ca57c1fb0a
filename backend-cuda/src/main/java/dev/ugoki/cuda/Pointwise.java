package dev.ugoki.cuda;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.KernelJoin;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.MaskValue;
import dev.ugoki.tensor.kernel.ValueType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.PointwiseKernels;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The functions of single elements that kernels of this backend compute, for plans to join. Values
 * that lie in memory as F16 or BF16 are F32 that have been rounded, as they would be on their way
 * through memory.
 */
final class Pointwise {
    private static final int LEAST_NORMAL_F16 = 0x38800000;
    private static final int BEYOND_F16 = 0x477ff000;
    private static final int INFINITE = 0x7f800000;

    private Pointwise() {}

    /** Device functions of F32 that stand before {@code functions.cuh}. */
    static String functions() {
        Map<String, Kernel> kernels = new TreeMap<>();
        for (Prim.Unary.Kind kind : Prim.Unary.Kind.values()) {
            if (PointwiseKernels.has(kind)) {
                kernels.put(kind.name(), PointwiseKernels.unary(kind, Layout.FULL));
            }
        }
        for (Prim.Binary.Kind kind : List.of(Prim.Binary.Kind.MAX, Prim.Binary.Kind.MIN)) {
            kernels.put(kind.name(), PointwiseKernels.binary(kind, Layout.FULL, Layout.FULL));
        }
        StringBuilder text = new StringBuilder();
        kernels.forEach(
                (name, kernel) ->
                        text.append(
                                NestWriter.writeFunction("nest_" + name.toLowerCase(), kernel)));
        return text.toString();
    }

    /**
     * The kernel of an operation on operands of these types, all full; null where there is none.
     */
    static @Nullable Kernel of(Op op, TensorType... operands) {
        return switch (op) {
            case Prim.Fill fill when isNarrow(fill.dtype()) -> constant(fill);
            case Prim.Cast cast -> cast(cast, operands[0]);
            case Prim.Select _ when isNarrow(operands[1].dtype()) -> select();
            case Prim.Compare compare -> PointwiseKernels.of(compare, wide(operands));
            case Prim prim -> {
                DType dtype = operands.length == 0 ? DType.F32 : operands[0].dtype();
                yield rounded(PointwiseKernels.of(prim, wide(operands)), dtype);
            }
            case Composite composite -> {
                Kernel kernel = Fused.pointwise(composite, operands);
                yield kernel == null ? null : rounded(kernel, operands[0].dtype());
            }
        };
    }

    private static boolean isNarrow(DType dtype) {
        return dtype == DType.F16 || dtype == DType.BF16;
    }

    private static TensorType[] wide(TensorType... types) {
        TensorType[] wide = types.clone();
        for (int i = 0; i < wide.length; i++) {
            wide[i] = types[i].withDType(Names.wide(types[i].dtype()));
        }
        return wide;
    }

    /** From F16 or BF16 nothing is lost; to them, of integers two roundings would differ. */
    private static @Nullable Kernel cast(Prim.Cast cast, TensorType operand) {
        DType from = Names.wide(operand.dtype());
        DType to = Names.wide(cast.dtype());
        if (isNarrow(cast.dtype()) && from != DType.F32 && from != DType.BOOL) {
            return null;
        }
        Kernel kernel =
                from == DType.F32 && to == DType.F32
                        ? same()
                        : PointwiseKernels.of(new Prim.Cast(to), operand.withDType(from));
        return rounded(kernel, cast.dtype());
    }

    private static Kernel same() {
        KernelBuilder kernel = new KernelBuilder();
        return kernel.output(kernel.input(Layout.FULL)).build();
    }

    private static Kernel select() {
        KernelBuilder kernel = new KernelBuilder();
        MaskValue condition = kernel.maskInput(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        return kernel.output(condition.select(x, kernel.input(Layout.FULL))).build();
    }

    private static Kernel constant(Prim.Fill fill) {
        double value = fill.value().doubleValue();
        float rounded =
                fill.dtype() == DType.F16
                        ? NarrowFloats.fromF16(NarrowFloats.toF16(value))
                        : NarrowFloats.fromBF16(NarrowFloats.toBF16(value));
        KernelBuilder kernel = new KernelBuilder();
        return kernel.output(kernel.constant(rounded)).build();
    }

    /** The kernel, and its one output rounded where it is of a narrow type. */
    private static @Nullable Kernel rounded(@Nullable Kernel kernel, DType dtype) {
        if (kernel == null || !isNarrow(dtype)) {
            return kernel;
        }
        KernelJoin join = new KernelJoin();
        List<Integer> inputs = new ArrayList<>();
        kernel.operands().forEach(operand -> inputs.add(join.input(operand.type())));
        List<Integer> value = join.append(kernel, inputs);
        boolean floats = kernel.types().get(kernel.outputs().getFirst().value()) == ValueType.F32;
        join.output((floats ? join.append(rounding(dtype), value) : value).getFirst());
        return join.build();
    }

    private static Kernel rounding(DType dtype) {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        return kernel.output(dtype == DType.BF16 ? toBf16(x) : toF16(x)).build();
    }

    /** To nearest, ties to even; NaN stays NaN. */
    private static FloatValue toBf16(FloatValue x) {
        return x.isNaN().select(x, nearest(x.bits(), 16).asFloat());
    }

    /** The bits with the last {@code count} rounded away; a carry goes where it should. */
    private static IntValue nearest(IntValue bits, int count) {
        IntValue last = bits.shiftRightUnsigned(count).and(1);
        return bits.plus(last).plus((1 << count - 1) - 1).and(-1 << count);
    }

    /** Below the normal numbers all are whole multiples of 2^-24, as what is near 1/2 in F32 is. */
    private static FloatValue toF16(FloatValue x) {
        KernelBuilder kernel = x.kernel();
        IntValue sign = x.bits().and(Integer.MIN_VALUE);
        IntValue magnitude = x.bits().and(Integer.MAX_VALUE);
        FloatValue half = kernel.constant(0.5f);
        IntValue small = magnitude.asFloat().plus(half).minus(half).bits();
        IntValue normal = nearest(magnitude, 13);
        IntValue finite =
                magnitude.lessThan(kernel.intConstant(LEAST_NORMAL_F16)).select(small, normal);
        IntValue any =
                magnitude
                        .lessThan(kernel.intConstant(BEYOND_F16))
                        .select(finite, kernel.intConstant(INFINITE));
        return x.isNaN().select(x, any.or(sign).asFloat());
    }
}
