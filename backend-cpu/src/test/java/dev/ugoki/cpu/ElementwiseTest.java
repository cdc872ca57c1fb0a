package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Random;

class ElementwiseTest {
    private static final float UNTOUCHED = 12345.678f;
    private static final ElementwiseLoops VECTOR = new VectorElementwise();
    private static final ElementwiseLoops SCALAR = new ScalarElementwise();

    @AfterEach
    void twoThreads() {
        ThreadPool.shared().setThreads(2);
    }

    /** Any bits, and among them many of the usual size. */
    private static float[] inputs(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] =
                    switch (i % 4) {
                        case 0 -> Float.intBitsToFloat(random.nextInt());
                        case 1 -> random.nextInt(11) - 5;
                        case 2 -> (float) random.nextGaussian();
                        default -> (float) random.nextGaussian() * 50;
                    };
        }
        return values;
    }

    /** Bits, but all NaNs alike. */
    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }

    private static float[] unary(
            ElementwiseLoops loops, UnaryFunction function, float[] values, int count) {
        long x = Floats.of(values);
        loops.unary(function, x, x, count);
        float[] result = Floats.read(x, values.length);
        NativeMemory.free(x);
        return result;
    }

    @ParameterizedTest
    @EnumSource
    void vectorsAndScalarsGiveTheSameBits(UnaryFunction function) {
        float[] x = inputs(20_011, function.ordinal());
        float[] expected = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            expected[i] = ScalarMath.apply(function, x[i]);
        }
        assertArrayEquals(bits(expected), bits(unary(VECTOR, function, x, x.length)));
        assertArrayEquals(bits(expected), bits(unary(SCALAR, function, x, x.length)));
    }

    @ParameterizedTest
    @EnumSource
    void vectorsAndScalarsGiveTheSameBits(BinaryFunction function) {
        float[] a = inputs(5_003, 1);
        float[] b = inputs(5_003, 2);
        for (int aStep = 0; aStep < 2; aStep++) {
            for (int bStep = 0; bStep < 2; bStep++) {
                float[] expected = new float[a.length];
                for (int i = 0; i < a.length; i++) {
                    expected[i] = ScalarMath.apply(function, a[1 + aStep * i % 5000], b[bStep * i]);
                }
                for (ElementwiseLoops loops : new ElementwiseLoops[] {VECTOR, SCALAR}) {
                    float[] actual = binary(loops, function, a, aStep, b, bStep);
                    assertArrayEquals(
                            java.util.Arrays.copyOf(bits(expected), 4999),
                            java.util.Arrays.copyOf(bits(actual), 4999));
                }
            }
        }
    }

    private static float[] binary(
            ElementwiseLoops loops,
            BinaryFunction function,
            float[] a,
            int aStep,
            float[] b,
            int bStep) {
        long x = Floats.of(a);
        long y = Floats.of(b);
        long out = NativeMemory.allocate(4L * a.length);
        loops.binary(function, x + 4, aStep, y, bStep, out, a.length - 1);
        float[] result = Floats.read(out, a.length);
        NativeMemory.free(x);
        NativeMemory.free(y);
        NativeMemory.free(out);
        return result;
    }

    @ParameterizedTest
    @EnumSource
    void nothingBeyondTheOutputIsWritten(UnaryFunction function) {
        for (int count = 0; count < 70; count++) {
            float[] values = new float[count + 20];
            java.util.Arrays.fill(values, UNTOUCHED);
            java.util.Arrays.fill(values, 0, count, 0.5f);
            float[] result = unary(VECTOR, function, values, count);
            for (int i = 0; i < result.length; i++) {
                float expected = i < count ? ScalarMath.apply(function, 0.5f) : UNTOUCHED;
                assertEquals(expected, result[i]);
            }
        }
    }

    @Test
    void rowsAndColumnsAreBroadcast() {
        ThreadPool.shared().setThreads(2);
        int rows = 300;
        int columns = 211;
        float[] a = Floats.normal(rows * columns, 5);
        float[] row = Floats.normal(columns, 6);
        float[] column = Floats.normal(rows, 7);
        float[] withRow = new float[rows * (columns + 3)];
        float[] withColumn = new float[rows * (columns + 3)];
        java.util.Arrays.fill(withRow, UNTOUCHED);
        java.util.Arrays.fill(withColumn, UNTOUCHED);
        long x = Floats.of(a);
        long y = Floats.of(row);
        long z = Floats.of(column);
        long u = Floats.of(withRow);
        long v = Floats.of(withColumn);
        int out = columns + 3;
        Elementwise.binaryRows(BinaryFunction.ADD, x, columns, 1, y, 0, 1, u, out, rows, columns);
        Elementwise.binaryRows(
                BinaryFunction.SUBTRACT, z, 1, 0, x, columns, 1, v, out, rows, columns);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                withRow[r * out + c] = a[r * columns + c] + row[c];
                withColumn[r * out + c] = column[r] - a[r * columns + c];
            }
        }
        assertArrayEquals(withRow, Floats.read(u, withRow.length));
        assertArrayEquals(withColumn, Floats.read(v, withColumn.length));
        for (long address : new long[] {x, y, z, u, v}) {
            NativeMemory.free(address);
        }
    }

    @Test
    void largeArraysGiveTheSameBitsWithOneAndTwoThreads() {
        float[] values = inputs(200_003, 8);
        long x = Floats.of(values);
        long out = NativeMemory.allocate(4L * values.length);
        for (UnaryFunction function : UnaryFunction.values()) {
            int count = function.elementsPerTask() < 1000 ? 5_000 : values.length;
            ThreadPool.shared().setThreads(1);
            Elementwise.unary(function, x, out, count);
            int[] alone = bits(Floats.read(out, count));
            ThreadPool.shared().setThreads(2);
            Elementwise.unary(function, x, out, count);
            assertArrayEquals(alone, bits(Floats.read(out, count)));
        }
        Elementwise.binary(BinaryFunction.MULTIPLY, x, 1, x, 1, out, values.length);
        int[] squares = bits(Floats.read(out, values.length));
        Elementwise.unary(UnaryFunction.SQUARE, x, out, values.length);
        assertArrayEquals(squares, bits(Floats.read(out, values.length)));
        NativeMemory.free(x);
        NativeMemory.free(out);
    }

    @ParameterizedTest
    @EnumSource
    void warmLoopsMakeNoGarbage(UnaryFunction function) {
        long x = Floats.of(Floats.normal(301, 9));
        long out = NativeMemory.allocate(4 * 301);
        Runnable call = () -> Elementwise.unary(function, x, out, 301);
        assertEquals(0, Allocation.bytesPerCall(call));
        NativeMemory.free(x);
        NativeMemory.free(out);
    }

    @ParameterizedTest
    @EnumSource
    void warmLoopsMakeNoGarbage(BinaryFunction function) {
        long x = Floats.of(Floats.normal(301, 9));
        long out = NativeMemory.allocate(4 * 301);
        for (int bStep = 0; bStep < 2; bStep++) {
            int step = bStep;
            Runnable call = () -> Elementwise.binary(function, x, 1, x, step, out, 301);
            assertEquals(0, Allocation.bytesPerCall(call));
        }
        NativeMemory.free(x);
        NativeMemory.free(out);
    }
}
