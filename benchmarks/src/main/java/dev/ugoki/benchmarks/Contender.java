package dev.ugoki.benchmarks;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@link Worker} in a process of its own, as the process that asks it sees it. */
final class Contender implements AutoCloseable {
    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter questions;
    private final Path results;

    private Contender(String name, Process process, Path results) {
        this.name = name;
        this.process = process;
        this.results = results;
        this.answers = process.inputReader();
        this.questions = process.outputWriter();
    }

    /** Starts {@code main} on a measurement, and waits until it has run once. */
    static Contender start(String main, Measurement measurement, int threads, Path folder)
            throws IOException {
        Path results = folder.resolve(main.replaceFirst(".*\\.", ""));
        Files.deleteIfExists(results);
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--add-modules",
                                "jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:Tier3DelayOn=1000",
                                "-XX:+UseSerialGC",
                                "-Xmx3g",
                                "-Dai.djl.offline=true"));
        String options = System.getenv().getOrDefault("UGOKI_JAVA_OPTS", "").strip();
        command.addAll(options.isEmpty() ? List.of() : List.of(options.split("\\s+")));
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        main,
                        measurement.name(),
                        Integer.toString(threads),
                        results.toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(threads));
        builder.environment().put("MKL_NUM_THREADS", Integer.toString(threads));
        builder.environment().put("OPT_OUT_TRACKING", "true");
        builder.environment().putIfAbsent("DJL_CACHE_DIR", folder.resolve("djl").toString());
        Path errors = folder.resolve(results.getFileName() + ".err");
        builder.redirectError(errors.toFile());
        Contender contender = new Contender(main, builder.start(), results);
        try {
            contender.answer();
        } catch (IOException e) {
            contender.close();
            throw new IOException(e.getMessage() + "\n" + Files.readString(errors), e);
        }
        return contender;
    }

    /** What the first run gave, one array for each result. */
    List<float[]> results() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(results));
        bytes.order(ByteOrder.LITTLE_ENDIAN);
        List<float[]> all = new ArrayList<>();
        while (bytes.hasRemaining()) {
            float[] values = new float[bytes.getInt()];
            bytes.asFloatBuffer().get(values);
            bytes.position(bytes.position() + 4 * values.length);
            all.add(values);
        }
        return all;
    }

    /** Nanoseconds of one run, over about so many seconds of runs. */
    double round(double seconds) throws IOException {
        return Double.parseDouble(ask("round " + seconds));
    }

    /** The most that was resident less what was before the measurement, in bytes. */
    long memory() throws IOException {
        String[] both = ask("memory").split(" ");
        return 1024 * (Long.parseLong(both[1]) - Long.parseLong(both[0]));
    }

    String about() throws IOException {
        return ask("about");
    }

    private String ask(String question) throws IOException {
        questions.write(question + "\n");
        questions.flush();
        return answer();
    }

    private String answer() throws IOException {
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (line.startsWith(Worker.ANSWER)) {
                return line.substring(Worker.ANSWER.length());
            }
        }
        throw new IOException(name + " ended before it answered");
    }

    /** Ends the process. */
    @Override
    public void close() throws IOException {
        try {
            questions.close();
        } catch (IOException alreadyGone) {
            process.destroy();
        }
        try {
            if (!process.waitFor(10, java.util.concurrent.TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
