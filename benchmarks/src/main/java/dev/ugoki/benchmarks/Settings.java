package dev.ugoki.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How to measure.
 *
 * @param check whether only what has a goal is measured, with us and the rival alone
 * @param profile whether, instead, our own operations are told apart
 * @param filter finds the names of what is measured
 * @param rounds of each contender
 * @param seconds of a round
 * @param warmUp seconds that a contender of ours runs before the first round, for the JIT, after
 *     its generated kernels are compiled
 * @param threads the numbers of threads to measure with
 * @param machine what contenders may use of it
 * @param results the folder that the results go to
 */
record Settings(
        boolean check,
        boolean profile,
        Pattern filter,
        int rounds,
        double seconds,
        double warmUp,
        List<Integer> threads,
        Machine machine,
        Path results) {
    private static final String USAGE =
            "bench [FILTER] [--check | --profile] [--rounds=N] [--seconds=S] [--warm-up=S]"
                    + " [--threads=1,2] [--avx2] [--busy] [--results=DIR]";

    /** Of a command line. */
    static Settings of(String... arguments) {
        boolean check = false;
        boolean profile = false;
        Pattern filter = Pattern.compile("");
        int rounds = 5;
        double seconds = 0.15;
        double warmUp = 1.0;
        List<Integer> threads = List.of(1, 2);
        boolean avx2 = false;
        boolean busy = false;
        Path results = Path.of("benchmarks");
        for (String argument : arguments) {
            String value = argument.substring(argument.indexOf('=') + 1);
            switch (argument.replaceFirst("=.*", "")) {
                case "--check" -> check = true;
                case "--profile" -> profile = true;
                case "--avx2" -> avx2 = true;
                case "--busy" -> {
                    busy = true;
                    threads = List.of(1);
                }
                case "--rounds" -> rounds = Integer.parseInt(value);
                case "--seconds" -> seconds = Double.parseDouble(value);
                case "--warm-up" -> warmUp = Double.parseDouble(value);
                case "--threads" ->
                        threads =
                                Pattern.compile(",")
                                        .splitAsStream(value)
                                        .map(Integer::valueOf)
                                        .toList();
                case "--results" -> results = Path.of(value);
                default -> {
                    if (argument.startsWith("-")) {
                        throw new IllegalArgumentException(
                                argument + " is no option; there is: " + USAGE);
                    }
                    filter = Pattern.compile(argument);
                }
            }
        }
        Machine machine = new Machine(avx2, busy);
        return new Settings(
                check, profile, filter, rounds, seconds, warmUp, threads, machine, results);
    }

    /** Whether to measure this with so many threads. */
    boolean wants(Measurement measurement, int threadCount) {
        boolean hasGoal = !Double.isNaN(measurement.goal(threadCount));
        return filter.matcher(measurement.name()).find()
                && (hasGoal || !check && measurement.goals().size() >= threadCount);
    }
}
