package dev.ugoki.benchmarks;

import java.util.List;

/** Whether two contenders computed the same. */
final class Comparison {
    /** For results of one number, such as a loss. */
    private static final double TOLERANCE_OF_NUMBERS = 2e-4;

    private Comparison() {}

    /**
     * In what the results differ; empty if they are near enough.
     *
     * @param tolerance the largest deviation, as a share of a result's largest element; that of
     *     single numbers is always strict
     */
    static String difference(List<float[]> results, List<float[]> expected, double tolerance) {
        if (results.size() != expected.size()) {
            return results.size() + " results, not " + expected.size();
        }
        for (int r = 0; r < results.size(); r++) {
            float[] mine = results.get(r);
            float[] other = expected.get(r);
            if (mine.length != other.length) {
                return "result " + r + " has " + mine.length + " elements, not " + other.length;
            }
            double largest = 0;
            double error = 0;
            for (int i = 0; i < mine.length; i++) {
                largest = Math.max(largest, Math.abs(other[i]));
                double off = Math.abs(mine[i] - other[i]);
                error = Double.isNaN(off) ? Double.POSITIVE_INFINITY : Math.max(error, off);
            }
            double allowed = mine.length == 1 ? TOLERANCE_OF_NUMBERS : tolerance;
            if (error > allowed * largest) {
                return "result %d is off by %.2g, its largest element is %.2g"
                        .formatted(r, error, largest);
            }
        }
        return "";
    }
}
