package dev.ugoki.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** One run of one measurement by one contender, for JMH. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ContenderBenchmark {
    /** Which of the catalogue. */
    @Param("matmul-256")
    public String measurement;

    /** Who computes, a {@link Library}. */
    @Param("UGOKI")
    public String contender;

    /** How many threads compute. */
    @Param("1")
    public int threads;

    /** How often it runs in one call. */
    @Param("1")
    public int runs;

    private Worker worker;

    /** For JMH. */
    public ContenderBenchmark() {}

    /** Makes the inputs, and runs until all is compiled. */
    @Setup
    public void prepare() throws IOException {
        worker = Library.valueOf(contender).newWorker();
        worker.start(threads);
        worker.prepare(Catalogue.named(measurement));
        worker.secondsUntilReady(System.nanoTime());
    }

    /** So many runs. */
    @Benchmark
    public void run() {
        worker.run(runs);
    }
}
