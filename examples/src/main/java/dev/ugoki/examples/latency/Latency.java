package dev.ugoki.examples.latency;

import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.plan.Plan;

import java.util.Arrays;
import java.util.Locale;

/**
 * What one program took in a JVM that had run nothing before, in seconds from the start.
 *
 * @param operations of the traced program
 * @param eager until the first result of the function itself
 * @param planned until the plan is made, in a JVM of its own
 * @param first until its first result
 * @param full until its kernels are compiled
 * @param firstRun of a run before that
 * @param fullRun of a run after that, the median
 */
record Latency(
        int operations,
        double eager,
        double planned,
        double first,
        double full,
        double firstRun,
        double fullRun) {
    private static final int RUNS = 500;

    /** Seconds until the function's first result, eagerly. */
    static double eager(LatencyRow row) {
        try (TensorScope _ = TensorScope.open()) {
            LatencyRow.Ready ready = row.make();
            long start = System.nanoTime();
            ready.function().apply(ready.inputs())[0].toMemory();
            return since(start);
        }
    }

    /** All but the eager time, which is NaN. */
    static Latency ofPlan(LatencyRow row) {
        try (TensorScope _ = TensorScope.open()) {
            LatencyRow.Ready ready = row.make();
            long start = System.nanoTime();
            Plan plan = Plan.of(ready.function());
            BoundPlan bound = plan.bind(ready.inputs());
            double planned = since(start);
            bound.run();
            double first = since(start);
            bound.warmUp();
            double full = since(start);
            double[] seconds = new double[RUNS];
            for (int i = 0; i < RUNS; i++) {
                long begin = System.nanoTime();
                bound.run();
                seconds[i] = since(begin);
            }
            Arrays.sort(seconds);
            TensorType[] types =
                    Arrays.stream(ready.inputs())
                            .map(each -> each.type())
                            .toArray(TensorType[]::new);
            int operations = plan.graph(types).nodes().size();
            return new Latency(
                    operations,
                    Double.NaN,
                    planned,
                    first,
                    full,
                    first - planned,
                    seconds[RUNS / 2]);
        }
    }

    private static double since(long start) {
        return (System.nanoTime() - start) * 1e-9;
    }

    /** As {@link #read} reads it. */
    String write() {
        return String.format(
                Locale.ROOT,
                "%d\t%s\t%s\t%s\t%s\t%s\t%s",
                operations,
                eager,
                planned,
                first,
                full,
                firstRun,
                fullRun);
    }

    static Latency read(String line) {
        String[] parts = line.split("\t");
        double[] values = new double[parts.length];
        for (int i = 1; i < parts.length; i++) {
            values[i] = Double.parseDouble(parts[i]);
        }
        return new Latency(
                Integer.parseInt(parts[0]),
                values[1],
                values[2],
                values[3],
                values[4],
                values[5],
                values[6]);
    }

    Latency withEager(double seconds) {
        return new Latency(operations, seconds, planned, first, full, firstRun, fullRun);
    }
}
