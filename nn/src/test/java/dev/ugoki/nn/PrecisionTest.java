package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.policy.PolicyNetworks;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

class PrecisionTest {
    static Stream<PolicyNetworks.Case> networks() {
        return PolicyNetworks.all();
    }

    @Test
    void aLinearLayerRoundsItsOperandsAndItsResult() {
        Linear layer = new Linear(24, 8, Key.of(1));
        Tensor x = Random.normal(Key.of(2), DType.F32, 5, 24);
        Tensor expected =
                x.cast(DType.BF16)
                        .linear(
                                layer.weight().tensor().cast(DType.BF16),
                                layer.bias().tensor().cast(DType.BF16))
                        .cast(DType.F32);
        Tensor found = Precision.BF16.call(() -> layer.apply(x));
        assertEquals(DType.F32, found.dtype());
        assertArrayEquals(expected.toFloatArray(), found.toFloatArray());
        assertFalse(Arrays.equals(layer.apply(x).toFloatArray(), found.toFloatArray()));
        assertEquals(Precision.F32, Precision.current());
    }

    @Test
    void otherNumbersThanF32StayAsTheyAre() {
        Linear layer = Init.withDType(DType.F64, () -> new Linear(3, 2, Key.of(1)));
        Tensor x = Random.normal(Key.of(2), DType.F64, 4, 3);
        assertArrayEquals(
                layer.apply(x).toDoubleArray(),
                Precision.BF16.call(() -> layer.apply(x)).toDoubleArray());
    }

    /**
     * Losses and gradients of the MLP, the U-Net, ACT and the small eyes are those of F32, nearly.
     */
    @ParameterizedTest
    @MethodSource("networks")
    void gradientsAreF32AndPointWhereThoseOfF32Do(PolicyNetworks.Case network) {
        List<Parameter> parameters = network.module().parameters();
        var full = Autograd.valueAndGrad(network::loss, parameters);
        var narrow = Precision.BF16.call(() -> Autograd.valueAndGrad(network::loss, parameters));
        double expected = full.value().item();
        double found = narrow.value().item();
        assertTrue(found != expected, "nothing was computed in BF16");
        assertEquals(expected, found, 0.05 * expected);
        double dot = 0;
        double one = 0;
        double other = 0;
        for (int i = 0; i < parameters.size(); i++) {
            Tensor a = full.gradients().get(i);
            Tensor b = narrow.gradients().get(i);
            assertEquals(a.type(), b.type());
            dot += a.mul(b).sum().item();
            one += a.mul(a).sum().item();
            other += b.mul(b).sum().item();
        }
        double cosine = dot / Math.sqrt(one * other);
        assertTrue(cosine > 0.99, network + ": cosine " + cosine);
    }
}
