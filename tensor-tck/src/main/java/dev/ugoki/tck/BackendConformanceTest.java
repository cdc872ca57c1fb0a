package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Support;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.util.ArrayList;
import java.util.List;
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
public abstract class BackendConformanceTest {
    private static final int THREADS = 4;

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
     * Whether the backend may refuse an operation with {@link Support.Unsupported}: its tests are
     * then skipped. By default it may refuse nothing.
     */
    protected boolean mayRefuse(Op op, DType dtype) {
        return false;
    }

    @TestFactory
    Stream<DynamicNode> computesAsTheReferenceDoes() {
        RowCheck check = new RowCheck(device());
        return rows().stream().map(row -> container(row, check));
    }

    private DynamicNode container(Row row, RowCheck check) {
        Stream<DType> dtypes = row.dtypes().stream().sorted();
        return DynamicContainer.dynamicContainer(
                row.name(),
                dtypes.map(
                        dtype ->
                                DynamicTest.dynamicTest(
                                        row.name() + " in " + dtype,
                                        () -> checkRow(row, dtype, check))));
    }

    private void checkRow(Row row, DType dtype, RowCheck check) {
        skipIfRefused(row, dtype);
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

    private void skipIfRefused(Row row, DType dtype) {
        Op op = row.op().apply(dtype);
        if (Backends.forDevice(device()).supports(op, RowCheck.types(row, dtype))
                instanceof Support.Unsupported(String reason)) {
            Assertions.assertTrue(mayRefuse(op, dtype), () -> op + " is refused: " + reason);
            Assumptions.abort(op + " is refused: " + reason);
        }
    }

    @TestFactory
    Stream<DynamicNode> gradientsAreThoseOfCentralDifferences() {
        return rows().stream()
                .filter(row -> row.derivatives() >= 1)
                .map(
                        row ->
                                DynamicTest.dynamicTest(
                                        "gradient of " + row.name(),
                                        () -> checkGradient(row, GradientCheck::check)));
    }

    @TestFactory
    Stream<DynamicNode> gradientsHaveGradients() {
        return rows().stream()
                .filter(row -> row.derivatives() >= 2)
                .map(
                        row ->
                                DynamicTest.dynamicTest(
                                        "second gradient of " + row.name(),
                                        () -> checkGradient(row, GradientCheck::checkSecond)));
    }

    @FunctionalInterface
    private interface Check {
        void check(dev.ugoki.tensor.graph.Graph.Program program, Tensor... inputs);
    }

    private void checkGradient(Row row, Check check) {
        skipIfRefused(row, DType.F64);
        Op op = row.op().apply(DType.F64);
        List<Tensor> values = RowCheck.REFERENCE.call(() -> RowCheck.makeOperands(row, DType.F64));
        Tensor[] inputs =
                values.stream()
                        .map(tensor -> Layout.CONTIGUOUS.place(tensor, device()))
                        .toArray(Tensor[]::new);
        try {
            device().run(() -> check.check(in -> Engine.apply(op, in), inputs));
            if (op instanceof Composite && op.resultCount() > 1) {
                // With a gradient in one result alone, a composite may take a shorter way.
                device().run(() -> check.check(in -> first(Engine.apply(op, in)), inputs));
            }
        } catch (AssertionError e) {
            throw new AssertionError(
                    row.name() + " on " + device() + ": " + e.getMessage() + " (" + op + ")", e);
        }
    }

    private static Tensor[] first(Tensor[] results) {
        return new Tensor[] {results[0]};
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
        RowCheck check = new RowCheck(device());
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Callable<List<String>>> tasks =
                    some.stream()
                            .<Callable<List<String>>>map(
                                    row -> () -> check.failures(row, DType.F32))
                            .toList();
            for (Future<List<String>> result : threads.invokeAll(tasks)) {
                Assertions.assertEquals(List.of(), result.get());
            }
        }
    }

    @Test
    void gatherNamesAnIndexThatIsOutOfRange() {
        device().run(() -> refusesIndex(-1, "gather"));
        device().run(() -> refusesIndex(3, "gather"));
    }

    @Test
    void scatterNamesAnIndexThatIsOutOfRange() {
        device().run(() -> refusesIndex(-1, "scatter"));
        device().run(() -> refusesIndex(3, "scatter"));
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
    void valuesComeBackAsTheyWere() {
        device().run(
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
        device().run(
                        () -> {
                            Tensor released;
                            try (TensorScope _ = TensorScope.open()) {
                                released = Tensor.ones(DType.F32, 3);
                            }
                            Assertions.assertThrows(IllegalStateException.class, released::exp);
                            Assertions.assertThrows(
                                    IllegalStateException.class, released::toFloatArray);
                        });
    }

    @Test
    void aClosedScopeGivesItsMemoryBack() {
        device().run(
                        () -> {
                            var memory = Backends.forDevice(device()).memory();
                            long before = memory.liveBytes();
                            try (TensorScope _ = TensorScope.open()) {
                                Tensor large = Tensor.ones(DType.F32, 1 << 20);
                                Assertions.assertTrue(memory.liveBytes() >= before + (4 << 20));
                                Assertions.assertEquals(2, large.add(1).max(false).item());
                            }
                            Assertions.assertTrue(memory.liveBytes() <= before);
                        });
    }

    @Test
    void describesItself() {
        Assertions.assertFalse(Backends.forDevice(device()).describe().isEmpty());
    }
}
