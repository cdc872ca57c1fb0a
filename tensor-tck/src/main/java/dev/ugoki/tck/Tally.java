package dev.ugoki.tck;

import dev.ugoki.tensor.DType;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the kit has run on a device, and what became of it: counted while it runs, and printed in
 * the end.
 */
public final class Tally {
    private final Set<String> rows = ConcurrentHashMap.newKeySet();
    private final Set<String> operations = new ConcurrentSkipListSet<>();
    private final Map<DType, LongAdder> byDType = new ConcurrentSkipListMap<>();
    private final Map<Layout, LongAdder> byLayout = new ConcurrentSkipListMap<>();
    private final LongAdder empty = new LongAdder();
    private final LongAdder scalar = new LongAdder();
    private final LongAdder bits = new LongAdder();
    private final LongAdder gradients = new LongAdder();
    private final LongAdder secondGradients = new LongAdder();
    private final LongAdder cases = new LongAdder();
    private final Set<String> refused = new ConcurrentSkipListSet<>();
    private final Set<String> failed = new ConcurrentSkipListSet<>();

    Tally() {}

    /** A comparison of one row's results with the reference's. */
    void compared(Row row, DType dtype, Collection<Layout> layouts) {
        rows.add(row.name());
        operations.add(row.op().apply(dtype).name());
        count(byDType, dtype);
        Set.copyOf(layouts).forEach(layout -> count(byLayout, layout));
        if (layouts.isEmpty()) {
            count(byLayout, Layout.CONTIGUOUS);
        }
        if (row.operands().stream().anyMatch(each -> each.shape().elementCount() == 0)) {
            empty.increment();
        }
        if (row.operands().stream().anyMatch(each -> each.shape().rank() == 0)) {
            scalar.increment();
        }
    }

    private static <K> void count(Map<K, LongAdder> counts, K key) {
        counts.computeIfAbsent(key, _ -> new LongAdder()).increment();
    }

    /** Runs again, traced and in place, whose bits were compared with those of a first run. */
    void comparedBits() {
        bits.increment();
    }

    void differentiated(int times) {
        (times == 1 ? gradients : secondGradients).increment();
    }

    void ranCase() {
        cases.increment();
    }

    void refused(String what, String reason) {
        refused.add(what + ": " + reason);
    }

    void failed(String what) {
        failed.add(what);
    }

    /** How often results were compared with the reference's. */
    public long comparisons() {
        return byDType.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** How many rows' gradients were compared with central differences. */
    public long gradients() {
        return gradients.sum();
    }

    /** How many rows' gradients of gradients were compared with central differences. */
    public long secondGradients() {
        return secondGradients.sum();
    }

    /** How many cases with results of PyTorch were run. */
    public long cases() {
        return cases.sum();
    }

    /** What the backend refused to run, each with its reason. */
    public Set<String> refusals() {
        return Set.copyOf(refused);
    }

    /** The names of the tests that failed. */
    public Set<String> failures() {
        return Set.copyOf(failed);
    }

    /** Several lines. */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner("\n");
        text.add(rows.size() + " rows of " + operations.size() + " operations");
        text.add(
                comparisons()
                        + " comparisons with the reference; by dtype: "
                        + new TreeMap<>(byDType)
                        + "; by layout of operands: "
                        + new TreeMap<>(byLayout)
                        + "; with an empty operand: "
                        + empty
                        + ", with a scalar: "
                        + scalar);
        text.add(bits + " rows and dtypes run again, traced and in place, for the same bits");
        text.add(gradients + " rows with gradients, " + secondGradients + " with second ones");
        text.add(cases + " cases of PyTorch's results");
        text.add(refused.size() + " refused");
        refused.forEach(line -> text.add("  refused " + line));
        text.add(failed.size() + " failed");
        failed.forEach(line -> text.add("  FAILED " + line));
        return text.toString();
    }
}
