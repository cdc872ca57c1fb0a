package dev.ugoki.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * One contender in a process of its own. Arguments: measurement, threads, and a file for the
 * results of a first run. It then answers lines: {@code round SECONDS} with the nanoseconds of one
 * run, {@code memory} with kilobytes resident before the first run and at most, {@code about} with
 * what it is. The end of its input ends it.
 */
abstract class Worker {
    /** Begins each line of an answer; other lines are chatter of libraries. */
    static final String ANSWER = "@ ";

    /** Makes all that runs need, and runs once. */
    abstract List<float[]> prepare(Measurement measurement, int threads) throws IOException;

    /** Runs {@code calls} times. */
    abstract void run(long calls);

    /** Names and versions. */
    abstract String about();

    final void serve(String[] arguments) throws IOException {
        int threads = Integer.parseInt(arguments[1]);
        start(threads);
        long idle = resident("VmRSS");
        List<float[]> results = prepare(Catalogue.named(arguments[0]), threads);
        write(Path.of(arguments[2]), results);
        answer("ready");
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        long calls = 1;
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "round" -> {
                    calls = callsFor(Double.parseDouble(words[1]) * 1e9, calls);
                    answer(Double.toString(nanosOf(calls) / calls));
                }
                case "memory" -> answer(idle + " " + resident("VmHWM"));
                case "about" -> answer(about());
                default -> throw new IOException("worker: what is '" + line + "'?");
            }
        }
    }

    /** Loads what does not belong to the measurement. */
    abstract void start(int threads);

    private double nanosOf(long calls) {
        long start = System.nanoTime();
        run(calls);
        return System.nanoTime() - start;
    }

    /** As many calls as take {@code nanos}, found by trying; at least 1. */
    private long callsFor(double nanos, long first) {
        long calls = first;
        double took = nanosOf(calls);
        while (took < nanos / 4) {
            calls = Math.max(calls + 1, (long) (calls * Math.min(10, nanos / 2 / took)));
            took = nanosOf(calls);
        }
        return Math.max(1, Math.round(calls * nanos / took));
    }

    private static void answer(String text) {
        System.out.println(ANSWER + text);
        System.out.flush();
    }

    private static long resident(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    private static void write(Path file, List<float[]> results) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (float[] result : results) {
                ByteBuffer bytes = ByteBuffer.allocate(4 * result.length + 4);
                bytes.order(ByteOrder.LITTLE_ENDIAN).putInt(result.length);
                bytes.asFloatBuffer().put(result);
                bytes.rewind();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        }
    }
}
