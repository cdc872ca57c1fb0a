package dev.ugoki.nn.policy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

class FlowGuidanceTest {
    private static final int LENGTH = 3;
    private static final double SLOPE = 0.6;
    private static final FlowPolicy.Config STEPS = FlowPolicy.Config.DEFAULT.withSteps(4);
    private static final float[] NOISE = {0.5f, -1, 2};
    private static final float[] PREVIOUS = {1, 2, 3};
    private static final float[] WEIGHTS = {1, 0.5f, 0};

    /** {@code v = slope * x}, so that the actions' derivative in x is {@code 1 - t * slope}. */
    private static final class Proportional extends Module implements Denoiser {
        @Override
        public Tensor apply(Tensor noisy, Tensor step, Tensor conditioning) {
            return noisy.mul(SLOPE);
        }
    }

    private final FlowPolicy policy = new FlowPolicy(new Proportional(), LENGTH, 1, STEPS);
    private final Tensor conditioning = Tensor.of(new float[] {0}, 1, 1);

    private static Tensor chunk(float... values) {
        return Tensor.of(values, 1, LENGTH, 1);
    }

    private float[] guided(FlowGuidance guidance, float... weights) {
        return policy.sample(
                        conditioning,
                        chunk(NOISE),
                        chunk(PREVIOUS),
                        Tensor.of(weights, LENGTH),
                        guidance)
                .toFloatArray();
    }

    /** The formula of the paper, number by number. */
    private static float[] expected(boolean jacobian, double most) {
        float[] chunk = new float[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            double x = NOISE[i];
            for (int step = 0; step < STEPS.steps(); step++) {
                double t = 1 - step / (double) STEPS.steps();
                double tau = 1 - t;
                double v = SLOPE * x;
                double error = (PREVIOUS[i] - (x - t * v)) * WEIGHTS[i];
                double pull = jacobian ? (1 - t * SLOPE) * error : error;
                double published =
                        (1 - tau)
                                / tau
                                * ((1 - tau) * (1 - tau) + tau * tau)
                                / ((1 - tau) * (1 - tau));
                double strength = tau == 0 ? most : Math.min(published, most);
                x -= (v - strength * pull) / STEPS.steps();
            }
            chunk[i] = (float) x;
        }
        return chunk;
    }

    @Test
    void theVelocityIsBentByTheErrorItself() {
        assertArrayEquals(expected(false, 10), guided(FlowGuidance.DEFAULT, WEIGHTS), 1e-5f);
    }

    @Test
    void theVelocityIsBentByTheErrorsPullOnTheNoise() {
        FlowGuidance guidance = new FlowGuidance(FlowGuidance.Form.JACOBIAN, 5);

        assertArrayEquals(expected(true, 5), guided(guidance, WEIGHTS), 1e-5f);
    }

    @Test
    void withoutWeightTheChunkIsWhatItWouldBe() {
        float[] free = policy.sample(conditioning, chunk(NOISE)).toFloatArray();

        for (FlowGuidance.Form form : FlowGuidance.Form.values()) {
            assertArrayEquals(free, guided(new FlowGuidance(form, 10), 0, 0, 0));
        }
    }

    @Test
    void aStrengthIsNotNegative() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new FlowGuidance(FlowGuidance.Form.IDENTITY, -1));
    }
}
