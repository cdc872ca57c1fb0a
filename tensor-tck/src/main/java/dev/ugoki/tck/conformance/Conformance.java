package dev.ugoki.tck.conformance;

import dev.ugoki.tensor.Device;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs the cases of a folder on a device, and reports.
 *
 * <pre>{@code
 * Conformance.Report report =
 *         Conformance.run(folder, Device.cpu(), List.of(new OperationSuite()));
 * report.print(System.out);
 * System.exit(report.exitStatus());
 * }</pre>
 */
public final class Conformance {
    private Conformance() {}

    /**
     * What became of a case.
     *
     * @param failure why it failed; null where it passed
     */
    public record Outcome(String id, String group, Deviation deviation, @Nullable String failure) {}

    /** What became of all cases. */
    public record Report(List<Outcome> outcomes) {
        public long passed() {
            return outcomes.stream().filter(outcome -> outcome.failure() == null).count();
        }

        public long failed() {
            return outcomes.size() - passed();
        }

        /** 0 where all passed and there were some, else 1. */
        public int exitStatus() {
            return failed() == 0 && !outcomes.isEmpty() ? 0 : 1;
        }

        /** A line for each group and each failed case, and the totals as the last. */
        public void print(PrintStream out) {
            Map<String, List<Outcome>> groups = new LinkedHashMap<>();
            for (Outcome outcome : outcomes) {
                groups.computeIfAbsent(outcome.group(), _ -> new ArrayList<>()).add(outcome);
            }
            groups.forEach((group, members) -> printGroup(out, group, members));
            for (Outcome outcome : outcomes) {
                if (outcome.failure() != null) {
                    out.println("FAILED " + outcome.id() + ": " + outcome.failure());
                }
            }
            out.println(passed() + " passed, " + failed() + " failed");
        }

        private static void printGroup(PrintStream out, String group, List<Outcome> members) {
            long failed = members.stream().filter(member -> member.failure() != null).count();
            Deviation worst = Deviation.NONE;
            for (Outcome member : members) {
                worst = worst.or(member.deviation());
            }
            out.printf(
                    Locale.ROOT,
                    "%-28s %3d passed, %3d failed, worst error %.1e (%.4f of the tolerance)%n",
                    group,
                    members.size() - failed,
                    failed,
                    worst.absolute(),
                    worst.ofTolerance());
        }
    }

    /**
     * Runs all cases of a folder that the suites know.
     *
     * @throws IOException if the folder cannot be read or holds no cases
     */
    public static Report run(Path folder, Device device, List<ConformanceSuite> suites)
            throws IOException {
        List<Outcome> outcomes = new ArrayList<>();
        for (ConformanceSuite suite : suites) {
            for (ConformanceCase each : suite.cases(folder)) {
                outcomes.add(device.call(() -> run(each)));
            }
        }
        if (outcomes.isEmpty()) {
            List<String> names = suites.stream().map(ConformanceSuite::name).toList();
            throw new IOException(folder + ": holds no cases of " + names);
        }
        return new Report(List.copyOf(outcomes));
    }

    /** Runs a case on the current device. Whatever it throws fails it, and nothing else. */
    public static Outcome run(ConformanceCase each) {
        try {
            return new Outcome(each.id(), each.group(), each.run(), null);
        } catch (MismatchException e) {
            return new Outcome(each.id(), each.group(), Deviation.NONE, e.getMessage());
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            return new Outcome(each.id(), each.group(), Deviation.NONE, "cannot be run: " + e);
        }
    }
}
