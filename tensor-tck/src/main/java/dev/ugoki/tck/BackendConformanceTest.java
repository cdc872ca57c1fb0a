package dev.ugoki.tck;

import dev.ugoki.tck.conformance.BundledCases;
import dev.ugoki.tck.conformance.ConformanceCase;
import dev.ugoki.tck.conformance.MismatchException;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.LinearAlgebraException;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.RefusedOperationException;
import dev.ugoki.tensor.spi.Support;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.extension.TestWatcher;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * What every backend must pass. To test one, extend this class and name the device:
 *
 * <pre>{@code
 * final class MyBackendTest extends BackendConformanceTest {
 *     @Override
 *     protected Device device() {
 *         return new Device("mine", 0);
 *     }
 * }
 * }</pre>
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class BackendConformanceTest {
    private static final int THREADS = 4;

    private final Tally tally = new Tally();

    /** Counts failures of single tests; those of rows are counted where they are found. */
    @RegisterExtension
    final TestWatcher watcher =
            new TestWatcher() {
                @Override
                public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
                    tally.failed(context.getDisplayName());
                }
            };

    /** For subclasses. */
    protected BackendConformanceTest() {}

    /** The device to test. */
    protected abstract Device device();

    /**
     * The rows to run: those of primitives and of the library's composites. Override it to add
     * those of other composites that the backend has kernels for.
     */
    protected List<Row> rows() {
        List<Row> rows = new ArrayList<>(PrimitiveRows.all());
        rows.addAll(CompositeRows.all());
        return rows;
    }

    /**
     * Whether the backend may answer {@link Support.Unsupported} to an operation on operands of
     * this dtype: what needs it is then skipped, and the report says so. By default it may refuse
     * the {@linkplain Prim#isOptional optional tier} and nothing else.
     */
    protected boolean mayRefuse(Op op, DType dtype) {
        return op instanceof Prim prim && prim.isOptional();
    }

    /** Receives what was run and what became of it, after all tests; prints it by default. */
    protected void report(Tally counted) {
        System.out.println("Conformance of " + device() + ": " + counted);
    }

    @AfterAll
    void reportAll() {
        report(tally);
    }

    @TestFactory
    Stream<DynamicNode> computesAsTheReferenceDoes() {
        RowCheck check = new RowCheck(device(), tally);
        return rows().stream().map(row -> container(row, check));
    }

    private DynamicNode container(Row row, RowCheck check) {
        return DynamicContainer.dynamicContainer(
                row.name(),
                row.dtypes().stream()
                        .sorted()
                        .map(
                                dtype ->
                                        test(
                                                row.name() + " in " + dtype,
                                                () -> checkRow(row, dtype, check))));
    }

    /** A test that is skipped where the backend refuses what it may refuse. */
    private DynamicTest test(String name, Runnable check) {
        return DynamicTest.dynamicTest(
                name,
                () -> {
                    try {
                        check.run();
                    } catch (RefusedOperationException e) {
                        if (!mayRefuse(e.op(), e.dtype())) {
                            tally.failed(name);
                        }
                        skip(e);
                    } catch (RuntimeException | AssertionError e) {
                        tally.failed(name);
                        throw e;
                    }
                });
    }

    /** Skips a test for what the backend refuses, or fails it where that may not be refused. */
    private void skip(RefusedOperationException e) {
        tally.refused(e.op().name() + " in " + e.dtype(), e.reason());
        String problem = e.op() + " is refused: " + e.reason();
        if (!mayRefuse(e.op(), e.dtype())) {
            throw new AssertionError(problem, e);
        }
        Assumptions.abort(problem);
    }

    private void checkRow(Row row, DType dtype, RowCheck check) {
        List<String> failures = check.failures(row, dtype);
        Assertions.assertTrue(
                failures.isEmpty(),
                () ->
                        row.name()
                                + " in "
                                + dtype
                                + " on "
                                + device()
                                + ":\n"
                                + String.join("\n", failures));
    }

    @TestFactory
    Stream<DynamicNode> gradientsAreThoseOfCentralDifferences() {
        return rows().stream()
                .filter(row -> row.derivatives() >= 1)
                .map(row -> test("gradient of " + row.name(), () -> checkGradient(row, 1)));
    }

    @TestFactory
    Stream<DynamicNode> gradientsHaveGradients() {
        return rows().stream()
                .filter(row -> row.derivatives() >= 2)
                .map(row -> test("second gradient of " + row.name(), () -> checkGradient(row, 2)));
    }

    private void checkGradient(Row row, int times) {
        Op op = row.op().apply(DType.F64);
        List<Tensor> values = RowCheck.REFERENCE.call(() -> RowCheck.makeOperands(row, DType.F64));
        Tensor[] inputs =
                values.stream()
                        .map(tensor -> Layout.CONTIGUOUS.place(tensor, device()))
                        .toArray(Tensor[]::new);
        try {
            checkGradient(in -> Engine.apply(op, in), inputs, times);
            if (op instanceof Composite && op.resultCount() > 1) {
                // With a gradient in one result alone, a composite may take a shorter way.
                checkGradient(in -> first(Engine.apply(op, in)), inputs, times);
            }
        } catch (AssertionError e) {
            throw new AssertionError(
                    row.name() + " on " + device() + ": " + e.getMessage() + " (" + op + ")", e);
        }
        tally.differentiated(times);
    }

    private void checkGradient(Graph.Program program, Tensor[] inputs, int times) {
        device().run(
                        () -> {
                            if (times == 1) {
                                GradientCheck.check(program, inputs);
                            } else {
                                GradientCheck.checkSecond(program, inputs);
                            }
                        });
    }

    private static Tensor[] first(Tensor[] results) {
        return new Tensor[] {results[0]};
    }

    /** From every dtype to every other: rounding, ends, NaN; the bits are specified. */
    @TestFactory
    Stream<DynamicNode> conversionsHaveTheSpecifiedBits() {
        return Stream.of(DType.values())
                .flatMap(
                        from ->
                                Stream.of(DType.values())
                                        .map(
                                                to ->
                                                        test(
                                                                "cast of " + from + " to " + to,
                                                                () -> checkConversion(from, to))));
    }

    private void checkConversion(DType from, DType to) {
        Optional<String> failure = device().call(() -> Conversions.failure(from, to));
        Assertions.assertTrue(failure.isEmpty(), () -> failure + " on " + device());
    }

    /** Operations with the results that PyTorch gives, in F32. */
    @TestFactory
    Stream<DynamicNode> agreesWithPyTorch() throws IOException {
        Map<String, List<ConformanceCase>> byOperation = new LinkedHashMap<>();
        for (ConformanceCase each : BundledCases.operations()) {
            byOperation.computeIfAbsent(each.group(), _ -> new ArrayList<>()).add(each);
        }
        return byOperation.entrySet().stream()
                .map(entry -> test("cases of " + entry.getKey(), () -> checkCases(entry)));
    }

    private void checkCases(Map.Entry<String, List<ConformanceCase>> cases) {
        List<String> failures = new ArrayList<>();
        for (ConformanceCase each : cases.getValue()) {
            try {
                device().run(each::run);
            } catch (MismatchException e) {
                failures.add(each.id() + ": " + e.getMessage());
            }
            tally.ranCase();
        }
        Assertions.assertEquals("", String.join("\n", failures), () -> "on " + device());
    }

    /** Normal numbers are made of words by {@link NormalQuantile}, exactly. */
    @Test
    void aKernelOfNormalNumbersGivesTheSpecifiedBits() {
        for (DType dtype : Row.FLOATING) {
            Op op = new RandomDraw.RandomNormal(dtype, Shape.of(3, 1031));
            Tensor key = device().call(() -> Key.of(7).asTensor());
            Assumptions.assumeTrue(
                    Backends.forDevice(device()).supports(op, key.type()) instanceof Support.Native,
                    () -> device() + " has no kernel for " + op);
            Tensor expected = RowCheck.REFERENCE.call(() -> Engine.one(op, Key.of(7).asTensor()));
            Tensor actual = device().call(() -> Engine.one(op, key));
            Assertions.assertEquals(-1, expected.toMemory().mismatch(actual.toMemory()));
        }
    }

    /** Rows running side by side give the same bits as one after the other. */
    @Test
    void threadsDoNotDisturbOneAnother() throws Exception {
        List<Row> some =
                rows().stream()
                        .filter(row -> row.dtypes().contains(DType.F32) && row.derivatives() > 0)
                        .toList();
        RowCheck check = new RowCheck(device(), tally);
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Callable<List<String>>> tasks =
                    some.stream()
                            .<Callable<List<String>>>map(row -> () -> failures(row, check))
                            .toList();
            for (Future<List<String>> result : threads.invokeAll(tasks)) {
                Assertions.assertEquals(List.of(), result.get());
            }
        }
    }

    /** Those of a row in F32; none where the backend refuses it, which other tests report. */
    private static List<String> failures(Row row, RowCheck check) {
        try {
            return check.failures(row, DType.F32);
        } catch (RefusedOperationException e) {
            return List.of();
        }
    }

    /** Skips the test where the backend refuses what it may refuse. */
    private void onDevice(Runnable check) {
        try {
            device().run(check);
        } catch (RefusedOperationException e) {
            skip(e);
        }
    }

    @Test
    void gatherNamesAnIndexThatIsOutOfRange() {
        onDevice(() -> refusesIndex(-1, "gather"));
        onDevice(() -> refusesIndex(3, "gather"));
    }

    @Test
    void scatterNamesAnIndexThatIsOutOfRange() {
        onDevice(() -> refusesIndex(-1, "scatter"));
        onDevice(() -> refusesIndex(3, "scatter"));
    }

    private static void refusesIndex(long index, String operation) {
        Tensor operand = Tensor.arange(DType.F32, 6).reshape(3, 2);
        Tensor indices = Tensor.of(new long[] {0, index}, 1, 2);
        Tensor updates = Tensor.ones(DType.F32, 1, 2);
        IndexOutOfBoundsException e =
                Assertions.assertThrows(
                        IndexOutOfBoundsException.class,
                        () -> {
                            if (operation.equals("gather")) {
                                Engine.one(new Prim.Gather(0), operand, indices);
                            } else {
                                Prim.Scatter.Mode mode = Prim.Scatter.Mode.SET;
                                Engine.one(new Prim.Scatter(0, mode), operand, indices, updates);
                            }
                            // A device may run behind, and tell when values are read.
                            Backends.forDevice(Device.current()).synchronize();
                        });
        String message = String.valueOf(e.getMessage());
        for (String part : List.of(operation, "index " + index, "dimension 0", "extent 3")) {
            Assertions.assertTrue(message.contains(part), () -> part + ": " + message);
        }
    }

    @Test
    void aMatrixThatCannotBeSolvedForIsNamed() {
        // The second of four, then the last of many; of several it is the first.
        long[] batch = {2, 2};
        Prim triangular = new Prim.TriangularSolve(false, false);
        refusesMatrices(new Prim.Solve(), "singular", 0, batch, new long[] {1, 3}, "[0, 1]");
        refusesMatrices(triangular, "singular", 0, batch, new long[] {2}, "[1, 0]");
        refusesMatrices(
                new Prim.Cholesky(), "not positive definite", -2, batch, new long[] {3}, "[1, 1]");
        long[] many = {9000};
        refusesMatrices(
                new Prim.Solve(), "singular", 0, many, new long[] {8000, 8990}, "matrix [8000]");
    }

    /** Identity matrices of two rows, but for some with another last element. */
    private void refusesMatrices(
            Prim op, String problem, double element, long[] batch, long[] wrong, String place) {
        int count = Math.toIntExact(Shape.of(batch).elementCount());
        double[] elements = new double[4 * count];
        for (int matrix = 0; matrix < count; matrix++) {
            elements[4 * matrix] = 1;
            elements[4 * matrix + 3] = 1;
        }
        for (long matrix : wrong) {
            elements[Math.toIntExact(4 * matrix + 3)] = element;
        }
        long[] shape = Arrays.copyOf(batch, batch.length + 2);
        shape[batch.length] = 2;
        shape[batch.length + 1] = 2;
        device().run(
                        () -> {
                            Tensor a = Tensor.of(elements, shape);
                            Tensor[] in =
                                    op instanceof Prim.Cholesky
                                            ? new Tensor[] {a}
                                            : new Tensor[] {a, a};
                            Assumptions.assumeFalse(
                                    isRefused(op, types(in)), () -> op + " is refused");
                            namesMatrix(op, in, List.of(op.name(), problem, place, "pivot 1"));
                        });
    }

    private static void namesMatrix(Prim op, Tensor[] in, List<String> parts) {
        var e =
                Assertions.assertThrows(
                        LinearAlgebraException.class,
                        () -> {
                            Engine.one(op, in);
                            Backends.forDevice(Device.current()).synchronize();
                        });
        String message = String.valueOf(e.getMessage());
        for (String part : parts) {
            Assertions.assertTrue(message.contains(part), () -> part + ": " + message);
        }
    }

    private boolean isRefused(Op op, TensorType... types) {
        return Backends.forDevice(device()).supports(op, types) instanceof Support.Unsupported;
    }

    private static TensorType[] types(Tensor[] tensors) {
        return Arrays.stream(tensors).map(Tensor::type).toArray(TensorType[]::new);
    }

    @Test
    void valuesComeBackAsTheyWere() {
        onDevice(
                () -> {
                    for (DType dtype : DType.values()) {
                        comesBack(dtype);
                    }
                });
    }

    private static void comesBack(DType dtype) {
        Tensor host =
                RowCheck.REFERENCE.call(
                        () -> Tensor.of(new long[] {0, 1, 2, 3, 4, 5}, 3, 2).cast(dtype));
        TensorType type = host.type();
        Tensor uploaded = Tensor.of(type, host.toMemory());
        Assertions.assertEquals(-1, uploaded.toMemory().mismatch(host.toMemory()), type::toString);
        Tensor turned = uploaded.transpose(0, 1).transpose(0, 1);
        Assertions.assertEquals(-1, turned.toMemory().mismatch(host.toMemory()), type::toString);
    }

    @Test
    void aReleasedTensorIsNeverRead() {
        onDevice(
                () -> {
                    Tensor released;
                    try (TensorScope _ = TensorScope.open()) {
                        released = Tensor.ones(DType.F32, 3);
                    }
                    Assertions.assertThrows(IllegalStateException.class, released::copy);
                    Assertions.assertThrows(IllegalStateException.class, released::toFloatArray);
                });
    }

    @Test
    void aClosedScopeGivesItsMemoryBack() {
        var memory = Backends.forDevice(device()).memory();
        onDevice(
                () -> {
                    long held;
                    try (TensorScope _ = TensorScope.open()) {
                        Tensor large = Tensor.ones(DType.F32, 1 << 20);
                        Assertions.assertEquals(2, large.add(1).max(false).item());
                        held = memory.liveBytes();
                        Assertions.assertTrue(held >= 4 << 20);
                    }
                    // What others have forgotten may come back meanwhile: it is less then.
                    Assertions.assertTrue(memory.liveBytes() <= held - (4 << 20));
                });
    }

    @Test
    void describesItself() {
        Assertions.assertFalse(Backends.forDevice(device()).describe().isEmpty());
    }
}
