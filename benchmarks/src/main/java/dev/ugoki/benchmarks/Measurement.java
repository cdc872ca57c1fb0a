package dev.ugoki.benchmarks;

import java.util.List;

/**
 * Something that is measured: the same computation for each contender.
 *
 * @param name short, for filters and files
 * @param what in words
 * @param goals libtorch's time : ours, at least, for each number of threads from 1 on; 0 where it
 *     is not measured, NaN where there is no goal
 * @param flops floating-point operations of one run, a fused one counting 2; 0 where that says
 *     nothing
 * @param bytes that one run reads and writes at least; 0 where that says nothing
 */
record Measurement(
        String name,
        String what,
        List<Double> goals,
        List<Input> inputs,
        Ours ours,
        Libtorch libtorch,
        double flops,
        double bytes) {
    /** The goal with so many threads; 0 if it is not measured so. */
    double goal(int threads) {
        return threads <= goals.size() ? goals.get(threads - 1) : 0;
    }
}
