package dev.ugoki.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The measurements of the catalogue under JMH: {@code ugoki bench [FILTER]}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ContenderBenchmark {
    private static final int RUNS = 20;

    /** Which of the catalogue. */
    @Param("matmul-256")
    public String measurement;

    /** Who computes. */
    @Param({"ugoki", "libtorch"})
    public String contender;

    /** How many threads compute. */
    @Param("1")
    public int threads;

    private Worker worker;

    /** For JMH. */
    public ContenderBenchmark() {}

    /** Makes the inputs and runs once. */
    @Setup
    public void prepare() throws IOException {
        worker = contender.equals("ugoki") ? new UgokiWorker() : new LibtorchWorker();
        worker.start(threads);
        worker.prepare(Catalogue.named(measurement), threads);
    }

    /** Several runs, so that calling them costs little. */
    @Benchmark
    @OperationsPerInvocation(RUNS)
    public void runs() {
        worker.run(RUNS);
    }

    /** Runs JMH on the measurements whose names the first argument is in. */
    public static void main(String[] arguments) throws RunnerException, IOException {
        String filter = arguments.length == 0 ? "" : arguments[0];
        String[] names =
                Catalogue.all().stream()
                        .map(Measurement::name)
                        .filter(name -> name.contains(filter))
                        .toArray(String[]::new);
        if (names.length == 0) {
            throw new IllegalArgumentException("bench: no name has '" + filter + "' in it");
        }
        Path results = Files.createDirectories(Path.of("benchmarks/results"));
        new Runner(
                        new OptionsBuilder()
                                .include(ContenderBenchmark.class.getName())
                                .param("measurement", names)
                                .forks(1)
                                .warmupIterations(3)
                                .warmupTime(TimeValue.milliseconds(500))
                                .measurementIterations(5)
                                .measurementTime(TimeValue.milliseconds(500))
                                .resultFormat(ResultFormatType.JSON)
                                .result(results.resolve("jmh.json").toString())
                                .build())
                .run();
    }
}
