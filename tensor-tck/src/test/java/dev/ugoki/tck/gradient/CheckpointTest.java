package dev.ugoki.tck.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.AnomalyException;
import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Derivatives;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.RowCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Inspector;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Computing a part of a network a second time changes nothing but memory. */
@ExtendWith(OnReference.class)
final class CheckpointTest {
    private static final int LAYERS = 6;
    private static final int WIDTH = 24;

    private final List<Parameter> parameters = new ArrayList<>();
    private final Tensor x =
            RowCheck.REFERENCE.call(() -> Random.normal(Key.of(1), DType.F32, 40, WIDTH));

    CheckpointTest() {
        RowCheck.REFERENCE.run(this::makeParameters);
    }

    private void makeParameters() {
        for (int i = 0; i < LAYERS; i++) {
            Tensor weight = Random.normal(Key.of(10 + i), DType.F32, WIDTH, WIDTH);
            parameters.add(new Parameter(weight.mul(0.2)));
        }
        // Read by every layer, so that its gradient is a sum of many.
        parameters.add(new Parameter(Random.normal(Key.of(9), DType.F32, WIDTH)));
    }

    /** How a layer is run. */
    private interface Wrapping {
        Tensor[] run(Graph.Program program, Tensor... operands);
    }

    private static final Wrapping PLAIN = Graph.Program::apply;
    private static final Wrapping CHECKPOINT = Autograd::checkpoint;

    private Tensor layer(int number, Tensor input) {
        Tensor shared = parameters.getLast().tensor();
        Tensor y =
                Normalizations.layerNorm(
                        input.linear(parameters.get(number).tensor(), shared).mish(),
                        1,
                        null,
                        null,
                        1e-5);
        return Random.dropout(Key.of(100 + number), y, 0.3).add(input.mul(shared));
    }

    private Supplier<Tensor> loss(Wrapping each, Wrapping pair, Tensor start) {
        return () -> {
            Tensor y = start;
            for (int i = 0; i < LAYERS; i += 2) {
                int first = i;
                y =
                        pair.run(
                                        in -> {
                                            Tensor middle =
                                                    each.run(at -> one(layer(first, at[0])), in[0])[
                                                            0];
                                            return each.run(
                                                    at -> one(layer(first + 1, at[0])), middle);
                                        },
                                        y)[0];
            }
            return y.square().mean();
        };
    }

    private static Tensor[] one(Tensor result) {
        return new Tensor[] {result};
    }

    private List<float[]> gradients(Wrapping each, Wrapping pair) {
        var found = Autograd.valueAndGrad(loss(each, pair, x), parameters);
        List<float[]> values = new ArrayList<>();
        values.add(found.value().toFloatArray());
        found.gradients().forEach(gradient -> values.add(gradient.toFloatArray()));
        return values;
    }

    @Test
    void bitsAreThoseOfThePlainPassAlsoWithDropoutAndNested() {
        List<float[]> plain = gradients(PLAIN, PLAIN);
        assertTrue(plain.getLast()[0] != 0);

        assertSame(plain, gradients(CHECKPOINT, PLAIN));
        assertSame(plain, gradients(PLAIN, CHECKPOINT));
        assertSame(plain, gradients(CHECKPOINT, CHECKPOINT));
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), 0, "gradient " + i);
        }
    }

    @Test
    void operandsThatNobodyFollowsAreNoObstacle() {
        Tensor followed = Autograd.variable(x);
        Tensor plain = loss(PLAIN, PLAIN, followed).get();
        Tensor saved = loss(CHECKPOINT, PLAIN, followed).get();

        assertArrayEquals(
                Autograd.backward(plain).of(followed).toFloatArray(),
                Autograd.backward(saved).of(followed).toFloatArray(),
                0);
        assertNull(Autograd.checkpoint(in -> one(in[0].exp()), x)[0].lineage());
    }

    @Test
    void derivativesOfAnyOrderGoThroughACheckpoint() {
        Graph.Program program =
                in -> Autograd.checkpoint(at -> one(at[0].matmul(at[1]).softmax(1).mul(at[0])), in);
        Tensor a = Tensor.arange(DType.F64, 4).mul(0.3).reshape(2, 2);
        Tensor b = Tensor.arange(DType.F64, 4).mul(0.2).sin().reshape(2, 2);

        GradientCheck.check(program, a, b);
        GradientCheck.checkSecond(program, a, b);
    }

    @Test
    void severalResultsSomeOfThemUnused() {
        Tensor v = Autograd.variable(Tensor.of(new double[] {1, 2}, 2));
        Tensor[] results =
                Autograd.checkpoint(
                        in -> new Tensor[] {in[0].square(), in[0].argmax(0, false), in[0].exp()},
                        v);

        Tensor gradient = Autograd.backward(results[0].sum()).of(v);

        assertArrayEquals(new double[] {2, 4}, gradient.toDoubleArray());
        assertEquals(1, results[1].item());
    }

    @Test
    void aGradientInsideACheckpointIsFollowedToItsParameters() {
        Parameter stiffness = new Parameter(Tensor.of(new double[] {2, 3}, 2));
        Supplier<Tensor> loss =
                () -> {
                    // A force: the slope of an energy in the position.
                    Tensor position = Tensor.of(new double[] {1, -1}, 2);
                    Tensor force =
                            Autograd.checkpoint(
                                    in ->
                                            one(
                                                    Derivatives.gradient(
                                                                    at ->
                                                                            at.square()
                                                                                    .mul(
                                                                                            stiffness
                                                                                                    .tensor())
                                                                                    .sum())
                                                            .apply(in[0])),
                                    position)[0];
                    return force.square().sum();
                };

        // force = 2 k x, so that the gradient of its square in k is 8 k x^2.
        Tensor gradient = Autograd.valueAndGrad(loss, List.of(stiffness)).gradients().getFirst();

        assertArrayEquals(new double[] {16, 24}, gradient.toDoubleArray());
    }

    @Test
    void aParameterThatItReadsMustKeepItsValue() {
        Tensor input = Autograd.variable(x);
        Tensor result = Autograd.checkpoint(in -> one(layer(0, in[0])), input)[0].sum();
        parameters.getFirst().assign(Tensor.zeros(DType.F32, WIDTH, WIDTH));

        String message =
                assertThrows(IllegalStateException.class, () -> Autograd.backward(result))
                        .getMessage();

        assertTrue(message.contains("changed in place after the forward pass"), message);
    }

    /** The memory of all that operations make, while it is not released. */
    private static final class LiveMemory implements Inspector {
        private final Set<Storage> live = Collections.newSetFromMap(new IdentityHashMap<>());
        private long most;

        @Override
        public void inspect(Op op, Tensor[] operands, Tensor[] results) {
            for (Tensor result : results) {
                live.add(((Stored) result.payload()).storage());
            }
            most = Math.max(most, bytes());
        }

        private long bytes() {
            live.removeIf(Storage::isReleased);
            return live.stream().mapToLong(Storage::capacity).sum();
        }
    }

    @Test
    void whatIsInsideIsReleasedAtOnce() {
        Tensor large = Autograd.variable(Tensor.ones(DType.F32, 1 << 14));
        long bytes = large.type().byteSize();
        Graph.Program program = in -> one(in[0].exp().sin().exp().sin().exp().sin().sum());

        try (TensorScope _ = TensorScope.open()) {
            LiveMemory plain = new LiveMemory();
            Inspector.call(plain, () -> program.apply(large));
            assertTrue(plain.bytes() >= 6 * bytes);
            LiveMemory saved = new LiveMemory();
            Inspector.call(saved, () -> Autograd.checkpoint(program, large));
            assertTrue(saved.bytes() < bytes);
        }
    }

    @Test
    void aLongChainNeedsTheMemoryOfItsBlocksEndsAndOneBlock() {
        Tensor start = Tensor.ones(DType.F32, 1 << 14);

        double plain = peakOfChain(PLAIN, 12, start);
        double saved = peakOfChain(CHECKPOINT, 12, start);

        // 48 values, and a few cotangents; 12 values, one block's 4, and a few cotangents. Memory
        // comes in blocks that are larger than what is in them by a quarter at most.
        assertTrue(plain >= 48 && plain <= 1.25 * (48 + 8), "plain " + plain);
        assertTrue(saved >= 12 && saved <= 1.25 * (12 + 4 + 8), "with checkpoints " + saved);
    }

    /** The most memory that a gradient needs, in multiples of its variable's. */
    private static double peakOfChain(Wrapping wrapping, int blocks, Tensor start) {
        Graph.Program block = in -> one(in[0].sin().exp().tanh().sigmoid());
        LiveMemory memory = new LiveMemory();
        Inspector.call(
                memory,
                () ->
                        Autograd.valueAndGrad(
                                in -> {
                                    Tensor y = in[0];
                                    for (int i = 0; i < blocks; i++) {
                                        y = wrapping.run(block, y)[0];
                                    }
                                    return y.sum();
                                },
                                start));
        return (double) memory.most / start.type().byteSize();
    }

    @Test
    void aProgramOfOtherShapesTheSecondTimeIsRefused() {
        AtomicInteger calls = new AtomicInteger();
        Tensor v = Autograd.variable(Tensor.ones(DType.F64, 4));
        Tensor result =
                Autograd.checkpoint(in -> one(in[0].slice(0, 0, 3 - calls.getAndIncrement())), v)[
                        0];

        String message =
                assertThrows(IllegalStateException.class, () -> Autograd.backward(result.sum()))
                        .getMessage();

        assertTrue(message.contains("must compute the same each time"), message);
    }

    @Test
    void aProgramOfOtherValuesTheSecondTimeIsNoticedWhereAnomaliesAreDetected() {
        AtomicInteger calls = new AtomicInteger();
        Tensor v = Autograd.variable(Tensor.ones(DType.F64, 4));

        AnomalyException e =
                assertThrows(
                        AnomalyException.class,
                        () ->
                                Autograd.detectAnomalies(
                                        () ->
                                                Autograd.backward(
                                                        Autograd.checkpoint(
                                                                in ->
                                                                        one(
                                                                                in[0].mul(
                                                                                        calls
                                                                                                .incrementAndGet())),
                                                                v)[0]
                                                                .sum())));

        assertEquals("checkpoint", e.operation());
        assertTrue(e.getMessage().contains("CheckpointTest.java"), e.getMessage());
    }
}
