package dev.ugoki.examples;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** This command line in a new JVM, with the same options as this one. */
public final class FreshJava {
    private FreshJava() {}

    /**
     * Runs a command and gives the lines that it prints; what it complains of is shown.
     *
     * @param options for Java, after those that this JVM was started with
     * @param arguments of the command line
     * @throws IllegalStateException if it ends with another status than 0
     */
    public static List<String> lines(List<String> options, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(
                ProcessHandle.current()
                        .info()
                        .command()
                        .orElseThrow(() -> new IllegalStateException("no path to java")));
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!argument.startsWith("-agentlib") && !argument.startsWith("-javaagent")) {
                command.add(argument);
            }
        }
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(Main.class.getName());
        command.addAll(arguments);
        Process child =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader reader = child.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        }
        int status = child.waitFor();
        if (status != 0) {
            throw new IllegalStateException(
                    "the JVM of "
                            + arguments
                            + " with "
                            + options
                            + " ended with status "
                            + status);
        }
        return lines;
    }
}
