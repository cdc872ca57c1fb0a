package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.NarrowFloats;
import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.op.OptimizerStep;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Kernels that convert, draw, transpose and sum short rows, against plain loops. */
class MovingKernelsTest {
    private static final int COUNT = 1_008;
    private final long x = NativeMemory.allocate(8 * COUNT);
    private final long y = NativeMemory.allocate(8 * COUNT);

    @AfterEach
    void free() {
        NativeMemory.free(x);
        NativeMemory.free(y);
    }

    private void fill() {
        float[] normal = Floats.normal(COUNT, 3);
        for (int i = 0; i < COUNT; i++) {
            NativeMemory.setFloat(x + 4L * i, 100 * normal[i]);
        }
        float[] special = {
            Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, 1e-40f, 3e38f
        };
        for (int i = 0; i < special.length; i++) {
            NativeMemory.setFloat(x + 4L * i, special[i]);
        }
    }

    @Test
    void vectorsConvertAsNumbersDo() {
        assumeTrue(VectorModule.isUsable() && VectorCasts.has(DType.F32, DType.U8));
        fill();
        VectorCasts.run(DType.F32, DType.U8, x, COUNT, y);
        for (int i = 0; i < COUNT; i++) {
            int expected = Math.clamp((int) NativeMemory.getFloat(x + 4L * i), 0, 255);
            assertEquals(expected, Chunks.getLong(DType.U8, y + i));
        }
        VectorCasts.run(DType.F32, DType.I8, x, COUNT, y);
        for (int i = 0; i < COUNT; i++) {
            int expected = Math.clamp((int) NativeMemory.getFloat(x + 4L * i), -128, 127);
            assertEquals(expected, Chunks.getLong(DType.I8, y + i));
        }
        VectorCasts.run(DType.F32, DType.BF16, x, COUNT, y);
        for (int i = 0; i < COUNT; i++) {
            short expected = NarrowFloats.toBF16(NativeMemory.getFloat(x + 4L * i));
            short actual = NativeMemory.ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, y + 2L * i);
            assertEquals(expected, actual);
        }
        for (DType from : new DType[] {DType.U8, DType.I8, DType.BF16}) {
            VectorCasts.run(from, DType.F32, x, COUNT, y);
            for (int i = 0; i < COUNT; i++) {
                double expected = Chunks.getDouble(from, x + (long) i * from.byteSize());
                assertEquals(expected, NativeMemory.getFloat(y + 4L * i));
            }
        }
    }

    @Test
    void wordsAreThoseOfPhiloxBlockByBlock() {
        int[] key = {7, -8, 9, -10};
        long first = (1L << 32) - 5;
        new RandomWords(7, -8, 9, -10).write(first, COUNT - 1, x, (_, _) -> {});
        for (int i = 0; i < COUNT - 1; i++) {
            int expected = Philox.block(key, first + i / 4)[i % 4];
            assertEquals(expected, NativeMemory.getInt(x + 4L * i), "word " + i);
        }
    }

    @Test
    void shortRowsHaveTheBitsOfTheTree() {
        fill();
        for (int columns = 1; columns <= ShortRows.MOST_COLUMNS; columns++) {
            int rows = COUNT / columns;
            ShortRows.sum(x, rows, columns, y);
            for (int row = 0; row < rows; row++) {
                double expected = RowReductions.BEST.sum(x + 4L * row * columns, columns);
                assertEquals((float) expected, NativeMemory.getFloat(y + 4L * row));
            }
        }
    }

    @Test
    void linesSideBySideAreThoseAlone() {
        fill();
        FloatLines together = new FloatLines(16, 63, 16);
        together.placesOfExtremes(true, x, y);
        for (int line = 0; line < 16; line++) {
            int at = line;
            int expected =
                    IntStream.range(0, 63)
                            .reduce((a, b) -> isLarger(value(b, at), value(a, at)) ? b : a)
                            .orElseThrow();
            assertEquals(expected, NativeMemory.getLong(y + 8L * line));
        }
        together.runningSums(true, x, y);
        for (int line = 0; line < 16; line++) {
            double sum = value(62, line);
            for (int i = 61; i >= 0; i--) {
                sum += value(i, line);
                assertEquals((float) sum, NativeMemory.getFloat(y + 4L * (16 * i + line)));
            }
        }
    }

    private float value(int i, int line) {
        return NativeMemory.getFloat(x + 4L * (16 * i + line));
    }

    private static boolean isLarger(float a, float b) {
        return a > b || Float.isNaN(a) && !Float.isNaN(b);
    }

    @Test
    void copiesBetweenLayoutsKeepEveryElement() {
        for (int bytes : new int[] {1, 2, 4, 8}) {
            for (int i = 0; i < 8 * COUNT; i++) {
                NativeMemory.ALL.set(ValueLayout.JAVA_BYTE, x + i, (byte) (31 * i + i / 256));
            }
            long[] extents = {2, 21, 24};
            StridedCopy.transfer(
                    extents, x, new long[] {504, 1, 21}, y, new long[] {504, 24, 1}, bytes);
            for (int i = 0; i < COUNT; i++) {
                long from = x + (i / 504 * 504L + i / 24 % 21 + i % 24 * 21L) * bytes;
                for (int b = 0; b < bytes; b++) {
                    byte expected = NativeMemory.ALL.get(ValueLayout.JAVA_BYTE, from + b);
                    long at = y + (long) i * bytes + b;
                    assertEquals(expected, NativeMemory.ALL.get(ValueLayout.JAVA_BYTE, at));
                }
            }
        }
    }

    @Test
    void anUpdateOfAPartLeavesItsNeighboursAlone() {
        OptimizerStep.MovingAverageStep step = new OptimizerStep.MovingAverageStep();
        FusedKernels.flat(step).compileFlat().join();
        try (TensorScope _ = TensorScope.open()) {
            Tensor whole = Tensor.full(DType.F32, Shape.of(40), 1).copy();
            Tensor value = Tensor.full(DType.F32, Shape.of(21), 3).copy();
            Tensor decay = Tensor.full(DType.F64, Shape.SCALAR, 0.5);
            Engine.update(step, whole.slice(0, 3, 24), value, decay);
            float[] expected = new float[40];
            Arrays.fill(expected, 1);
            Arrays.fill(expected, 3, 24, 2);
            assertArrayEquals(expected, whole.toFloatArray());
        }
    }

    @Test
    void warmVectorsAllocateNothing() {
        assumeTrue(VectorModule.isUsable() && VectorCasts.has(DType.F32, DType.U8));
        fill();
        for (DType narrow : new DType[] {DType.U8, DType.I8, DType.BF16}) {
            assertEquals(
                    0,
                    Allocation.bytesPerCall(() -> VectorCasts.run(DType.F32, narrow, x, COUNT, y)));
            assertEquals(
                    0,
                    Allocation.bytesPerCall(() -> VectorCasts.run(narrow, DType.F32, x, COUNT, y)));
        }
        assertEquals(
                0, Allocation.bytesPerCall(() -> VectorPhilox.write(1, 2, 3, 4, 0, COUNT / 4, y)));
        assertEquals(0, Allocation.bytesPerCall(() -> ShortRows.sum(x, COUNT / 7, 7, y)));
    }
}
