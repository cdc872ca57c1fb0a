package dev.ugoki.benchmarks;

import java.util.List;

/**
 * Something that is measured: the same computation for each contender.
 *
 * @param name short, for filters and files
 * @param what in words
 * @param goals the rival's time : ours, at least, for each number of threads from 1 on; NaN where
 *     there is no goal
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
        Rival rival,
        double flops,
        double bytes,
        Traits traits) {
    /** A measurement without special traits. */
    Measurement(
            String name,
            String what,
            List<Double> goals,
            List<Input> inputs,
            Ours ours,
            Rival rival,
            double flops,
            double bytes) {
        this(name, what, goals, inputs, ours, rival, flops, bytes, Traits.NONE);
    }

    /**
     * What only some measurements have.
     *
     * @param operator the name of the ONNX operator that this is, for other libraries that have it;
     *     empty if it is none
     * @param options for the Java that our program runs in
     * @param tolerance the largest deviation of a result, as a share of its largest element
     * @param judgedInF64 whether results are not compared with the rival's, but both with what
     *     libtorch computes in F64: where rounding alone takes F32 far from it
     * @param comparesMemory whether our peak of memory must not be above the rival's
     */
    record Traits(
            String operator,
            List<String> options,
            double tolerance,
            boolean judgedInF64,
            boolean comparesMemory) {
        static final Traits NONE = new Traits("", List.of(), 2e-4, false, false);

        Traits withOperator(String value) {
            return new Traits(value, options, tolerance, judgedInF64, comparesMemory);
        }

        Traits withOptions(String... values) {
            return new Traits(operator, List.of(values), tolerance, judgedInF64, comparesMemory);
        }

        Traits withTolerance(double value) {
            return new Traits(operator, options, value, judgedInF64, comparesMemory);
        }

        Traits beingJudgedInF64() {
            return new Traits(operator, options, tolerance, true, comparesMemory);
        }

        Traits comparingMemory() {
            return new Traits(operator, options, tolerance, judgedInF64, true);
        }
    }

    Measurement withOperator(String operator) {
        return with(traits.withOperator(operator));
    }

    Measurement withOptions(String... options) {
        return with(traits.withOptions(options));
    }

    Measurement withTolerance(double tolerance) {
        return with(traits.withTolerance(tolerance));
    }

    Measurement judgedInF64() {
        return with(traits.beingJudgedInF64());
    }

    Measurement comparingMemory() {
        return with(traits.comparingMemory());
    }

    private Measurement with(Traits changed) {
        return new Measurement(name, what, goals, inputs, ours, rival, flops, bytes, changed);
    }

    /** The goal with so many threads; NaN if there is none. */
    double goal(int threads) {
        return threads <= goals.size() ? goals.get(threads - 1) : Double.NaN;
    }
}
