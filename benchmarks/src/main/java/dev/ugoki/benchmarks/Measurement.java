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
     * @param comparesMemory whether our peak of memory must not be above the rival's
     */
    record Traits(String operator, List<String> options, double tolerance, boolean comparesMemory) {
        static final Traits NONE = new Traits("", List.of(), 2e-4, false);
    }

    Measurement withOperator(String operator) {
        return with(
                new Traits(
                        operator, traits.options(), traits.tolerance(), traits.comparesMemory()));
    }

    Measurement withOptions(String... options) {
        return with(
                new Traits(
                        traits.operator(),
                        List.of(options),
                        traits.tolerance(),
                        traits.comparesMemory()));
    }

    Measurement withTolerance(double tolerance) {
        return with(
                new Traits(
                        traits.operator(), traits.options(), tolerance, traits.comparesMemory()));
    }

    Measurement comparingMemory() {
        return with(new Traits(traits.operator(), traits.options(), traits.tolerance(), true));
    }

    private Measurement with(Traits changed) {
        return new Measurement(name, what, goals, inputs, ours, rival, flops, bytes, changed);
    }

    /** The goal with so many threads; NaN if there is none. */
    double goal(int threads) {
        return threads <= goals.size() ? goals.get(threads - 1) : Double.NaN;
    }
}
