package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.policy.VisualDiffusionPolicy.Unet;
import dev.ugoki.nn.policy.VisualDiffusionPolicy.Vision;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;

class VisualDiffusionPolicyTest {
    private static final Key KEY = Key.of(5);
    private static final Unet SMALL = new Unet(List.of(8, 16), 3, 4, 8, true);

    private static VisualDiffusionPolicy.Config config(Vision vision) {
        return VisualDiffusionPolicy.Config.of(3, 2).withVision(vision).withUnet(SMALL);
    }

    private static Observations observations(int cameras) {
        Tensor[] images = new Tensor[cameras];
        Arrays.setAll(images, i -> Random.normal(Key.of(10 + i), DType.F32, 2, 2, 3, 80, 80));
        return Observations.ofState(Random.normal(Key.of(1), DType.F32, 2, 2, 3))
                .withImages(images);
    }

    @Test
    void pushTFromImagesHasAsManyParametersAsLeRobots() {
        Module policy =
                Module.sketch(
                        () ->
                                VisualDiffusionPolicy.Config.of(2, 2)
                                        .withVision(Vision.of(1, 96, 96).withCrop(84, 84, true))
                                        .build(KEY)
                                        .module());
        assertEquals(262_709_026, policy.parameterCount());
    }

    @Test
    void camerasShareAnEncoderOrHaveTheirOwn() {
        Vision shared = Vision.of(2, 80, 80).withKeypoints(4);
        Module one = Module.sketch(() -> config(shared).build(KEY).module());
        Module two =
                Module.sketch(() -> config(shared.withEncoderPerCamera(true)).build(KEY).module());
        assertTrue(one.namedParameters().containsKey("diffusion.rgb_encoder.out.weight"));
        assertTrue(two.namedParameters().containsKey("diffusion.rgb_encoder.1.out.weight"));
        assertTrue(two.parameterCount() > 1.9 * one.parameterCount());
    }

    @Test
    void aCropIsTheMiddleWhenActingAndDrawnInTraining() {
        Vision vision = Vision.of(1, 80, 80).withKeypoints(4).withCrop(64, 64, true);
        VisualDiffusionPolicy policy = config(vision).build(KEY);
        Observations seen = observations(1);
        Tensor noise = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        Tensor steps = Tensor.of(new long[] {3, 50}, 2);
        double[] losses = new double[3];
        for (int i = 0; i < 3; i++) {
            losses[i] =
                    RandomScope.call(
                            Key.of(i / 2),
                            () -> policy.loss(seen, noise, null, noise, steps).item());
        }
        assertEquals(losses[0], losses[1]);
        assertFalse(losses[0] == losses[2], "another key, the same crop");
        policy.module().eval();
        Tensor middle = observations(1).images().getFirst();
        Tensor changed = middle.narrow(4, 0, 72).pad(4, 0, 8, 0);
        Tensor chunk = policy.sample(seen, noise, Key.of(1));
        assertArrayEquals(
                chunk.toFloatArray(),
                policy.sample(seen.withImages(changed), noise, Key.of(1)).toFloatArray());
    }

    @Test
    void paddingMustBeToldWhereItIsLeftOut() {
        VisualDiffusionPolicy.Config plain = config(Vision.NONE);
        VisualDiffusionPolicy policy =
                new VisualDiffusionPolicy.Config(
                                3, 0, 2, 2, 16, Vision.NONE, SMALL, plain.sampler(), true)
                        .build(KEY);
        Tensor actions = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        assertThrows(
                IllegalArgumentException.class,
                () -> policy.loss(observations(0), actions, null, KEY));
    }

    @Test
    void observationsOfAnotherNumberOfStepsAreRefused() {
        VisualDiffusionPolicy policy = config(Vision.NONE).build(KEY);
        Observations one = Observations.ofState(Tensor.zeros(DType.F32, 2, 1, 3));
        assertThrows(IllegalArgumentException.class, () -> policy.sample(one, KEY));
    }
}
