package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigDecimal;

class FloatReductionsTest {
    private static final RowReductions VECTOR = new VectorRowReductions();
    private static final RowReductions SCALAR = new ScalarRowReductions();

    @AfterEach
    void twoThreads() {
        ThreadPool.shared().setThreads(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 15, 16, 31, 32, 33, 63, 64, 65, 100, 1000, 1023, 4097})
    void vectorsAndScalarsGiveTheSameBits(int count) {
        for (long seed = 0; seed < 20; seed++) {
            float[] values = Floats.normal(count + 1, seed);
            if (seed % 4 == 1) {
                values[(int) (seed * 37 % (count + 1))] = Float.NaN;
            } else if (seed % 4 == 2) {
                values[(int) (seed * 37 % (count + 1))] = Float.NEGATIVE_INFINITY;
            }
            long x = Floats.of(values) + 4;
            assertEquals(
                    Double.doubleToLongBits(SCALAR.sum(x, count)),
                    Double.doubleToLongBits(VECTOR.sum(x, count)));
            assertEquals(
                    Float.floatToIntBits(SCALAR.maximum(x, count)),
                    Float.floatToIntBits(VECTOR.maximum(x, count)));
            assertEquals(
                    Float.floatToIntBits(SCALAR.minimum(x, count)),
                    Float.floatToIntBits(VECTOR.minimum(x, count)));
            NativeMemory.free(x - 4);
        }
    }

    @Test
    void extremesKnowTheSignOfZero() {
        float[] zeros = new float[70];
        java.util.Arrays.fill(zeros, -0f);
        zeros[41] = 0f;
        long x = Floats.of(zeros);
        assertEquals(0, Float.floatToIntBits(VECTOR.maximum(x, 70)));
        assertEquals(Integer.MIN_VALUE, Float.floatToIntBits(VECTOR.minimum(x, 70)));
        assertEquals(Integer.MIN_VALUE, Float.floatToIntBits(VECTOR.maximum(x, 40)));
        NativeMemory.free(x);
    }

    private static float sum(long x, long count) {
        long result = NativeMemory.allocate(4);
        FloatReductions.run(Prim.Reduce.Kind.SUM, x, 1, count, result);
        float sum = NativeMemory.getFloat(result);
        NativeMemory.free(result);
        return sum;
    }

    @Test
    void tenMillionNumbersAddUpToTheNearestOne() {
        int count = 10_000_000;
        long x = NativeMemory.allocate(4L * count);
        long fixedPoint = 0;
        for (int i = 0; i < count; i++) {
            float value = (i * 2654435761L >>> 8 & 0xffffff) * 0x1p-24f;
            fixedPoint += (long) (value * 0x1p24);
            NativeMemory.setFloat(x + 4L * i, value);
        }
        float nearest =
                BigDecimal.valueOf(fixedPoint).divide(BigDecimal.valueOf(1 << 24)).floatValue();
        ThreadPool.shared().setThreads(1);
        float alone = sum(x, count);
        ThreadPool.shared().setThreads(2);
        assertEquals(nearest, alone);
        assertEquals(alone, sum(x, count));
        NativeMemory.free(x);
    }

    @Test
    void rowsAreReducedOneByOneWithAnyNumberOfThreads() {
        int rows = 700;
        int length = 333;
        float[] values = Floats.normal(rows * length, 3);
        long x = Floats.of(values);
        long result = NativeMemory.allocate(4L * rows);
        for (Prim.Reduce.Kind kind :
                new Prim.Reduce.Kind[] {
                    Prim.Reduce.Kind.SUM, Prim.Reduce.Kind.MAX, Prim.Reduce.Kind.MIN
                }) {
            ThreadPool.shared().setThreads(1);
            FloatReductions.run(kind, x, rows, length, result);
            float[] alone = Floats.read(result, rows);
            for (int row = 0; row < rows; row++) {
                double expected = values[row * length];
                for (int i = 1; i < length; i++) {
                    float value = values[row * length + i];
                    expected =
                            switch (kind) {
                                case MAX -> Math.max(expected, value);
                                case MIN -> Math.min(expected, value);
                                default -> expected + value;
                            };
                }
                assertEquals(expected, alone[row], 1e-5);
            }
            ThreadPool.shared().setThreads(2);
            FloatReductions.run(kind, x, rows, length, result);
            assertArrayEquals(alone, Floats.read(result, rows));
        }
        NativeMemory.free(x);
        NativeMemory.free(result);
    }

    @Test
    void warmReductionsMakeNoGarbage() {
        long x = Floats.of(Floats.normal(500, 9));
        double[] kept = new double[1];
        assertEquals(0, Allocation.bytesPerCall(() -> kept[0] += VECTOR.sum(x, 500)));
        assertEquals(0, Allocation.bytesPerCall(() -> kept[0] += VECTOR.maximum(x, 500)));
        assertEquals(0, Allocation.bytesPerCall(() -> kept[0] += VECTOR.minimum(x, 500)));
        NativeMemory.free(x);
    }
}
