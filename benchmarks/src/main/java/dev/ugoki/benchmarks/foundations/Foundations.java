package dev.ugoki.benchmarks.foundations;

import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures the decisions that would be dear to change later, and writes what came as a table:
 * {@code java .. dev.ugoki.benchmarks.foundations.Foundations FILE.md}. Each question has a class
 * of its own beside this one.
 */
public final class Foundations {
    private Foundations() {}

    /** One line of the table. */
    record Finding(String question, String goal, String found) {}

    /** Writes the table to the file that the argument names. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<Finding> findings = new ArrayList<>();
        findings.addAll(BitsOfKernels.ask());
        findings.addAll(MemoryAndDispatch.ask());
        findings.addAll(ResultsAndUpdates.ask());
        findings.addAll(LineageAndTrace.ask());
        StringBuilder text = new StringBuilder("# Foundations, measured\n\n");
        text.append("Written by `Foundations` in `benchmarks`, Java ").append(Runtime.version());
        text.append(", ").append(Runtime.getRuntime().availableProcessors());
        text.append(" processors, ").append(System.getProperty("os.arch")).append(".\n\n");
        text.append("| question | goal | found |\n| --- | --- | --- |\n");
        for (Finding finding : findings) {
            text.append("| ").append(finding.question()).append(" | ").append(finding.goal());
            text.append(" | ").append(finding.found()).append(" |\n");
        }
        Path file = Path.of(arguments[0]);
        Files.createDirectories(file.toAbsolutePath().getParent());
        WholeFile.writeString(file, text.toString());
        System.out.print(text);
    }

    /** What a child process with these options for Java prints. */
    static List<String> child(Class<?> main, List<String> options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        List<String> lines = process.inputReader().readAllLines();
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " ended with an error");
        }
        return lines;
    }
}
