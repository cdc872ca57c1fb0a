package dev.ugoki.examples;

import picocli.CommandLine;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A command that was run, and what it said to whoever started it.
 *
 * @param status that it ended with
 * @param text of both streams
 */
public record CommandRun(int status, String text) {
    /** Runs a command with its arguments as they are written. */
    public static CommandRun of(Object command, Object... arguments) {
        PrintStream before = System.out;
        var bytes = new ByteArrayOutputStream();
        int status;
        try (var print = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            System.setOut(print);
            status =
                    new CommandLine(command)
                            .setErr(new PrintWriter(print, true))
                            .execute(
                                    Arrays.stream(arguments)
                                            .map(String::valueOf)
                                            .toArray(String[]::new));
        } finally {
            System.setOut(before);
        }
        return new CommandRun(status, bytes.toString(StandardCharsets.UTF_8));
    }
}
