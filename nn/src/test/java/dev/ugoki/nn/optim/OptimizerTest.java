package dev.ugoki.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.ModelCases;
import dev.ugoki.nn.layer.Activation;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;

class OptimizerTest {
    @TempDir Path folder;

    private static Optimizer of(Parameter parameter, UpdateRule rule, Schedule schedule) {
        SequencedMap<String, Parameter> named = new LinkedHashMap<>();
        named.put("p", parameter);
        return Optimizer.of(List.of(new ParameterGroup(named, rule)), schedule);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sgd/0", "sgd/1", "adam/0", "adamw/0", "rmsprop/0"})
    void goesThePathOfPyTorch(String id) throws IOException {
        var expected = ModelCases.read(id);
        Parameter parameter = new Parameter(expected.input("initial"));
        Optimizer optimizer =
                of(parameter, rule(id, expected.config().json()), Schedule.constant());
        Tensor gradients = expected.input("gradients");
        Tensor[] path = new Tensor[(int) gradients.extent(0)];
        for (int k = 0; k < path.length; k++) {
            optimizer.step(List.of(gradients.slice(0, k, k + 1).squeeze(0)));
            path[k] = parameter.tensor().detach().copy();
        }
        expected.checkOutput("trajectory", Tensor.stack(0, path));
    }

    private static UpdateRule rule(String id, JsonNode config) {
        double rate = config.get("lr").asDouble();
        double decay = config.path("weightDecay").asDouble(0);
        double beta1 = config.path("beta1").asDouble();
        double beta2 = config.path("beta2").asDouble();
        double epsilon = config.path("eps").asDouble();
        return switch (id.substring(0, id.indexOf('/'))) {
            case "sgd" ->
                    new Sgd(
                            rate,
                            config.path("momentum").asDouble(0),
                            decay,
                            config.path("nesterov").asBoolean(false));
            case "adam" -> new Adam(rate, beta1, beta2, epsilon, decay);
            case "adamw" -> new AdamW(rate, beta1, beta2, epsilon, decay);
            case "rmsprop" -> new RmsProp(rate, config.get("alpha").asDouble(), epsilon, decay, 0);
            default -> throw new IllegalArgumentException(id);
        };
    }

    @Test
    void adamWMovesAwayFromTheGradientByTheLearningRateAtFirst() {
        Parameter parameter = new Parameter(Tensor.of(new double[] {1, 1}, 2));
        AdamW rule = AdamW.of(0.1).withWeightDecay(0.5).withEpsilon(0);
        of(parameter, rule, Schedule.constant())
                .step(List.of(Tensor.of(new double[] {3, -0.001}, 2)));
        // 1 - 0.1 * 0.5, then 0.1 against the gradient's sign.
        assertArrayEquals(new double[] {0.85, 1.05}, parameter.tensor().toDoubleArray(), 1e-12);
    }

    @Test
    void theScheduleScalesTheRateByTheStepsMade() {
        Parameter parameter = new Parameter(Tensor.of(new double[] {0}, 1));
        Optimizer optimizer = of(parameter, Sgd.of(2), Schedule.linearWarmup(4));
        Tensor gradient = Tensor.of(new double[] {1}, 1);
        double[] expected = {0, -0.5, -1.5, -3, -5, -7};
        for (double each : expected) {
            optimizer.step(List.of(gradient));
            assertEquals(each, parameter.tensor().item(), 1e-12);
        }
        assertEquals(6, optimizer.stepCount());
        assertEquals(2, optimizer.learningRate(optimizer.groups().getFirst()));
    }

    @Test
    void groupsGoByTheirOwnRules() {
        Sequential network = network();
        var named = network.namedParameters();
        Map<String, HostArray> before = network.stateDict();
        Optimizer optimizer =
                Optimizer.of(
                        List.of(
                                ParameterGroup.of(named, name -> name.startsWith("0."), Sgd.of(0)),
                                ParameterGroup.of(
                                        named, name -> !name.startsWith("0."), Sgd.of(1))),
                        Schedule.constant());
        optimizer.step(ones(optimizer));
        assertEquals(before.get("0.weight"), network.stateDict().get("0.weight"));
        float[] old = before.get("2.weight").toFloats();
        float[] now = network.stateDict().get("2.weight").toFloats();
        assertEquals(old[0] - 1, now[0]);
    }

    private static List<Tensor> ones(Optimizer optimizer) {
        return optimizer.parameters().stream()
                .map(each -> Tensor.full(each.type().dtype(), each.type().shape(), 1))
                .toList();
    }

    @Test
    void aParameterBelongsToOneGroup() {
        var named = network().namedParameters();
        ParameterGroup all = ParameterGroup.of(named, _ -> true, Sgd.of(1));
        ParameterGroup some = ParameterGroup.of(named, name -> name.equals("2.bias"), Sgd.of(2));
        var error =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Optimizer.of(List.of(all, some), Schedule.constant()));
        assertTrue(error.getMessage().contains("2.bias"), error.getMessage());
    }

    @Test
    void gradientsThatDoNotFitAreRefusedByName() {
        Sequential network = network();
        Optimizer optimizer = Optimizer.of(network, AdamW.of(1e-3));
        var few = assertThrows(IllegalArgumentException.class, () -> optimizer.step(List.of()));
        assertTrue(few.getMessage().contains("0 gradients for 4"), few.getMessage());
        List<Tensor> wrong = new java.util.ArrayList<>(ones(optimizer));
        wrong.set(3, Tensor.ones(DType.F32, 9));
        Map<String, HostArray> before = network.stateDict();
        var error = assertThrows(IllegalArgumentException.class, () -> optimizer.step(wrong));
        assertTrue(error.getMessage().contains("2.bias must be F32[1]"), error.getMessage());
        assertEquals(before, network.stateDict());
        assertEquals(0, optimizer.stepCount());
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> AdamW.of(-1));
        assertThrows(IllegalArgumentException.class, () -> AdamW.of(1).withBetas(1, 0.9));
        assertThrows(IllegalArgumentException.class, () -> Adam.of(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Sgd.of(1).withNesterov(true));
    }

    // ---- training and resuming ----

    private static Sequential network() {
        Key key = Key.of(11);
        return new Sequential(
                new Linear(2, 8, key.fold(0)), Activation.silu(), new Linear(8, 1, key.fold(1)));
    }

    /** One step on a batch that depends on the step alone. */
    private static double train(Sequential network, Optimizer optimizer, MovingAverage average) {
        Tensor x =
                Random.uniformBetween(
                        -1, 1, Key.of(1).fold(optimizer.stepCount()), DType.F32, 16, 2);
        Tensor y = x.slice(1, 0, 1).mul(x.slice(1, 1, 2));
        var step =
                Autograd.valueAndGrad(
                        () -> Losses.mse(network.apply(x), y, Reduction.MEAN),
                        optimizer.parameters());
        optimizer.step(GradientClipping.byGlobalNorm(step.gradients(), 1).gradients());
        average.update();
        return step.value().item();
    }

    static Stream<UpdateRule> rules() {
        return Stream.of(
                AdamW.of(0.03),
                Adam.of(0.03).withWeightDecay(1e-4),
                Sgd.of(0.3).withMomentum(0.9).withNesterov(true),
                RmsProp.of(0.01));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void trainingLowersTheLoss(UpdateRule rule) {
        Sequential network = network();
        Optimizer optimizer = Optimizer.of(network, rule, Schedule.warmupCosine(5, 80));
        MovingAverage average = new MovingAverage(network, MovingAverage.Decay.power(0.75, 0.9));
        double first = 0;
        double last = 0;
        for (int i = 0; i < 80; i++) {
            double loss = train(network, optimizer, average);
            first += i < 5 ? loss / 5 : 0;
            last += i >= 75 ? loss / 5 : 0;
        }
        double before = first;
        double after = last;
        assertTrue(after < 0.3 * before, () -> before + " became " + after);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void aResumedTrainingEndsWithTheSameBits(UpdateRule rule) throws IOException {
        Schedule schedule = Schedule.warmupCosine(3, 20);
        MovingAverage.Decay decay = MovingAverage.Decay.power(0.75, 0.9);
        Sequential whole = network();
        Optimizer wholeOptimizer = Optimizer.of(whole, rule, schedule);
        MovingAverage wholeAverage = new MovingAverage(whole, decay);
        for (int i = 0; i < 12; i++) {
            train(whole, wholeOptimizer, wholeAverage);
        }
        Sequential part = network();
        Optimizer partOptimizer = Optimizer.of(part, rule, schedule);
        MovingAverage partAverage = new MovingAverage(part, decay);
        for (int i = 0; i < 7; i++) {
            train(part, partOptimizer, partAverage);
        }
        part.save(folder.resolve("model.safetensors"));
        SafetensorsFile.write(folder.resolve("optimizer.safetensors"), partOptimizer.stateDict());
        SafetensorsFile.write(folder.resolve("average.safetensors"), partAverage.stateDict());

        Sequential resumed = network();
        resumed.load(folder.resolve("model.safetensors"));
        Optimizer resumedOptimizer = Optimizer.of(resumed, rule, schedule);
        resumedOptimizer.load(SafetensorsFile.read(folder.resolve("optimizer.safetensors")));
        MovingAverage resumedAverage = new MovingAverage(resumed, decay);
        resumedAverage.load(SafetensorsFile.read(folder.resolve("average.safetensors")));
        for (int i = 7; i < 12; i++) {
            train(resumed, resumedOptimizer, resumedAverage);
        }
        assertEquals(whole.stateDict(), resumed.stateDict());
        assertEquals(wholeOptimizer.stateDict(), resumedOptimizer.stateDict());
        assertEquals(wholeAverage.stateDict(), resumedAverage.stateDict());
        assertNotEquals(whole.stateDict(), wholeAverage.averages());
    }

    @Test
    void theStateHasTheNamesOfPyTorchAndLeRobot() {
        Optimizer optimizer = of(new Parameter(Tensor.zeros(DType.F32, 2)), AdamW.of(1), _ -> 1);
        assertEquals(
                List.of("state/0/step", "state/0/exp_avg", "state/0/exp_avg_sq"),
                List.copyOf(optimizer.stateDict().keySet()));
    }

    @Test
    void aStateThatDoesNotFitIsRefused() {
        Optimizer optimizer = Optimizer.of(network(), AdamW.of(1));
        Map<String, HostArray> missing = new LinkedHashMap<>(optimizer.stateDict());
        missing.remove("state/2/exp_avg");
        assertRefused(optimizer, missing, "state/2/exp_avg, of 2.weight, is missing");
        Map<String, HostArray> wrong = new LinkedHashMap<>(optimizer.stateDict());
        wrong.put("state/0/exp_avg", wrong.get("state/1/exp_avg"));
        assertRefused(optimizer, wrong, "is F32[8], not F32[8,2]");
        Map<String, HostArray> more = new LinkedHashMap<>(optimizer.stateDict());
        more.put("state/9/exp_avg", wrong.get("state/1/exp_avg"));
        assertRefused(optimizer, more, "unexpected [state/9/exp_avg]");
        Map<String, HostArray> uneven = new LinkedHashMap<>(optimizer.stateDict());
        uneven.put("state/1/step", HostArray.of(dev.ugoki.tensor.Shape.SCALAR, 4L));
        assertRefused(optimizer, uneven, "0.bias made 4 steps");
    }

    private static void assertRefused(
            Optimizer optimizer, Map<String, HostArray> state, String part) {
        var error = assertThrows(IllegalArgumentException.class, () -> optimizer.load(state));
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }
}
