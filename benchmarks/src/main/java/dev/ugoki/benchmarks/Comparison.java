package dev.ugoki.benchmarks;

import java.util.List;

/** Whether two contenders computed the same. */
final class Comparison {
    /** For results of one number, such as a loss. */
    private static final double TOLERANCE_OF_NUMBERS = 2e-4;

    /** How many times as far from F64 as the other library's results ours may be. */
    private static final double AS_FAR = 2;

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

    /**
     * In what results in F32 are further from those in F64 than another library's in F32 are; empty
     * if they are near enough. Distances are those of all elements together: single ones say little
     * where rounding decides what counts at all.
     */
    static String difference(List<float[]> results, List<float[]> others, List<float[]> exact) {
        if (results.size() != exact.size() || others.size() != exact.size()) {
            return results.size() + " results, not " + exact.size();
        }
        for (int r = 0; r < results.size(); r++) {
            if (results.get(r).length != exact.get(r).length) {
                return "result %d has %d elements, not %d"
                        .formatted(r, results.get(r).length, exact.get(r).length);
            }
            double error = distance(results.get(r), exact.get(r));
            double other = distance(others.get(r), exact.get(r));
            if (!(error <= Math.max(TOLERANCE_OF_NUMBERS, AS_FAR * other))) {
                return "result %d is off by %.2g of its size, and libtorch's in F32 by %.2g"
                        .formatted(r, error, other);
            }
        }
        return "";
    }

    /** As a share of the size of what is exact. */
    private static double distance(float[] values, float[] exact) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < exact.length; i++) {
            double off = (double) values[i] - exact[i];
            error += off * off;
            size += (double) exact[i] * exact[i];
        }
        return Math.sqrt(error / size);
    }
}
