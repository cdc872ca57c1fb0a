package dev.ugoki.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.Map;

class MovingAverageTest {
    private final Linear model = new Linear(1, 2, false, Key.of(1));
    private final Parameter weight = model.weight();

    private void assign(float first, float second) {
        weight.assign(Tensor.of(new float[] {first, second}, 2, 1));
    }

    @Test
    void followsTheParametersByItsDecay() {
        assign(1, 10);
        MovingAverage average = new MovingAverage(model, MovingAverage.Decay.constant(0.75));
        assign(5, 10);
        average.update();
        assertArrayEquals(new float[] {2, 10}, average.averages().get("weight").toFloats());
        average.update();
        assertArrayEquals(new float[] {2.75f, 10}, average.averages().get("weight").toFloats());
        assertEquals(2, average.updateCount());
    }

    @Test
    void theGrowingDecayStartsAtNothingAndEndsAtItsMost() {
        MovingAverage.Decay decay = MovingAverage.Decay.power(0.75, 0.999);
        assertEquals(0, decay.at(0));
        assertEquals(1 - Math.pow(2, -0.75), decay.at(1), 1e-15);
        assertEquals(1 - Math.pow(101, -0.75), decay.at(100), 1e-15);
        assertEquals(0.999, decay.at(1_000_000));
    }

    @Test
    void parametersHoldTheAverageWhileAnActionRuns() {
        assign(1, 1);
        MovingAverage average = new MovingAverage(model, MovingAverage.Decay.constant(0.5));
        assign(3, 5);
        average.update();
        Map<String, HostArray> inside =
                average.call(
                        () -> {
                            assertThrows(IllegalStateException.class, average::update);
                            return model.stateDict();
                        });
        assertArrayEquals(new float[] {2, 3}, inside.get("weight").toFloats());
        assertArrayEquals(new float[] {3, 5}, weight.tensor().toFloatArray());
        assertEquals(inside, average.stateDictOf(model));
    }

    @Test
    void parametersGetTheirValuesBackWhereAnActionFails() {
        assign(1, 1);
        MovingAverage average = new MovingAverage(model, MovingAverage.Decay.constant(0.5));
        assign(3, 5);
        average.update();
        assertThrows(
                ArithmeticException.class,
                () ->
                        average.call(
                                () -> {
                                    throw new ArithmeticException();
                                }));
        assertArrayEquals(new float[] {3, 5}, weight.tensor().toFloatArray());
        average.update();
    }

    @Test
    void aStateOfOtherParametersIsRefused() {
        MovingAverage average = new MovingAverage(model, MovingAverage.Decay.constant(0.5));
        Map<String, HostArray> state = new LinkedHashMap<>(average.stateDict());
        state.remove("average/weight");
        var error = assertThrows(IllegalArgumentException.class, () -> average.load(state));
        assertTrue(error.getMessage().contains("average/weight"), error.getMessage());
        Map<String, HostArray> more = new LinkedHashMap<>(average.stateDict());
        more.put("average/bias", more.get("average/weight"));
        error = assertThrows(IllegalArgumentException.class, () -> average.load(more));
        assertTrue(error.getMessage().contains("average/bias"), error.getMessage());
    }
}
