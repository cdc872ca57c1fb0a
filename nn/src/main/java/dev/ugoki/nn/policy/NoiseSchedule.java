package dev.ugoki.nn.policy;

/**
 * How noise grows over the steps of a diffusion: at step t a chunk is {@code sqrt(kept_t) * actions
 * + sqrt(1 - kept_t) * noise}, where {@code kept_t} is the product of {@code 1 - beta} up to t.
 *
 * <p>Source: Ho, Jain, Abbeel: Denoising diffusion probabilistic models (NeurIPS 2020).
 */
public final class NoiseSchedule {
    private static final double LARGEST_BETA = 0.999;

    private final double[] betas;
    private final double[] kept;

    /**
     * A schedule of given betas.
     *
     * @throws IllegalArgumentException if one is not above 0 and below 1
     */
    public NoiseSchedule(double... betas) {
        this.betas = betas.clone();
        this.kept = new double[betas.length];
        double product = 1;
        for (int i = 0; i < betas.length; i++) {
            if (!(betas[i] > 0 && betas[i] < 1)) {
                throw new IllegalArgumentException(
                        "noise schedule: beta " + i + " must be above 0 and below 1: " + betas[i]);
            }
            product *= 1 - betas[i];
            kept[i] = product;
        }
    }

    /**
     * What is kept falls as a squared cosine; betas are at most 0.999. Known as {@code
     * squaredcos_cap_v2}.
     *
     * <p>Source: Nichol, Dhariwal: Improved denoising diffusion probabilistic models (ICML 2021).
     */
    public static NoiseSchedule squaredCosine(int steps) {
        double[] betas = new double[steps];
        for (int i = 0; i < steps; i++) {
            double before = squaredCosineAt(i / (double) steps);
            double after = squaredCosineAt((i + 1) / (double) steps);
            betas[i] = Math.min(1 - after / before, LARGEST_BETA);
        }
        return new NoiseSchedule(betas);
    }

    private static double squaredCosineAt(double part) {
        double cosine = Math.cos((part + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }

    /** Betas on a straight line. */
    public static NoiseSchedule linear(int steps, double firstBeta, double lastBeta) {
        double[] betas = new double[steps];
        for (int i = 0; i < steps; i++) {
            double part = steps == 1 ? 0 : i / (steps - 1.0);
            betas[i] = firstBeta + part * (lastBeta - firstBeta);
        }
        return new NoiseSchedule(betas);
    }

    /** How many steps there are. */
    public int steps() {
        return betas.length;
    }

    /** How much noise step {@code step} adds. */
    public double beta(int step) {
        return betas[step];
    }

    /** The part of the variance that is still of the actions; 1 before the first step. */
    public double kept(int step) {
        return step < 0 ? 1 : kept[step];
    }
}
