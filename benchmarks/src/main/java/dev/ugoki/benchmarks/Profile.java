package dev.ugoki.benchmarks;

import dev.ugoki.tensor.Inspector;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Op;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Where the time of a program goes, operation by operation: to each counts what passed since the
 * one before had ended, so also what Java does between them. Times are this thread's processor
 * time. What a compiled plan runs is not seen.
 */
final class Profile implements Inspector {
    /** Between entries of {@link #toLine}. */
    private static final String SEPARATOR = " | ";

    private static final class Entry {
        private long nanos;
        private long count;
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private long last;
    private long runs;

    Profile() {}

    /** Runs the program, and counts. */
    void run(Runnable program) {
        last = Worker.processorNanos();
        Inspector.call(
                this,
                () -> {
                    program.run();
                    return this;
                });
        count("(after the last operation)");
        runs++;
    }

    @Override
    public void inspect(Op op, Tensor[] operands, Tensor[] results) {
        count(
                op.name()
                        + Arrays.stream(operands)
                                .limit(2)
                                .map(operand -> operand.type().toString())
                                .collect(Collectors.joining(", ", "(", ")")));
    }

    private void count(String name) {
        long now = Worker.processorNanos();
        Entry entry = entries.computeIfAbsent(name, _ -> new Entry());
        entry.nanos += now - last;
        entry.count++;
        last = Worker.processorNanos();
    }

    /** All entries in a line, those that took longest first. */
    String toLine() {
        double all = entries.values().stream().mapToLong(entry -> entry.nanos).sum();
        return entries.entrySet().stream()
                .sorted(Comparator.comparingLong(each -> -each.getValue().nanos))
                .map(
                        each ->
                                String.format(
                                        Locale.ROOT,
                                        "%5.1f %%  %9.1f us  %4d times  %s",
                                        100 * each.getValue().nanos / all,
                                        each.getValue().nanos * 1e-3 / runs,
                                        each.getValue().count / runs,
                                        each.getKey()))
                .collect(Collectors.joining(SEPARATOR));
    }

    /** The first of the entries of such a line. */
    static List<String> first(String line, int count) {
        return Arrays.stream(line.split(java.util.regex.Pattern.quote(SEPARATOR)))
                .limit(count)
                .toList();
    }
}
