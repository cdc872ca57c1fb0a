package dev.ugoki.nn.optim;

/** What the learning rate is multiplied with, as a function of the steps already made. */
@FunctionalInterface
public interface Schedule {
    /** The factor for the step after {@code stepsMade} others, so 0 asks for the first step's. */
    double factor(long stepsMade);

    /** Always 1. */
    static Schedule constant() {
        return _ -> 1;
    }

    /** From 0 up to 1 after {@code warmup} steps, then 1. */
    static Schedule linearWarmup(long warmup) {
        requireNotNegative("warmup", warmup);
        return made -> made < warmup ? (double) made / warmup : 1;
    }

    /**
     * {@link #linearWarmup}, then half a cosine down to 0 after {@code total} steps: {@code (1 +
     * cos(pi * (step - warmup) / (total - warmup))) / 2}.
     *
     * <p>Source: Loshchilov, Hutter: SGDR (ICLR 2017), with the warm-up that diffusion policies
     * take.
     */
    static Schedule warmupCosine(long warmup, long total) {
        return warmupCosine(warmup, total, 0);
    }

    /** As {@link #warmupCosine(long, long)}, but down to {@code last} instead of 0. */
    static Schedule warmupCosine(long warmup, long total, double last) {
        return warmupCosine(warmup, warmup, total, last);
    }

    private static Schedule warmupCosine(long warmup, long falls, long total, double last) {
        Schedule start = linearWarmup(warmup);
        return made -> {
            if (made < warmup) {
                return start.factor(made);
            }
            double progress = progress(made, falls, total);
            return last + (1 - last) * 0.5 * (1 + Math.cos(Math.PI * progress));
        };
    }

    /**
     * {@link #linearWarmup}, then 1, then in the last {@code decay} of {@code total} steps half a
     * cosine down to 0. Until the fall begins, no factor depends on how many steps there will be,
     * so that their number can be decided late.
     *
     * <p>Source: Zhai et al., Scaling Vision Transformers (CVPR 2022), sec. 3.5; Hägele et al.,
     * Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations (NeurIPS 2024).
     */
    static Schedule warmupStableDecay(long warmup, long total, long decay) {
        requireNotNegative("decay", decay);
        return warmupCosine(warmup, Math.max(warmup, total - decay), total, 0);
    }

    /** {@link #linearWarmup}, then a straight line down to 0 after {@code total} steps. */
    static Schedule warmupLinear(long warmup, long total) {
        Schedule start = linearWarmup(warmup);
        return made -> made < warmup ? start.factor(made) : 1 - progress(made, warmup, total);
    }

    private static double progress(long made, long from, long to) {
        return Math.clamp((made - from) / (double) Math.max(1, to - from), 0.0, 1.0);
    }

    private static void requireNotNegative(String name, long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException(
                    "schedule: " + name + " must not be negative, and is " + steps);
        }
    }
}
