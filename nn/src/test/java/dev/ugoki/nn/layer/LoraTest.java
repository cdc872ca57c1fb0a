package dev.ugoki.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.ParameterGroup;
import dev.ugoki.nn.optim.Schedule;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

class LoraTest {
    private static final Key KEY = Key.of(21);
    private static final Lora.Config CONFIG = new Lora.Config(2, 6, 0);

    private static Sequential network() {
        return new Sequential(
                new Linear(4, 8, KEY.fold(0)), Activation.silu(), new Linear(8, 3, KEY.fold(1)));
    }

    private static Tensor inputs() {
        return Random.normal(KEY.fold(2), DType.F32, 5, 4);
    }

    /** An adapted network whose adapters were trained. */
    private static Sequential trained() {
        Sequential network = network();
        assertEquals(2, Lora.attach(network, _ -> true, CONFIG, KEY.fold(3)));
        Optimizer optimizer =
                Optimizer.of(
                        List.of(new ParameterGroup(Lora.parameters(network), AdamW.of(0.05))),
                        Schedule.constant());
        Tensor target = Random.normal(KEY.fold(4), DType.F32, 5, 3);
        for (int i = 0; i < 20; i++) {
            var step =
                    Autograd.valueAndGrad(
                            () -> Losses.mse(network.apply(inputs()), target, Reduction.MEAN),
                            optimizer.parameters());
            optimizer.step(step.gradients());
        }
        return network;
    }

    @Test
    void aNewAdapterChangesNothing() {
        Sequential network = network();
        float[] before = network.apply(inputs()).toFloatArray();
        Lora.attach(network, name -> name.equals("0"), CONFIG, KEY);
        assertArrayEquals(before, network.apply(inputs()).toFloatArray());
        assertEquals(
                List.of("0.lora_A.weight", "0.lora_B.weight"),
                List.copyOf(Lora.parameters(network).keySet()));
    }

    @Test
    void trainingChangesAdaptersAlone() {
        Sequential network = trained();
        var state = network.stateDict();
        network()
                .stateDict()
                .forEach((name, values) -> assertEquals(values, state.get(name), name));
        assertFalse(
                java.util.Arrays.equals(
                        network().apply(inputs()).toFloatArray(),
                        network.apply(inputs()).toFloatArray()));
    }

    @Test
    void theChangeIsAlphaByRankTimesTheProduct() {
        Linear linear = new Linear(3, 2, false, KEY);
        Lora.attach(linear, _ -> true, CONFIG, KEY);
        Tensor up = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        Lora.parameters(linear).get("lora_B.weight").assign(up);
        Tensor down = Lora.parameters(linear).get("lora_A.weight").tensor().detach();
        Tensor x = Random.normal(KEY, DType.F32, 1, 3);
        Tensor expected =
                x.linear(linear.weight().tensor().detach().add(up.matmul(down).mul(3)), null);
        assertArrayEquals(expected.toFloatArray(), linear.apply(x).toFloatArray(), 1e-5f);
    }

    @Test
    void mergedWeightsGiveTheSameAndComeBackBitForBit() {
        Sequential network = trained();
        var before = network.stateDict();
        float[] adapted = network.apply(inputs()).toFloatArray();
        Lora.merge(network);
        assertArrayEquals(adapted, network.apply(inputs()).toFloatArray(), 1e-5f);
        assertFalse(before.equals(network.stateDict()));
        Lora.merge(network);
        assertArrayEquals(adapted, network.apply(inputs()).toFloatArray(), 1e-5f);
        Lora.unmerge(network);
        assertEquals(before, network.stateDict());
        Lora.unmerge(network);
        assertEquals(before, network.stateDict());
    }

    @Test
    void theMergedStateIsThatOfAPlainNetwork() {
        Sequential network = trained();
        var before = network.stateDict();
        Sequential plain = network();
        plain.load(Lora.mergedState(network));
        assertArrayEquals(
                network.apply(inputs()).toFloatArray(),
                plain.apply(inputs()).toFloatArray(),
                1e-5f);
        assertEquals(before, network.stateDict());
    }

    @Test
    void adaptersAreSavedAndLoaded() {
        Sequential network = trained();
        Sequential other = network();
        Lora.attach(other, _ -> true, CONFIG, KEY.fold(9));
        other.load(network.stateDict());
        assertArrayEquals(
                network.apply(inputs()).toFloatArray(), other.apply(inputs()).toFloatArray());
    }

    @Test
    void layersThatAreNotThereAndSecondAdaptersAreRefused() {
        Sequential network = network();
        var error =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Lora.attach(network, name -> name.equals("q"), CONFIG, KEY));
        assertTrue(error.getMessage().contains("[0, 2]"), error.getMessage());
        Lora.attach(network, _ -> true, CONFIG, KEY);
        assertThrows(
                IllegalStateException.class, () -> Lora.attach(network, _ -> true, CONFIG, KEY));
    }
}
