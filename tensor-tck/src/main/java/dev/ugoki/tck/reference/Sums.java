package dev.ugoki.tck.reference;

/**
 * Sums that keep what rounding loses, so that the reference is no less exact in F64 than a backend
 * that adds in a better order.
 *
 * <p>Source: Neumaier: Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (ZAMM
 * 1974).
 */
final class Sums {
    private final double[] sums;
    private final double[] lost;

    /** That many sums, all 0. */
    Sums(int count) {
        sums = new double[count];
        lost = new double[count];
    }

    void add(int index, double term) {
        double before = sums[index];
        double after = before + term;
        lost[index] +=
                Math.abs(before) >= Math.abs(term) ? before - after + term : term - after + before;
        sums[index] = after;
    }

    double get(int index) {
        // Beyond the finite numbers, what was lost is no number.
        return Double.isFinite(sums[index]) ? sums[index] + lost[index] : sums[index];
    }

    int count() {
        return sums.length;
    }
}
