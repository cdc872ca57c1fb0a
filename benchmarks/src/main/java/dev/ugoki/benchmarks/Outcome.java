package dev.ugoki.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What was measured of one thing with one number of threads.
 *
 * @param ours nanoseconds of one run, for each round
 * @param libtorch the same, in the same rounds
 * @param ourMemory bytes: the resident peak less what was resident before
 * @param problem why there is no comparison; empty if there is one
 */
record Outcome(
        String name,
        String what,
        int threads,
        double goal,
        List<Double> ours,
        List<Double> libtorch,
        long ourMemory,
        long libtorchMemory,
        double flops,
        double bytes,
        String problem) {

    /** Libtorch's time : ours, in each round. */
    List<Double> ratios() {
        return IntStream.range(0, ours.size())
                .mapToObj(i -> libtorch.get(i) / ours.get(i))
                .toList();
    }

    double ratio() {
        return median(ratios());
    }

    /** Whether the goal was missed in every round, or nothing could be compared. */
    boolean fallsShort() {
        return !problem.isEmpty() || ratios().stream().allMatch(ratio -> ratio < goal);
    }

    static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length == 0
                ? Double.NaN
                : sorted.length % 2 == 1
                        ? sorted[middle]
                        : Arrays.stream(sorted, middle - 1, middle + 1).average().orElseThrow();
    }
}
