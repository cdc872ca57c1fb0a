package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

class ConditionedPolicyTest {
    private static final Key KEY = Key.of(3);

    private static RegressionPolicy head(int conditioning) {
        return new RegressionPolicy(
                ResidualMlp.Config.of(conditioning, 8).withWidth(16).withBlocks(1).build(KEY),
                4,
                2);
    }

    @Test
    void stepsFollowEachOtherInTheOrderOfTheInputs() {
        Tensor state = Tensor.of(new float[] {1, 2, 3, 4}, 1, 2, 2);
        Tensor environment = Tensor.of(new float[] {10, 20, 30, 40, 50, 60}, 1, 2, 3);
        Observations seen = Observations.ofState(state).withEnvironment(environment);
        assertArrayEquals(
                new float[] {10, 20, 30, 1, 2, 40, 50, 60, 3, 4},
                new ConditionedPolicy(head(10), 2, true).conditioning(seen).toFloatArray());
        assertArrayEquals(
                new float[] {1, 2, 10, 20, 30, 3, 4, 40, 50, 60},
                new ConditionedPolicy(head(10), 2, false).conditioning(seen).toFloatArray());
    }

    @Test
    void aPolicyOnVectorsHasThePolicysOwnNames() {
        RegressionPolicy head = head(10);
        ConditionedPolicy policy = new ConditionedPolicy(head, 2, true);
        assertEquals(head.namedParameters(), policy.module().namedParameters());
    }

    /** A white square in a black image: what it learns to tell is where that is. */
    @Test
    void eyesLearnWhereThingsAre() {
        ConditionedPolicy.Vision vision = new ConditionedPolicy.Vision(List.of(8, 8, 8), 4, 2, 1);
        ConditionedPolicy policy =
                new ConditionedPolicy(head(2 + vision.width()), 1, false, vision, 24, 24, KEY);
        Optimizer optimizer = Optimizer.of(policy.module(), AdamW.of(1e-2));
        double first = 0;
        double last = 0;
        for (int step = 0; step < 60; step++) {
            Key key = KEY.fold(step);
            Tensor places = Random.uniformBetween(-1, 1, key.fold(0), DType.F32, 32, 2);
            Observations seen =
                    Observations.ofState(Random.normal(key.fold(1), DType.F32, 32, 2))
                            .withEnvironment(places)
                            .withImages(squares(places));
            Tensor actions = places.unsqueeze(1).expand(32, 4, 2);
            var found =
                    Autograd.valueAndGrad(
                            () -> policy.loss(seen, actions, null, key), optimizer.parameters());
            optimizer.step(found.gradients());
            first = step == 0 ? found.value().item() : first;
            last = found.value().item();
        }
        assertTrue(last < 0.3 * first, first + " became " + last);
    }

    private static Tensor squares(Tensor places) {
        float[] at = places.toFloatArray();
        float[] images = new float[32 * 3 * 24 * 24];
        for (int i = 0; i < images.length; i++) {
            int image = i / (3 * 24 * 24);
            double x = (i % 24 - 11.5) / 12;
            double y = (i / 24 % 24 - 11.5) / 12;
            boolean inside =
                    Math.abs(x - 0.8 * at[2 * image]) < 0.2
                            && Math.abs(y - 0.8 * at[2 * image + 1]) < 0.2;
            images[i] = inside ? 1 : 0;
        }
        return Tensor.of(images, 32, 3, 24, 24);
    }

    @Test
    void noiseIsForFlows() {
        ConditionedPolicy policy = new ConditionedPolicy(head(2), 1, false);
        Observations seen = Observations.ofState(Tensor.zeros(DType.F32, 1, 2));
        assertThrows(
                IllegalArgumentException.class,
                () -> policy.sample(seen, Tensor.zeros(DType.F32, 1, 4, 2)));
        assertThrows(IllegalStateException.class, () -> policy.seen(seen));
    }
}
