package dev.ugoki.examples.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;

class FunctionErrorTest {
    private static final int SAMPLE = 40_009;

    static List<MeasuredFunction> functions() {
        return MeasuredFunction.all();
    }

    @ParameterizedTest
    @MethodSource("functions")
    void functionsMeetTheirGoalsOnASample(MeasuredFunction function) {
        FunctionError error = measure(function);
        assertTrue(error.meets(function.goal()), () -> function.name() + ": " + error);
    }

    private static FunctionError measure(MeasuredFunction function) {
        return Device.parse("cpu").call(() -> FunctionError.measure(function, SAMPLE));
    }

    @Test
    void aWrongFunctionIsFound() {
        FunctionError off =
                measure(new MeasuredFunction("exp, off", 2, x -> x.exp().mul(1.000001), Math::exp));
        assertTrue(off.ulps() > 4 && off.wrong() == 0, off::toString);
        FunctionError unsigned =
                measure(new MeasuredFunction("abs", 2, Tensor::abs, x -> x == 0 ? x : Math.abs(x)));
        assertEquals(1, unsigned.wrong(), unsigned::toString);
    }
}
