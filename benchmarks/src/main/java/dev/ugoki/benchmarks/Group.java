package dev.ugoki.benchmarks;

import java.util.List;

/**
 * Measurements that belong together.
 *
 * @param meanGoal for the geometric mean of their ratios with one thread; NaN if there is none
 */
record Group(String title, double meanGoal, List<Measurement> measurements) {
    /** Without a goal for the mean. */
    Group(String title, List<Measurement> measurements) {
        this(title, Double.NaN, measurements);
    }
}
