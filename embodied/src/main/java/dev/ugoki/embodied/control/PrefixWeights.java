package dev.ugoki.embodied.control;

/**
 * How strongly a new chunk should agree with what is left of the one before: fully for the actions
 * before the inference can be done, not at all from a horizon on, and between them falling off.
 *
 * <p>With delay d (at most the horizon h) the weight of action j is 1 for {@code j < d}, 0 from h
 * on, and between {@code l = (h - j) / (h - d + 1)} or {@code l * (e^l - 1) / (e - 1)}.
 *
 * <p>Source: Black, Galliker, Levine: Real-time execution of action chunking flow policies (2025).
 */
public enum PrefixWeights {
    /** 0 between. */
    ZEROS,
    /** 1 between. */
    ONES,
    /** Falls off evenly. */
    LINEAR,
    /** Falls off faster at first. */
    EXP;

    /** Writes the weights of all actions of a chunk. */
    public void write(int delay, int horizon, float[] weights) {
        int from = Math.min(delay, horizon);
        for (int j = 0; j < weights.length; j++) {
            weights[j] = j < from ? 1 : j >= horizon ? 0 : (float) between(j, from, horizon);
        }
    }

    private double between(int j, int from, int horizon) {
        double linear = (double) (horizon - j) / (horizon - from + 1);
        return switch (this) {
            case ZEROS -> 0;
            case ONES -> 1;
            case LINEAR -> linear;
            case EXP -> linear * Math.expm1(linear) / Math.expm1(1);
        };
    }
}
