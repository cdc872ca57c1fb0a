package dev.ugoki.nn.policy;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import java.util.function.Supplier;

/**
 * Takes the noise out of a chunk, step by step.
 *
 * @param schedule by which noise was added in training
 * @param kind how a step goes
 * @param steps how many of the schedule's are taken, evenly from step 0 up
 * @param prediction what the network says
 * @param clip actions are held to {@code -clip .. clip} at each step; infinity for not at all
 */
public record DiffusionSampler(
        NoiseSchedule schedule, Kind kind, int steps, Prediction prediction, double clip) {
    /** How a step goes. */
    public enum Kind {
        /** Draws from the posterior: Ho et al. (NeurIPS 2020), the smaller of its variances. */
        DDPM,
        /** Draws nothing: Song et al.: Denoising diffusion implicit models (ICLR 2021), eta 0. */
        DDIM
    }

    /** What a network says of a noisy chunk. */
    public enum Prediction {
        /** The noise in it. */
        NOISE,
        /** The actions in it. */
        ACTIONS
    }

    /** A network's prediction for chunks that are all at one step. */
    @FunctionalInterface
    public interface Model {
        /** Of the type of {@code noisy}. */
        Tensor predict(Tensor noisy, int step);
    }

    public DiffusionSampler {
        if (steps < 1 || steps > schedule.steps()) {
            throw new IllegalArgumentException(
                    "diffusion: can sample in 1 to "
                            + schedule.steps()
                            + " steps, not in "
                            + steps);
        }
    }

    /**
     * A chunk without noise.
     *
     * @param start normal numbers
     * @param noise more of them for each step that draws, of the same type; never called by DDIM
     */
    public Tensor sample(Model model, Tensor start, Supplier<Tensor> noise) {
        int stride = schedule.steps() / steps;
        Tensor x = start;
        for (int i = steps - 1; i >= 0; i--) {
            try (TensorScope scope = TensorScope.open()) {
                x = scope.keep(denoise(model, x, i * stride, (i - 1) * stride, noise));
            }
        }
        return x;
    }

    private Tensor denoise(Model model, Tensor x, int step, int next, Supplier<Tensor> noise) {
        double kept = schedule.kept(step);
        Tensor output = model.predict(x, step);
        Tensor actions =
                switch (prediction) {
                    case NOISE -> x.sub(output.mul(Math.sqrt(1 - kept))).mul(1 / Math.sqrt(kept));
                    case ACTIONS -> output;
                };
        Tensor clipped = clip == Double.POSITIVE_INFINITY ? actions : actions.clamp(-clip, clip);
        return switch (kind) {
            case DDIM -> implicit(x, output, actions, clipped, kept, schedule.kept(next));
            case DDPM -> posterior(x, clipped, step, next, noise);
        };
    }

    private Tensor implicit(
            Tensor x, Tensor output, Tensor actions, Tensor clipped, double kept, double keptNext) {
        // The noise is what the network said, also where the actions that follow were clipped.
        Tensor noise =
                switch (prediction) {
                    case NOISE -> output;
                    case ACTIONS ->
                            x.sub(actions.mul(Math.sqrt(kept))).mul(1 / Math.sqrt(1 - kept));
                };
        return clipped.mul(Math.sqrt(keptNext)).add(noise.mul(Math.sqrt(1 - keptNext)));
    }

    private Tensor posterior(Tensor x, Tensor clipped, int step, int next, Supplier<Tensor> noise) {
        double kept = schedule.kept(step);
        double keptNext = schedule.kept(next);
        double alpha = kept / keptNext;
        double beta = 1 - alpha;
        Tensor mean =
                clipped.mul(Math.sqrt(keptNext) * beta / (1 - kept))
                        .add(x.mul(Math.sqrt(alpha) * (1 - keptNext) / (1 - kept)));
        if (step == 0) {
            return mean;
        }
        double variance = Math.max(beta * (1 - keptNext) / (1 - kept), 1e-20);
        return mean.add(noise.get().mul(Math.sqrt(variance)));
    }
}
