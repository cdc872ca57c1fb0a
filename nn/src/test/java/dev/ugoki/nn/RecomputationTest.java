package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.policy.PolicyNetworks;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.MemoryPool;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.stream.Stream;

class RecomputationTest {
    static Stream<PolicyNetworks.Case> networks() {
        return PolicyNetworks.all();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void gradientsHaveTheSameBits(PolicyNetworks.Case network) {
        List<Parameter> parameters = network.module().parameters();
        var kept = Autograd.valueAndGrad(network::loss, parameters);
        var again = Recomputation.call(() -> Autograd.valueAndGrad(network::loss, parameters));
        assertEquals(kept.value().item(), again.value().item());
        for (int i = 0; i < parameters.size(); i++) {
            assertArrayEquals(
                    kept.gradients().get(i).toFloatArray(),
                    again.gradients().get(i).toFloatArray(),
                    network.module().namedParameters().sequencedKeySet().toArray()[i].toString());
        }
    }

    /**
     * Drawn twice, the loss would not belong to its gradient: a step along it would not lower it.
     */
    @Test
    void whatIsDrawnIsTheSameBothTimes() {
        PolicyNetworks.Case network = PolicyNetworks.mlp(0.5);
        List<Parameter> parameters = network.module().parameters();
        var first = Recomputation.call(() -> Autograd.valueAndGrad(network::loss, parameters));
        double squares = 0;
        double scale = 1e-3;
        for (int i = 0; i < parameters.size(); i++) {
            Tensor gradient = first.gradients().get(i);
            squares += gradient.mul(gradient).sum().item();
            Tensor value = parameters.get(i).tensor().detach();
            parameters.get(i).assign(value.sub(gradient.mul(scale)));
        }
        double after =
                Recomputation.call(() -> Autograd.valueAndGrad(network::loss, parameters))
                        .value()
                        .item();
        double fallen = first.value().item() - after;
        assertEquals(scale * squares, fallen, 0.05 * scale * squares);
    }

    @Test
    void whatIsKeptForTheGradientIsLess() {
        PolicyNetworks.Case network = PolicyNetworks.mlp(0);
        long kept = liveAfter(network, false);
        long less = liveAfter(network, true);
        assertTrue(less < 0.6 * kept, less + " bytes are live, " + kept + " without");
    }

    private static long liveAfter(PolicyNetworks.Case network, boolean recomputes) {
        MemoryPool pool = Backends.forDevice(Device.current()).memory();
        try (TensorScope _ = TensorScope.open()) {
            long before = pool.liveBytes();
            long[] after = new long[1];
            Recomputation.callIf(
                    recomputes,
                    () ->
                            Autograd.valueAndGrad(
                                    () -> {
                                        Tensor loss = network.loss();
                                        after[0] = pool.liveBytes();
                                        return loss;
                                    },
                                    network.module().parameters()));
            return after[0] - before;
        }
    }
}
