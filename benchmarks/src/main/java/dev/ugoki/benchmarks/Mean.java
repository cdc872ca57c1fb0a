package dev.ugoki.benchmarks;

import java.util.List;
import java.util.Locale;

/**
 * The geometric mean of a group's ratios with one thread.
 *
 * @param rounds of each round
 */
record Mean(Group group, List<Double> rounds) {
    /** Of outcomes that have a ratio each. */
    static Mean of(Group group, List<Outcome> outcomes) {
        int rounds = outcomes.stream().mapToInt(each -> each.ratios().size()).min().orElse(0);
        return new Mean(
                group,
                java.util.stream.IntStream.range(0, rounds)
                        .mapToObj(
                                round ->
                                        Math.exp(
                                                outcomes.stream()
                                                        .mapToDouble(
                                                                each ->
                                                                        Math.log(
                                                                                each.ratios()
                                                                                        .get(
                                                                                                round)))
                                                        .average()
                                                        .orElseThrow()))
                        .toList());
    }

    /** Whether every round misses the goal. */
    boolean fallsShort() {
        return rounds.stream().allMatch(mean -> mean < group.meanGoal());
    }

    /** In a sentence, without the full stop. */
    String line() {
        return String.format(
                Locale.ROOT,
                "%s: geometric mean of the ratios with 1 thread %.2f, goal %.2f%s",
                group.title(),
                Outcome.median(rounds),
                group.meanGoal(),
                fallsShort() ? ", short" : "");
    }
}
