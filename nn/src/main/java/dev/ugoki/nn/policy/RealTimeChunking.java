package dev.ugoki.nn.policy;

/**
 * How a new chunk of actions is bound to what is left of the one being carried out, while it is
 * being computed.
 *
 * <p>Source: Black, Galliker, Levine: Real-time execution of action chunking flow policies (2025).
 */
public final class RealTimeChunking {
    private RealTimeChunking() {}

    /** How the binding falls from the actions that will have been carried out to those after. */
    public enum Schedule {
        /** Nothing beyond what will have been carried out. */
        ZEROS,
        /** Everything up to the horizon. */
        ONES,
        /** {@code l = (horizon - j) / (horizon - delay + 1)}. */
        LINEAR,
        /** {@code l (e^l - 1) / (e - 1)}, with the {@code l} of {@link #LINEAR}. */
        EXP
    }

    /**
     * How much action j of a new chunk is bound: 1 before the delay, 0 from the horizon on, and
     * between as the schedule says.
     *
     * @param delay how many actions are carried out while the chunk is computed
     * @param horizon how many actions are left of the old chunk
     * @param chunk how many actions the new one has
     */
    public static double[] prefixWeights(Schedule schedule, int delay, int horizon, int chunk) {
        if (delay < 0 || horizon < 0 || chunk < 0) {
            throw new IllegalArgumentException(
                    "real-time chunking: delay %d, horizon %d and chunk %d must be 0 or above"
                            .formatted(delay, horizon, chunk));
        }
        double[] weights = new double[chunk];
        for (int j = 0; j < chunk; j++) {
            weights[j] = prefixWeight(schedule, delay, horizon, j);
        }
        return weights;
    }

    /**
     * How much one action of a new chunk is bound; as {@link #prefixWeights}, without an array.
     *
     * @param action its number in the chunk
     */
    public static double prefixWeight(Schedule schedule, int delay, int horizon, int action) {
        int certain = Math.min(delay, horizon);
        if (action < certain) {
            return 1;
        }
        return action >= horizon ? 0 : falling(schedule, certain, horizon, action);
    }

    private static double falling(Schedule schedule, int delay, int horizon, int j) {
        double line = (horizon - j) / (horizon - delay + 1.0);
        return switch (schedule) {
            case ZEROS -> 0;
            case ONES -> 1;
            case LINEAR -> line;
            case EXP -> line * Math.expm1(line) / (Math.E - 1);
        };
    }

    /**
     * How strongly a step of flow matching is pulled towards the binding: {@code min((1 - tau) /
     * tau * ((1 - tau)^2 + tau^2) / (1 - tau)^2, most)} with {@code tau = 1 - time}.
     *
     * @param time 1 for noise, 0 for actions
     * @param most the largest, and what it is at time 1
     */
    public static double guidance(double time, double most) {
        double tau = 1 - time;
        if (tau <= 0 || time <= 0) {
            return most;
        }
        double strength = time / tau * (time * time + tau * tau) / (time * time);
        return Math.min(strength, most);
    }
}
