package dev.ugoki.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * One contender in a process of its own. Arguments: {@link Library}, measurement, threads, and a
 * file for the results of a first run. It then answers lines: {@code warm SECONDS RUNS} once it has
 * run so long and at least so often, with the seconds from its first run until nothing was left to
 * be compiled for it; {@code round SECONDS} with the nanoseconds of one run; {@code memory} with
 * kilobytes resident before the measurement and at most since it is warm; {@code profile SECONDS}
 * with where the time goes; {@code about} with what it is. The end of its input ends it.
 */
abstract class Worker {
    /** Begins each line of an answer; other lines are chatter of libraries. */
    static final String ANSWER = "@ ";

    /** What a run needs is asked for by it, or by the next. */
    private static final int RUNS_WHILE_READY = 3;

    private static final long MOST_NANOS_UNTIL_READY = 120_000_000_000L;

    /** The system property that is set where processor time is measured, of one thread. */
    static final String PROCESSOR_TIME = "ugoki.bench.processor-time";

    private static final boolean OF_PROCESSOR = Boolean.getBoolean(PROCESSOR_TIME);

    private double nanosOfCall = 1;

    /** Serves one measurement. */
    public static void main(String[] arguments) throws IOException {
        Library.valueOf(arguments[0]).newWorker().serve(arguments);
    }

    /** Loads what does not belong to the measurement. */
    abstract void start(int threads);

    /** Makes all that runs need, and runs once. */
    abstract List<float[]> prepare(Measurement measurement) throws IOException;

    /** Runs {@code calls} times. */
    abstract void run(long calls);

    /** Whether nothing is known that would make later runs faster. */
    boolean isReady() {
        return true;
    }

    /** A line that says where the time of runs goes; see {@link Profile}. */
    String profile(long nanos) {
        throw new UnsupportedOperationException("only our own operations can be told apart");
    }

    /** Names and versions. */
    abstract String about();

    private void serve(String[] arguments) throws IOException {
        Measurement measurement = Catalogue.named(arguments[1]);
        start(Integer.parseInt(arguments[2]));
        System.gc();
        long idle = resident("VmRSS");
        long firstRun = System.nanoTime();
        write(Path.of(arguments[3]), prepare(measurement));
        answer("ready");
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "warm" -> {
                    double ready = secondsUntilReady(firstRun);
                    // What only the preparation needed is garbage now, for both contenders.
                    System.gc();
                    warm(Double.parseDouble(words[1]) * 1e9, Long.parseLong(words[2]));
                    System.gc();
                    forgetPeak();
                    answer(Double.toString(ready));
                }
                case "round" -> {
                    double nanos = Double.parseDouble(words[1]) * 1e9;
                    answer(Double.toString(nanosOf(Math.max(1, Math.round(nanos / nanosOfCall)))));
                }
                case "memory" -> answer(idle + " " + resident("VmHWM"));
                case "profile" -> answer(profile((long) (Double.parseDouble(words[1]) * 1e9)));
                case "about" -> answer(about());
                default -> throw new IOException("worker: what is '" + line + "'?");
            }
        }
    }

    /**
     * Runs until nothing is left to be compiled; NaN if that takes too long.
     *
     * @param firstRun when the first run began, by the clock that counts nanoseconds
     */
    double secondsUntilReady(long firstRun) {
        int runsWhileReady = 0;
        while (runsWhileReady < RUNS_WHILE_READY) {
            run(1);
            runsWhileReady = isReady() ? runsWhileReady + 1 : 0;
            if (System.nanoTime() - firstRun > MOST_NANOS_UNTIL_READY) {
                return Double.NaN;
            }
        }
        return (System.nanoTime() - firstRun) * 1e-9;
    }

    /** Runs, and learns how long a run takes. */
    private void warm(double nanos, long leastRuns) {
        long end = System.nanoTime() + (long) nanos;
        long done = 0;
        for (long calls = 1; System.nanoTime() < end || done < leastRuns; done += calls) {
            calls = Math.clamp((long) (nanos / 20 / nanosOfCall), 1, 2 * calls);
            nanosOfCall = nanosOf(calls);
        }
    }

    /** Of each of so many runs. */
    private double nanosOf(long calls) {
        long start = now();
        run(calls);
        return (double) (now() - start) / calls;
    }

    private static long now() {
        return OF_PROCESSOR ? processorNanos() : System.nanoTime();
    }

    /** The processor time of this thread so far. */
    static long processorNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static void answer(String text) {
        System.out.println(ANSWER + text);
        System.out.flush();
    }

    /** So that the peak is that of runs, not of making inputs and of compiling code. */
    private static void forgetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException e) {
            System.err.println("the peak of memory counts from the start of the process: " + e);
        }
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
