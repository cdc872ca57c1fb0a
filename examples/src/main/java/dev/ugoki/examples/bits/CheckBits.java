package dev.ugoki.examples.bits;

import dev.ugoki.examples.FreshJava;
import dev.ugoki.tensor.Device;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * {@code ugoki bits}: computes the same rows in one JVM for each {@link Setting}, and compares
 * their hashes.
 */
@Command(
        name = "bits",
        description = {
            "Computes every operation of the conformance kit, large ones and training steps with 1"
                    + " and 2 threads, interpreted and compiled, with vectors of every width and"
                    + " with none, many times over; prints a hash of each one's bits and where they"
                    + " differ.",
            "Exits with 1 where any differ."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class CheckBits implements Callable<Integer> {
    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "100",
            description = "How often each row is computed; default: ${DEFAULT-VALUE}.")
    private int repeats = 100;

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Only rows whose names contain this, such as 'large:'.")
    private String only = "";

    @Option(
            names = "--here",
            description = "Only print the hashes that this JVM computes; compare nothing.")
    private boolean here;

    /** For the command line. */
    public CheckBits() {}

    @Override
    public Integer call() throws Exception {
        if (repeats < 1) {
            throw new IllegalArgumentException("--repeats " + repeats + ": must be at least 1");
        }
        return here ? printHere() : compare(Setting.all(repeats));
    }

    private int printHere() throws Exception {
        Device.parse("cpu")
                .call(
                        () -> {
                            var hashes = RowHashes.compute(RowHashes.rows(only), repeats);
                            hashes.forEach((row, hash) -> System.out.println(row + "\t" + hash));
                            return hashes;
                        });
        return 0;
    }

    private int compare(List<Setting> settings) throws IOException, InterruptedException {
        Map<Setting, Map<String, String>> hashes = new LinkedHashMap<>();
        for (Setting setting : settings) {
            long begin = System.nanoTime();
            hashes.put(setting, inNewMachine(setting, only));
            System.err.printf("%s: %.0f s%n", setting.name(), (System.nanoTime() - begin) * 1e-9);
        }
        int different = 0;
        Map<String, String> first = hashes.getOrDefault(settings.getFirst(), Map.of());
        for (var row : first.entrySet()) {
            String differences = differences(row.getKey(), row.getValue(), hashes);
            different += differences.isEmpty() ? 0 : 1;
            System.out.println(row.getValue() + "  " + row.getKey() + differences);
        }
        System.out.printf(
                "%d rows under %d settings, %d differ%n", first.size(), settings.size(), different);
        return different == 0 ? 0 : 1;
    }

    /** Where a row's bits differ from those of the first setting; empty if nowhere. */
    private static String differences(
            String row, String expected, Map<Setting, Map<String, String>> hashes) {
        List<String> differences = new ArrayList<>();
        hashes.forEach(
                (setting, rows) -> {
                    String hash = rows.getOrDefault(row, "missing");
                    if (!hash.equals(expected) || hash.contains(",")) {
                        differences.add(setting.name() + " " + hash);
                    }
                });
        return differences.isEmpty() ? "" : "  DIFFERS: " + String.join("; ", differences);
    }

    /** Hashes by row of the rows whose names contain {@code only}. */
    static Map<String, String> inNewMachine(Setting setting, String only)
            throws IOException, InterruptedException {
        List<String> arguments =
                List.of("bits", "--here", "--repeats", "" + setting.repeats(), "--only", only);
        Map<String, String> hashes = new LinkedHashMap<>();
        for (String line : FreshJava.lines(setting.options(), arguments)) {
            int tab = line.lastIndexOf('\t');
            if (tab > 0) {
                hashes.put(line.substring(0, tab), line.substring(tab + 1));
            }
        }
        return hashes;
    }
}
