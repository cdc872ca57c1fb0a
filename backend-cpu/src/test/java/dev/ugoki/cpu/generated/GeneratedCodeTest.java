package dev.ugoki.cpu.generated;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.ThreadMXBean;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelInterpreter;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.RowKernels;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

class GeneratedCodeTest {
    private static final long ROWS = 66;

    static Stream<String> kernels() {
        return SampleKernels.all().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void givesTheBitsOfTheInterpreterOnEveryWidthAndShape(String name) {
        Kernel kernel = SampleKernels.all().get(name);
        for (long columns : new long[] {1, 37, 80}) {
            List<float[]> expected = interpreted(kernel, columns);
            for (VectorWidth width : VectorWidth.values()) {
                LoopShape byRows = LoopShape.ofColumns(columns);
                assertSame(expected, generated(kernel, columns, width, byRows), name, columns);
                if (kernel.isFlat()) {
                    LoopShape flat = LoopShape.FLAT;
                    assertSame(expected, generated(kernel, columns, width, flat), name, columns);
                }
            }
        }
    }

    private static void assertSame(
            List<float[]> expected, List<float[]> actual, String name, long columns) {
        for (int k = 0; k < expected.size(); k++) {
            assertArrayEquals(
                    expected.get(k), actual.get(k), name + ", output " + k + ", " + columns);
        }
    }

    private static List<float[]> interpreted(Kernel kernel, long columns) {
        try (Arena arena = Arena.ofConfined()) {
            TestOperands operands = TestOperands.allocate(kernel, ROWS, columns, arena);
            operands.fillInputs(7);
            new KernelInterpreter(kernel).run(Memory.ALL, operands.table(), 0, ROWS, columns);
            return operands.outputs();
        }
    }

    private static List<float[]> generated(
            Kernel kernel, long columns, VectorWidth width, LoopShape shape) {
        KernelCode code = KernelClass.define(kernel, shape, width);
        try (Arena arena = Arena.ofConfined()) {
            TestOperands operands = TestOperands.allocate(kernel, ROWS, columns, arena);
            operands.fillInputs(7);
            long end = shape == LoopShape.FLAT ? ROWS * columns : ROWS;
            long scratch = TestOperands.scratch(kernel, width, arena);
            code.run(operands.table(), 0, end, columns, scratch);
            return operands.outputs();
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void writesNothingBeyondTheRowsOfTheCall(String name) {
        Kernel kernel = SampleKernels.all().get(name);
        long columns = 37;
        KernelCode code = KernelClass.define(kernel, LoopShape.WITH_TAIL, VectorWidth.PREFERRED);
        try (Arena arena = Arena.ofConfined()) {
            TestOperands operands = TestOperands.allocate(kernel, ROWS, columns, arena);
            operands.fillInputs(7);
            code.run(
                    operands.table(),
                    0,
                    ROWS - 1,
                    columns,
                    TestOperands.scratch(kernel, VectorWidth.PREFERRED, arena));
            for (int k = kernel.operands().size(); k < kernel.tableSize(); k++) {
                if (TestOperands.layout(kernel, k) == Layout.FULL) {
                    for (long i = (ROWS - 1) * columns; i < ROWS * columns + 16; i++) {
                        assertEquals(
                                0,
                                operands.segments().get(k).getAtIndex(ValueLayout.JAVA_INT, i),
                                name + " wrote element " + i);
                    }
                }
            }
        }
    }

    @Test
    void mayOverwriteItsInput() {
        Kernel kernel = RowKernels.softmax();
        long columns = 37;
        List<float[]> expected = interpreted(kernel, columns);
        KernelCode code = KernelClass.define(kernel, LoopShape.WITH_TAIL, VectorWidth.PREFERRED);
        try (Arena arena = Arena.ofConfined()) {
            TestOperands operands = TestOperands.allocate(kernel, ROWS, columns, arena);
            operands.fillInputs(7);
            long[] table = operands.table();
            table[2] = table[0];
            code.run(
                    table,
                    0,
                    ROWS,
                    columns,
                    TestOperands.scratch(kernel, VectorWidth.PREFERRED, arena));
            float[] actual = new float[expected.getFirst().length];
            MemorySegment.copy(
                    operands.segments().getFirst(),
                    ValueLayout.JAVA_FLOAT,
                    0,
                    actual,
                    0,
                    actual.length);
            assertArrayEquals(expected.getFirst(), actual);
        }
    }

    @Test
    void sumsOverRowsDoNotDependOnHowBlocksAreSpread() {
        Kernel kernel = RowKernels.layerNormGradient();
        long columns = 48;
        List<float[]> expected = interpreted(kernel, columns);
        KernelCode code =
                KernelClass.define(kernel, LoopShape.WHOLE_VECTORS, VectorWidth.PREFERRED);
        try (Arena arena = Arena.ofConfined()) {
            TestOperands operands = TestOperands.allocate(kernel, ROWS, columns, arena);
            operands.fillInputs(7);
            code.run(
                    operands.table(),
                    64,
                    ROWS,
                    columns,
                    TestOperands.scratch(kernel, VectorWidth.PREFERRED, arena));
            code.run(
                    operands.table(),
                    0,
                    64,
                    columns,
                    TestOperands.scratch(kernel, VectorWidth.PREFERRED, arena));
            assertSame(expected, operands.outputs(), "two calls", columns);
        }
    }

    @Test
    void afterWarmingAllocatesNothingAndKeepsItsBits() {
        for (String name : Set.of("mish", "layerNorm", "logSoftmax")) {
            Kernel kernel = SampleKernels.all().get(name);
            GeneratedKernel generated = GeneratedKernels.get(kernel);
            long columns = 71;
            List<float[]> expected = interpreted(kernel, columns);
            assertTrue(generated.compileRows(columns).join(), name + " was not compiled");
            try (Arena arena = Arena.ofConfined()) {
                TestOperands operands = TestOperands.allocate(kernel, ROWS, columns, arena);
                operands.fillInputs(7);
                long[] table = operands.table();
                long scratch = arena.allocate(generated.scratchBytes(columns), 64).address();
                generated.runRows(table, 0, ROWS, columns, scratch);
                assertEquals(0, bytesAllocatedBy(generated, table, columns, scratch), name);
                assertSame(expected, operands.outputs(), name, columns);
            }
        }
    }

    /** By a thousand calls: the least of three, since Java allocates something once of its own. */
    private static long bytesAllocatedBy(
            GeneratedKernel generated, long[] table, long columns, long scratch) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < 1000; call++) {
                generated.runRows(table, 0, ROWS, columns, scratch);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    @Test
    void interpretedVirtualMachineGivesTheSameBits() throws IOException {
        Process process =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-Xint",
                                "--add-modules",
                                "jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                BitsOfAllKernels.class.getName())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        String interpreted = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(BitsOfAllKernels.hashes(), interpreted);
    }

    @Test
    void equalKernelsShareOneExecutable() {
        assertTrue(
                GeneratedKernels.get(RowKernels.softmax())
                        == GeneratedKernels.get(RowKernels.softmax()));
        assertFalse(
                GeneratedKernels.get(RowKernels.softmax())
                        == GeneratedKernels.get(RowKernels.logSoftmax()));
    }

    @Test
    void refusesWhatTheCallerGotWrong() {
        GeneratedKernel gradient = GeneratedKernels.get(RowKernels.layerNormGradient());
        long[] table = new long[16];
        assertThrows(IllegalArgumentException.class, () -> gradient.runRows(table, 3, 9, 16, 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> gradient.runRows(Arrays.copyOf(table, 2), 0, 1, 16, 0));
        assertThrows(IllegalArgumentException.class, () -> gradient.runFlat(table, 0, 16, 0));
    }
}
