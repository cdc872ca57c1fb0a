package dev.ugoki.examples.accuracy;

import dev.ugoki.examples.ComputeOptions;
import dev.ugoki.tensor.io.WholeFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code ugoki accuracy}: measures errors of functions and reductions in F32. */
@Command(
        name = "accuracy",
        description = {
            "Measures the errors of functions over all F32 numbers, and of operations that sum"
                    + " much, against F64.",
            "Exits with 1 where a goal is missed."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class MeasureAccuracy implements Callable<Integer> {
    /** Odd, so that all low bits occur; so that it leaves more than 2^24 of 2^32. */
    private static final int STRIDE = 251;

    @Option(names = "--exhaustive", description = "Try every bit pattern, not one of 251.")
    private boolean exhaustive;

    @Option(
            names = "--only",
            paramLabel = "FUNCTION",
            split = ",",
            description = "Measure these functions alone; default: everything.")
    private List<String> only = List.of();

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Write the table there, such as docs/results/accuracy.md.")
    private @Nullable Path out;

    @Mixin private ComputeOptions compute;

    /** For the command line. */
    public MeasureAccuracy() {}

    @Override
    public Integer call() throws Exception {
        List<String> unknown = new ArrayList<>(only);
        unknown.removeAll(MeasuredFunction.all().stream().map(MeasuredFunction::name).toList());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "--only " + String.join(",", unknown) + ": must be among " + names());
        }
        return compute.run(this::measure);
    }

    private static String names() {
        return String.join(
                ", ", MeasuredFunction.all().stream().map(MeasuredFunction::name).toList());
    }

    private int measure() throws IOException {
        int stride = exhaustive ? 1 : STRIDE;
        StringBuilder text = new StringBuilder();
        boolean met = true;
        line(text, "# Accuracy in F32\n");
        line(text, "Written by `./ugoki accuracy --out docs/results/accuracy.md`.\n");
        line(text, "## Functions\n");
        line(
                text,
                "The greatest error over %s, in units in the last place of the exact result;"
                        .formatted(
                                exhaustive ? "every F32 number" : "one F32 number of " + stride));
        line(
                text,
                "subnormal results count like others. \"Wrong\" counts NaN and signs of zero that");
        line(text, "IEEE 754 or the exact result wants otherwise.\n");
        line(text, "| function | arguments | greatest error, ulp | at | wrong | goal, ulp | met |");
        line(text, "|---|---:|---:|---:|---:|---:|---|");
        for (MeasuredFunction function : MeasuredFunction.all()) {
            if (only.isEmpty() || only.contains(function.name())) {
                FunctionError error = FunctionError.measure(function, stride);
                met &= error.meets(function.goal());
                line(text, row(function, error));
            }
        }
        if (only.isEmpty()) {
            line(text, "\n## Operations that sum\n");
            line(
                    text,
                    "The greatest error relative to the exact result (for layerNorm, to the root");
            line(
                    text,
                    "mean square of the row where that is greater), in units of 2^-24, the most");
            line(text, "that an exact result rounded once to F32 is off by.\n");
            line(text, "| operation | greatest error, 2^-24 | goal | met |");
            line(text, "|---|---:|---:|---|");
            for (ReductionError error : ReductionError.all()) {
                met &= error.meetsGoal();
                line(text, row(error));
            }
        }
        if (out != null) {
            Files.createDirectories(out.toAbsolutePath().getParent());
            WholeFile.writeString(out, text.toString());
        }
        return met ? 0 : 1;
    }

    private static void line(StringBuilder text, String line) {
        System.out.println(line);
        text.append(line).append('\n');
    }

    private static String row(MeasuredFunction function, FunctionError error) {
        String at = Float.isNaN(error.at()) ? "" : Float.toString(error.at());
        return String.format(
                Locale.ROOT,
                "| %s | %,d | %.3f | %s | %s | %.0f | %s |",
                function.name(),
                error.arguments(),
                error.ulps(),
                at,
                error.wrong() == 0 ? "0" : error.wrong() + ", as at " + error.wrongAt(),
                function.goal(),
                error.meets(function.goal()) ? "yes" : "**no**");
    }

    private static String row(ReductionError error) {
        return String.format(
                Locale.ROOT,
                "| %s | %.2f | %.0f | %s |",
                error.name(),
                error.roundings(),
                ReductionError.GOAL,
                error.meetsGoal() ? "yes" : "**no**");
    }
}
