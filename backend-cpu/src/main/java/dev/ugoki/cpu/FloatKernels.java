package dev.ugoki.cpu;

import dev.ugoki.tensor.op.Prim;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/** The F32 kernels over contiguous elements. */
interface FloatKernels {
    FloatKernels INSTANCE = new Plain();

    /** {@code result = kind(a)}, where {@code a} is one element or {@code count}. */
    void unary(Prim.Unary.Kind kind, long count, long a, boolean scalar, long result);

    /** {@code result = kind(a, b)}, where each operand is one element or {@code count}. */
    void binary(
            Prim.Binary.Kind kind,
            long count,
            long a,
            boolean aScalar,
            long b,
            boolean bScalar,
            long result);

    /** Loops over single elements in double arithmetic. */
    final class Plain implements FloatKernels {
        @Override
        public void unary(Prim.Unary.Kind kind, long count, long a, boolean scalar, long result) {
            DoubleUnaryOperator function = ScalarFunctions.of(kind);
            long step = scalar ? 0 : 4;
            for (long i = 0; i < count; i++) {
                double x = NativeMemory.getFloat(a + i * step);
                NativeMemory.setFloat(result + 4 * i, (float) function.applyAsDouble(x));
            }
        }

        @Override
        public void binary(
                Prim.Binary.Kind kind,
                long count,
                long a,
                boolean aScalar,
                long b,
                boolean bScalar,
                long result) {
            DoubleBinaryOperator function = ScalarFunctions.of(kind);
            long aStep = aScalar ? 0 : 4;
            long bStep = bScalar ? 0 : 4;
            for (long i = 0; i < count; i++) {
                double x = NativeMemory.getFloat(a + i * aStep);
                double y = NativeMemory.getFloat(b + i * bStep);
                NativeMemory.setFloat(result + 4 * i, (float) function.applyAsDouble(x, y));
            }
        }
    }
}
