package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.PlannedStep;
import dev.ugoki.nn.policy.ConditionalUnet1d;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.LinearActivation;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.spi.Backends;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A plan that is bound to its inputs runs as one graph, in which operations on elements are joined,
 * with the bits of the same program run eagerly. On both emulated devices: as it is asked, and as
 * late as a GPU may.
 */
final class PlansTest {
    @BeforeAll
    static void requireDevice() {
        Devices.require();
    }

    static Stream<Device> devices() {
        return IntStream.range(0, new CudaProvider().deviceCount())
                .mapToObj(index -> new Device(CudaProvider.KIND, index));
    }

    private static EmulatedDriver driver(Device device) {
        Devices.requireEmulated();
        return (EmulatedDriver) ((CudaBackend) Backends.forDevice(device)).gpu().driver;
    }

    /** What a program gives eagerly, and as a bound plan in several runs. */
    private static void compare(Graph.Program program, Tensor... inputs) {
        Tensor[] expected = program.apply(inputs);
        BoundPlan plan = Ugoki.compile(program).bind(inputs);
        plan.warmUp();
        for (int run = 0; run < 4; run++) {
            plan.run();
            for (int i = 0; i < expected.length; i++) {
                assertEquals(
                        -1,
                        expected[i].toMemory().mismatch(plan.result(i).toMemory()),
                        "result " + i + " of run " + run);
            }
        }
    }

    private static Tensor normal(long... shape) {
        return Random.normal(Key.of(3), DType.F32, shape);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void fromTheThirdRunOnOneCallRunsAll(Device device) {
        EmulatedDriver driver = driver(device);
        device.run(
                () -> {
                    Tensor x = normal(40, 30);
                    BoundPlan plan =
                            Ugoki.compile(
                                            in ->
                                                    new Tensor[] {
                                                        in[0].matmul(in[0].transpose(0, 1))
                                                                .add(1)
                                                                .softmax(-1)
                                                    })
                                    .bind(x);
                    plan.warmUp();
                    plan.run();
                    plan.run();
                    long launches = driver.launches();
                    long graphs = driver.graphLaunches();
                    for (int i = 0; i < 5; i++) {
                        plan.run();
                    }
                    assertEquals(launches, driver.launches());
                    assertEquals(graphs + 5, driver.graphLaunches());
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aReplaySeesNewInputsAndParameters(Device device) {
        device.run(
                () -> {
                    Tensor x = normal(50);
                    Tensor weight = normal(50);
                    BoundPlan plan =
                            Ugoki.compile(in -> new Tensor[] {in[0].mul(weight).tanh()}).bind(x);
                    for (int i = 0; i < 5; i++) {
                        Engine.update(new Overwrite(), x, x.add(i));
                        Engine.update(new Overwrite(), weight, weight.mul(0.5));
                        plan.run();
                        assertArrayEquals(
                                x.mul(weight).tanh().toFloatArray(), plan.result(0).toFloatArray());
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void joinedOperationsAreOneLaunchAndHaveTheirBits(Device device) {
        EmulatedDriver driver = driver(device);
        device.run(
                () -> {
                    Tensor x = normal(6, 7, 8);
                    Tensor row = normal(8);
                    Tensor turned = normal(8, 7).transpose(0, 1);
                    Graph.Program program =
                            in -> {
                                Tensor y = in[0].mul(in[1]).add(2).tanh();
                                Tensor z = y.sub(in[2].expand(y.shape())).exp();
                                Tensor picked = z.gt(1).select(z.log(), y.neg().sigmoid());
                                return new Tensor[] {picked, Engine.one(new Activation.Gelu(), y)};
                            };
                    compare(program, x, row.expand(x.shape()), turned);
                    BoundPlan plan =
                            Ugoki.compile(
                                            in ->
                                                    new Tensor[] {
                                                        in[0].mul(in[1]).add(2).maximum(in[0]).neg()
                                                    })
                                    .bind(x, row.expand(x.shape()));
                    plan.warmUp();
                    long before = driver.launches();
                    plan.run();
                    assertEquals(1, driver.launches() - before, plan::describe);
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void narrowValuesAreRoundedBetweenJoinedOperations(Device device) {
        device.run(
                () -> {
                    Tensor wide =
                            Tensor.concat(
                                    0,
                                    normal(500).mul(3),
                                    normal(200).mul(1e-6),
                                    normal(100).mul(3e4),
                                    Tensor.of(new float[] {0, -0.0f, 65519, 65520, 6e-8f}, 5),
                                    Tensor.of(
                                            new float[] {
                                                Float.NaN,
                                                Float.POSITIVE_INFINITY,
                                                Float.NEGATIVE_INFINITY,
                                                2.98e-8f,
                                                6.1e-5f
                                            },
                                            5));
                    for (DType dtype : List.of(DType.F16, DType.BF16)) {
                        compare(
                                in -> {
                                    Tensor x = in[0].cast(dtype);
                                    Tensor y = x.mul(x).add(0.1).sub(x);
                                    Tensor z = y.lt(0).select(y.exp(), x.div(3));
                                    return new Tensor[] {z, z.cast(DType.F32).mul(1.5), y.le(x)};
                                },
                                wide);
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aConversionThatIsNoInstructionIsOneAllTheSame(Device device) {
        device.run(
                () -> {
                    Tensor x = normal(40).cast(DType.BF16);
                    compare(in -> new Tensor[] {in[0].cast(DType.F32).sub(in[1])}, x, normal(40));
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void loopsAndIntegersAreJoinedToo(Device device) {
        device.run(
                () -> {
                    Tensor x = Tensor.arange(DType.I32, 60).sub(20);
                    compare(
                            in -> {
                                Graph body =
                                        Graph.trace(
                                                each ->
                                                        new Tensor[] {
                                                            each[1].mul(3)
                                                                    .add(
                                                                            each[0].cast(DType.I32)
                                                                                    .expand(
                                                                                            each[1]
                                                                                                    .shape()))
                                                        },
                                                new TensorType(DType.I64, Shape.SCALAR),
                                                in[0].type());
                                return Engine.apply(new Prim.Loop(body, 4), in[0]);
                            },
                            x);
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aPolicysNetworkHasTheBitsOfEagerCalls(Device device) {
        device.run(
                () -> {
                    ConditionalUnet1d unet =
                            ConditionalUnet1d.Config.of(2, 5)
                                    .withChannels(16, 32)
                                    .withStepWidth(16)
                                    .build(Key.of(1));
                    Tensor step = Tensor.of(new float[] {3, 70}, 2);
                    compare(
                            in -> new Tensor[] {unet.apply(in[0], in[1], in[2])},
                            normal(2, 8, 2),
                            step,
                            normal(2, 5));
                });
    }

    private static double[] losses(boolean bound) {
        try (TensorScope _ = TensorScope.open()) {
            Sequential network =
                    new Sequential(
                            new Linear(6, 16, Key.of(1)),
                            dev.ugoki.nn.layer.Activation.gelu(),
                            new Linear(16, 16, Key.of(2)),
                            dev.ugoki.nn.layer.Activation.relu(),
                            new Linear(16, 3, Key.of(3)));
            Optimizer optimizer = Optimizer.of(network, AdamW.of(1e-2));
            PlannedStep step =
                    PlannedStep.of(
                            optimizer,
                            (batch, _) ->
                                    Losses.mse(network.apply(batch[0]), batch[1], Reduction.MEAN));
            Tensor[] batch = {normal(5, 6), normal(5, 3)};
            PlannedStep.Bound fixed = bound ? step.bind(batch) : null;
            double[] losses = new double[10];
            for (int i = 0; i < losses.length; i++) {
                if (fixed == null) {
                    losses[i] = step.run(Key.of(i), Key.of(i), batch);
                } else {
                    fixed.prepare(Key.of(i), Key.of(i));
                    fixed.run();
                    losses[i] = fixed.loss().item();
                }
            }
            return losses;
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aBoundStepOfTrainingLearnsAsAnyOther(Device device) {
        double[] expected = device.call(() -> losses(false));
        assertArrayEquals(expected, device.call(() -> losses(true)));
        assertTrue(expected[9] < 0.8 * expected[0]);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void theOptimizersStepsInAGraphAreOneLaunch(Device device) {
        EmulatedDriver driver = driver(device);
        device.run(
                () -> {
                    Sequential network =
                            new Sequential(
                                    IntStream.range(0, 12)
                                            .mapToObj(i -> new Linear(4, 4, Key.of(i)))
                                            .toArray(Layer[]::new));
                    Optimizer optimizer = Optimizer.of(network, AdamW.of(1e-2));
                    PlannedStep.Bound step =
                            PlannedStep.of(
                                            optimizer,
                                            (batch, _) -> network.apply(batch[0]).square().mean())
                                    .bind(normal(2, 4));
                    step.warmUp();
                    step.run();
                    Backends.forDevice(device).synchronize();
                    AdamSteps.countLaunches();
                    step.run();
                    assertEquals(1, AdamSteps.countLaunches());
                    assertTrue(driver.graphCount() > 0);
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aGraphOnAnotherStreamIsWrittenDownAnew(Device device) {
        device.run(
                () -> {
                    Tensor x = normal(100);
                    float[] expected = x.mul(3).sub(1).exp().toFloatArray();
                    BoundPlan plan =
                            Ugoki.compile(in -> new Tensor[] {in[0].mul(3).sub(1).exp()}).bind(x);
                    for (int i = 0; i < 3; i++) {
                        plan.run();
                    }
                    try (CudaStream stream = CudaStream.open(device)) {
                        for (int i = 0; i < 3; i++) {
                            stream.run(plan::run);
                            assertArrayEquals(expected, plan.result(0).toFloatArray());
                        }
                    }
                    plan.run();
                    assertArrayEquals(expected, plan.result(0).toFloatArray());
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void anIndexOutOfRangeIsToldOfAReplayToo(Device device) {
        device.run(
                () -> {
                    Tensor x = normal(10);
                    Tensor index = Tensor.of(new long[] {0, 9, 3}, 3);
                    BoundPlan plan =
                            Ugoki.compile(in -> new Tensor[] {in[0].gather(0, in[1]).mul(2)})
                                    .bind(x, index);
                    for (int i = 0; i < 3; i++) {
                        plan.run();
                    }
                    plan.result(0).toFloatArray();
                    Engine.update(new Overwrite(), index, Tensor.of(new long[] {0, 10, 3}, 3));
                    plan.run();
                    var e =
                            assertThrows(
                                    IndexOutOfBoundsException.class,
                                    () -> plan.result(0).toFloatArray());
                    assertTrue(String.valueOf(e.getMessage()).contains("index 10"), e::getMessage);
                });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void productsEndWithTheirActivation(Device device) {
        EmulatedDriver driver = driver(device);
        device.run(
                () -> {
                    Tensor x = normal(5, 40);
                    Tensor weight = normal(30, 40);
                    Tensor bias = normal(30);
                    Backends.forDevice(device).synchronize();
                    long before = driver.launches();
                    Tensor y =
                            Engine.one(
                                    new LinearActivation(new Activation.GeluTanh()),
                                    x,
                                    weight,
                                    bias);
                    assertTrue(driver.launches() - before <= 1);
                    Tensor expected = Engine.one(new Activation.GeluTanh(), x.linear(weight, bias));
                    assertArrayEquals(expected.toFloatArray(), y.toFloatArray(), 2e-5f);
                });
    }
}
