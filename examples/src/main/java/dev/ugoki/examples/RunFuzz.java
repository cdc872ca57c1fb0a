package dev.ugoki.examples;

import dev.ugoki.tck.fuzz.Fuzzer;
import dev.ugoki.tensor.Device;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code ugoki fuzz}: calls every operation with hostile arguments, drawn at random. */
@Command(
        name = "fuzz",
        description = {
            "Calls every operation at random with hostile arguments: each call must throw an error"
                    + " that says what to do, or give a right result.",
            "Prints the seed; a failure names its call, which --only repeats. Exits with 1 where"
                    + " any call failed."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RunFuzz implements Callable<Integer> {
    @Option(
            names = "--calls",
            paramLabel = "N",
            defaultValue = "50000",
            description = "How many calls to make; default: ${DEFAULT-VALUE}.")
    private long calls = 50_000;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "The seed of all calls; default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
            names = "--backend",
            paramLabel = "KIND",
            defaultValue = "cpu",
            description = "cpu or reference; default: ${DEFAULT-VALUE}.")
    private String backend = "cpu";

    @Option(names = "--only", paramLabel = "CALL", description = "Makes only the call numbered so.")
    private @Nullable Long only;

    @Override
    public Integer call() {
        if (calls < 1) {
            throw new IllegalArgumentException("--calls " + calls + ": must be at least 1");
        }
        Device device = Device.parse(backend);
        Fuzzer fuzzer = new Fuzzer(device, seed);
        System.out.printf(
                Locale.ROOT,
                "fuzz: %s, seed %d, %d methods and operations%n",
                device,
                seed,
                fuzzer.targets().size());
        long start = System.nanoTime();
        Fuzzer.Report report =
                only == null
                        ? fuzzer.run(calls, System.out::println)
                        : fuzzer.replay(only, System.out::println);
        report.failures().forEach(System.out::println);
        if (only == null) {
            report.neverComputed().forEach(label -> System.out.println("never fitted: " + label));
        }
        System.out.printf(
                Locale.ROOT,
                "%d calls in %.1f s: %d refused, %d computed, %d of them compared with the"
                        + " reference; %d failures%n",
                report.calls(),
                (System.nanoTime() - start) / 1e9,
                report.refused(),
                report.calls() - report.refused() - report.failures().size(),
                report.compared(),
                report.failures().size());
        return report.failures().isEmpty() ? 0 : 1;
    }
}
