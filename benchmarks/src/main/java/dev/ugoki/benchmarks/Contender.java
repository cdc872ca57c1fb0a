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
import java.util.concurrent.TimeUnit;

/** A {@link Worker} in a process of its own, as the process that asks it sees it. */
final class Contender implements AutoCloseable {
    private final Library library;
    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter questions;
    private final Path results;
    private final Path errors;

    private Contender(Library library, Process process, Path results, Path errors) {
        this.library = library;
        this.process = process;
        this.results = results;
        this.errors = errors;
        this.answers = process.inputReader();
        this.questions = process.outputWriter();
    }

    /** Starts a process on a measurement; {@link #awaitReady} waits until it has run once. */
    static Contender start(
            Library library, Measurement measurement, int threads, Machine machine, Path folder)
            throws IOException {
        Path results = folder.resolve(library + ".results");
        Path errors = folder.resolve(library + ".errors");
        Files.deleteIfExists(results);
        List<String> command = new ArrayList<>(machine.java());
        if (library == Library.UGOKI) {
            command.addAll(measurement.traits().options());
        }
        command.addAll(
                List.of(
                        Worker.class.getName(),
                        library.name(),
                        measurement.name(),
                        Integer.toString(threads),
                        results.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().putAll(machine.environment(threads));
        return new Contender(library, builder.start(), results, errors);
    }

    Library library() {
        return library;
    }

    /**
     * Waits until it is ready for rounds.
     *
     * @throws IOException with what it wrote, if it ended
     */
    void awaitReady() throws IOException {
        answer();
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

    /**
     * Runs until all is compiled, and then for so many seconds, and at least so often.
     *
     * @return the seconds from the first run until all was compiled; NaN if that did not come
     */
    double warm(double seconds, int runs) throws IOException {
        return Double.parseDouble(ask("warm " + seconds + " " + runs));
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

    /** Where the time of so many seconds goes; see {@link Profile}. */
    String profile(double seconds) throws IOException {
        return ask("profile " + seconds);
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
        throw new IOException(library.title() + " ended: " + complaint());
    }

    private String complaint() throws IOException {
        return Files.readAllLines(errors).stream()
                .filter(line -> line.contains("Exception") || line.contains("Error"))
                .findFirst()
                .orElse("see " + errors);
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
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
