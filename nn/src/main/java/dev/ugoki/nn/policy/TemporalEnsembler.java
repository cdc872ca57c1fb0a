package dev.ugoki.nn.policy;

/**
 * Averages what several chunks, predicted one step after the other, say of the same moment.
 *
 * <p>The prediction with rank i, the oldest first, weighs {@code exp(-coefficient * i)}: 0 weighs
 * all alike, above 0 the older ones more, below 0 the newer ones.
 *
 * <pre>{@code
 * TemporalEnsembler ensembler = new TemporalEnsembler(0.01, 100, 14);
 * while (running) {
 *     float[] action = ensembler.next(chunk(observe()));
 *     ...
 * }
 * }</pre>
 *
 * <p>Belongs to one thread at a time. Source: Zhao et al.: Learning fine-grained bimanual
 * manipulation with low-cost hardware (RSS 2023), in LeRobot's form, which keeps running means.
 */
public final class TemporalEnsembler {
    private final int chunk;
    private final int actions;

    /** Sums of weights: of no prediction, of one, ... */
    private final double[] weightSums;

    private final double[] means;

    /** How many predictions each mean is of. */
    private final int[] counts;

    /**
     * @param chunk how many actions a chunk has
     * @param actions how many numbers an action has
     */
    public TemporalEnsembler(double coefficient, int chunk, int actions) {
        if (chunk < 1 || actions < 1) {
            throw new IllegalArgumentException(
                    "temporal ensembler: needs chunks of at least one action of at least one"
                            + " number, has "
                            + chunk
                            + " of "
                            + actions);
        }
        this.chunk = chunk;
        this.actions = actions;
        weightSums = new double[chunk + 1];
        for (int i = 0; i < chunk; i++) {
            weightSums[i + 1] = weightSums[i] + Math.exp(-coefficient * i);
        }
        means = new double[chunk * actions];
        counts = new int[chunk];
    }

    /** Forgets everything: a new episode begins. */
    public void clear() {
        java.util.Arrays.fill(counts, 0);
    }

    /**
     * Takes the chunk that begins now, and gives the action to carry out now.
     *
     * @param predicted {@code [chunk, actions]}
     */
    public float[] next(float[] predicted) {
        if (predicted.length != means.length) {
            throw new IllegalArgumentException(
                    "temporal ensembler: a chunk has %d numbers, not %d"
                            .formatted(means.length, predicted.length));
        }
        for (int step = 0; step < chunk; step++) {
            int before = counts[step];
            counts[step] = Math.min(before + 1, chunk);
            double kept = weightSums[before];
            double all = weightSums[counts[step]];
            for (int i = step * actions; i < (step + 1) * actions; i++) {
                means[i] = before == 0 ? predicted[i] : mean(means[i], predicted[i], kept, all);
            }
        }
        float[] action = new float[actions];
        for (int i = 0; i < actions; i++) {
            action[i] = (float) means[i];
        }
        System.arraycopy(means, actions, means, 0, means.length - actions);
        System.arraycopy(counts, 1, counts, 0, chunk - 1);
        counts[chunk - 1] = 0;
        return action;
    }

    private static double mean(double old, double added, double oldWeight, double allWeight) {
        return (old * oldWeight + added * (allWeight - oldWeight)) / allWeight;
    }
}
