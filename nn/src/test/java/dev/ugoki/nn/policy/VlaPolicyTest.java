package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.policy.VlaPolicy.Style;
import dev.ugoki.nn.vision.SiglipVision;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Arrays;
import java.util.List;

class VlaPolicyTest {
    private static final Key KEY = Key.of(5);

    /** As the smallest, with images of 16. */
    private static VlaPolicy.Config config(Style style) {
        return VlaPolicy.Config.nano(1, 3, 2)
                .withVision(
                        new VlaPolicy.Vision(new SiglipVision.Config(16, 4, 1, 2, 32, 48), 1, 2))
                .withStyle(style)
                .withSteps(4);
    }

    private static Observations observations(long... tokens) {
        int length = tokens.length / 2;
        boolean[] valid = new boolean[tokens.length];
        for (int i = 0; i < valid.length; i++) {
            valid[i] = i < length || i < length + 2;
        }
        return Observations.ofState(Random.normal(Key.of(1), DType.F32, 2, 3))
                .withImages(Random.normal(Key.of(2), DType.F32, 2, 3, 16, 16))
                .withInstruction(
                        new Observations.Instruction(
                                Tensor.of(tokens, 2, length), Tensor.of(valid, 2, length)));
    }

    private static Observations observations() {
        return observations(5, 6, 7, 8, 9, 10, 0, 0);
    }

    @Test
    void pi0HasAsManyParametersAsPublished() {
        VlaPolicy policy = Module.sketch(() -> VlaPolicy.Config.pi0(3, 7).build(KEY));
        // PaliGemma with 257,152 words, and what pi0 adds to it.
        long added = 311_464_960L + 2 * 33_792 + 2_098_176 + 1_049_600 + 32_800;
        assertEquals(2_923_335_408L + added, policy.parameterCount());
        assertEquals(
                added,
                policy.actingParameters().values().stream()
                        .mapToLong(each -> each.type().shape().elementCount())
                        .sum());
        assertTrue(
                policy.namedParameters()
                        .containsKey(
                                "model.paligemma_with_expert.gemma_expert.model.layers.17.self_attn"
                                        + ".q_proj.weight"));
    }

    @Test
    void smolVlaHasAsManyParametersAsPublished() {
        VlaPolicy policy = Module.sketch(() -> VlaPolicy.Config.smolVla(2, 6).build(KEY));
        assertEquals(450_046_176, policy.parameterCount());
        assertEquals(
                99_880_992,
                policy.actingParameters().values().stream()
                        .mapToLong(each -> each.type().shape().elementCount())
                        .sum());
        // Every second layer makes its keys of the model's keys, which are 320 wide.
        String expert = "model.vlm_with_expert.lm_expert.layers.";
        for (int layer = 0; layer < 2; layer++) {
            String name = expert + layer + ".self_attn.k_proj.weight";
            assertArrayEquals(
                    new long[] {320, layer == 0 ? 720 : 320},
                    policy.namedParameters().get(name).type().shape().toArray());
        }
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void actingByMemoryIsActingInOnePass(Style style) {
        VlaPolicy policy = config(style).build(KEY);
        Tensor noisy = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        Tensor times = Tensor.full(DType.F32, Shape.of(2), 0.3);
        assertArrayEquals(
                policy.velocity(observations(), noisy, times).toFloatArray(),
                policy.velocityOfMemory(observations(), noisy, 0.3).toFloatArray(),
                1e-5f);
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void whatFillsUpAnInstructionChangesNothing(Style style) {
        VlaPolicy policy = config(style).build(KEY);
        Tensor noise = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        float[] chunk = policy.sample(observations(), noise).toFloatArray();
        Observations other = observations(5, 6, 7, 8, 9, 10, 33, 44);
        assertArrayEquals(chunk, policy.sample(other, noise).toFloatArray());
        Observations said = observations(5, 6, 7, 99, 9, 11, 0, 0);
        assertFalse(Arrays.equals(chunk, policy.sample(said, noise).toFloatArray()));
    }

    /** In SmolVLA an action sees none of those behind it; in pi0 all see all. */
    @ParameterizedTest
    @EnumSource(Style.class)
    void actionsSeeEachOtherAsTheStyleSays(Style style) {
        VlaPolicy policy = config(style).build(KEY);
        Tensor noisy = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        Tensor changed = Tensor.concat(1, noisy.slice(1, 0, 10), noisy.slice(1, 10, 16).add(1));
        float[] one =
                policy.velocityOfMemory(observations(), noisy, 0.5)
                        .slice(1, 0, 10)
                        .contiguous()
                        .toFloatArray();
        float[] other =
                policy.velocityOfMemory(observations(), changed, 0.5)
                        .slice(1, 0, 10)
                        .contiguous()
                        .toFloatArray();
        assertEquals(style == Style.SMOLVLA, Arrays.equals(one, other));
    }

    /** Time runs from 1 to 0: one step goes all the way, against the velocity. */
    @Test
    void oneStepGoesFromNoiseToActions() {
        VlaPolicy policy = config(Style.PI0).withSteps(1).build(KEY);
        Tensor noise = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        Tensor velocity = policy.velocity(observations(), noise, Tensor.ones(DType.F32, 2));
        assertArrayEquals(
                noise.sub(velocity).toFloatArray(),
                policy.sample(observations(), noise).toFloatArray(),
                1e-5f);
    }

    @ParameterizedTest
    @EnumSource(Style.class)
    void everyParameterThatActsIsLearned(Style style) {
        VlaPolicy policy = config(style).build(KEY);
        Tensor actions = Random.normal(Key.of(4), DType.F32, 2, 16, 2);
        var named = policy.actingParameters();
        var found =
                Autograd.valueAndGrad(
                        () -> policy.loss(observations(), actions, null, Key.of(6)),
                        List.copyOf(named.values()));
        int i = 0;
        for (String name : named.keySet()) {
            double size = found.gradients().get(i++).abs().max(false).item();
            assertTrue(size > 0, name + " has no gradient");
        }
    }

    @Test
    void aFewStepsOnOneChunkLowerTheLoss() {
        VlaPolicy policy = config(Style.PI0).build(KEY);
        Tensor actions = Random.normal(Key.of(4), DType.F32, 2, 16, 2);
        var optimizer = Optimizer.of(policy, AdamW.of(3e-3));
        double first = 0;
        double last = 0;
        for (int step = 0; step < 20; step++) {
            var made =
                    Autograd.valueAndGrad(
                            () -> policy.loss(observations(), actions, null, Key.of(6)),
                            optimizer.parameters());
            optimizer.step(made.gradients());
            last = made.value().item();
            first = step == 0 ? last : first;
        }
        double[] losses = {first, last};
        assertTrue(last < 0.7 * first, () -> "from " + losses[0] + " to " + losses[1]);
    }

    @ParameterizedTest
    @EnumSource(FlowGuidance.Form.class)
    void boundActionsComeCloserToWhatIsCarriedOut(FlowGuidance.Form form) {
        VlaPolicy policy = config(Style.PI0).build(KEY);
        Tensor noise = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        Tensor before = Tensor.full(DType.F32, Shape.of(2, 16, 2), 0.7);
        double[] weights = RealTimeChunking.prefixWeights(RealTimeChunking.Schedule.EXP, 4, 10, 16);
        Tensor free = policy.sample(observations(), noise);
        var binding = new VlaPolicy.Binding(before, weights, new FlowGuidance(form, 10));
        Tensor bound = policy.sample(observations(), noise, binding);
        double freely = free.sub(before).slice(1, 0, 4).abs().mean().item();
        double held = bound.sub(before).slice(1, 0, 4).abs().mean().item();
        assertTrue(held < 0.5 * freely, () -> held + " against " + freely);
    }

    /** Bound to nothing, nothing pulls. */
    @Test
    void aBindingWithoutWeightChangesNothing() {
        VlaPolicy policy = config(Style.PI0).build(KEY);
        Tensor noise = Random.normal(Key.of(3), DType.F32, 2, 16, 2);
        float[] free = policy.sample(observations(), noise).toFloatArray();
        for (FlowGuidance.Form form : FlowGuidance.Form.values()) {
            var binding =
                    new VlaPolicy.Binding(noise.mul(3), new double[16], new FlowGuidance(form, 10));
            assertArrayEquals(
                    free, policy.sample(observations(), noise, binding).toFloatArray(), 1e-6f);
        }
    }
}
