package dev.ugoki.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What was measured of one thing with one number of threads.
 *
 * @param timings by contender
 * @param problem why there is no comparison with the rival; empty if there is one
 */
record Outcome(Measurement measurement, int threads, Map<Library, Timing> timings, String problem) {
    /**
     * One contender's.
     *
     * @param nanos of one run, for each round
     * @param memory bytes: the resident peak less what was resident before; 0 if unknown
     * @param secondsUntilReady from the first run until nothing was left to be compiled, about; NaN
     *     if unknown
     * @param garbage bytes of Java's heap that a run allocates; NaN if unknown
     */
    record Timing(List<Double> nanos, long memory, double secondsUntilReady, double garbage) {
        Timing(List<Double> nanos, long memory, double secondsUntilReady) {
            this(nanos, memory, secondsUntilReady, Double.NaN);
        }

        double median() {
            return Outcome.median(nanos);
        }
    }

    Timing ours() {
        return of(Library.UGOKI);
    }

    Timing rival() {
        return of(measurement.rival().library());
    }

    private Timing of(Library library) {
        return timings.getOrDefault(library, new Timing(List.of(), 0, Double.NaN));
    }

    double goal() {
        return measurement.goal(threads);
    }

    /** The rival's time : ours, in each round. */
    List<Double> ratios() {
        return IntStream.range(0, Math.min(ours().nanos().size(), rival().nanos().size()))
                .mapToObj(i -> rival().nanos().get(i) / ours().nanos().get(i))
                .toList();
    }

    double ratio() {
        return median(ratios());
    }

    /** The time of any contender : ours. */
    double ratio(Library library) {
        return of(library).median() / ours().median();
    }

    /** Whether the goal was missed in every round, or nothing could be compared. */
    boolean fallsShort() {
        return !problem.isEmpty()
                || ratios().stream().allMatch(ratio -> ratio < goal())
                || needsMoreMemory();
    }

    /** Whether our peak is above the rival's, where that counts. */
    boolean needsMoreMemory() {
        return measurement.traits().comparesMemory() && ours().memory() > rival().memory();
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
