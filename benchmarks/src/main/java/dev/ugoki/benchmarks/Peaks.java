package dev.ugoki.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What this machine can do at best: fused multiply-adds with vectors that stay in registers, and
 * copies of what no cache holds.
 *
 * @param flops a second, a fused multiply-add counting 2
 * @param bytes a second, read and written
 */
record Peaks(double flops, double bytes) {
    /** Measures in a process of its own, with so many threads at once. */
    static Peaks measureIn(Machine machine, int threads) throws IOException {
        List<String> command = new ArrayList<>(machine.java());
        command.addAll(List.of(PeakMeasurement.class.getName(), Integer.toString(threads)));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(machine.environment(threads));
        String[] both = builder.start().inputReader().readLine().split(" ");
        return new Peaks(Double.parseDouble(both[0]), Double.parseDouble(both[1]));
    }
}
