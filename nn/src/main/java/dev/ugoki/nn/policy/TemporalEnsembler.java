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

    /** How many steps, from the present one on, there are predictions of. */
    public int size() {
        int size = 0;
        while (size < chunk && counts[size] > 0) {
            size++;
        }
        return size;
    }

    /**
     * Takes a chunk in, whose action {@code skip} is for the present step: the actions before are
     * past.
     *
     * @param predicted {@code [chunk, actions]}
     */
    public void add(float[] predicted, int skip) {
        if (predicted.length != means.length) {
            throw new IllegalArgumentException(
                    "temporal ensembler: a chunk has %d numbers, not %d"
                            .formatted(means.length, predicted.length));
        }
        int from = Math.min(skip, chunk) * actions;
        for (int step = 0; step < chunk - skip; step++) {
            // A robot that holds still may see more predictions of a step than a chunk is long.
            int before = Math.min(counts[step], chunk - 1);
            double kept = weightSums[before];
            double all = weightSums[before + 1];
            for (int i = step * actions; i < (step + 1) * actions; i++) {
                float added = predicted[from + i];
                means[i] = before == 0 ? added : mean(means[i], added, kept, all);
            }
            counts[step] = before + 1;
        }
    }

    /** The mean of what all chunks say of the number {@code i} of the action of a step. */
    public float mean(int step, int i) {
        return (float) means[step * actions + i];
    }

    /** Goes on to the next step. */
    public void advance() {
        System.arraycopy(means, actions, means, 0, means.length - actions);
        System.arraycopy(counts, 1, counts, 0, chunk - 1);
        counts[chunk - 1] = 0;
    }

    /**
     * Takes the chunk that begins now, gives the action to carry out now, and goes on.
     *
     * @param predicted {@code [chunk, actions]}
     */
    public float[] next(float[] predicted) {
        add(predicted, 0);
        float[] action = new float[actions];
        for (int i = 0; i < actions; i++) {
            action[i] = mean(0, i);
        }
        advance();
        return action;
    }

    private static double mean(double old, double added, double oldWeight, double allWeight) {
        return (old * oldWeight + added * (allWeight - oldWeight)) / allWeight;
    }
}
