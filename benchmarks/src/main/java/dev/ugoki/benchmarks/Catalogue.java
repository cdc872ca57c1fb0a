package dev.ugoki.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** All measurements. */
final class Catalogue {
    private Catalogue() {}

    /** In the order of the table. */
    static List<Measurement> all() {
        List<Measurement> all = new ArrayList<>();
        all.addAll(ProductMeasurements.all());
        all.addAll(ElementwiseMeasurements.all());
        all.addAll(ConvolutionMeasurements.all());
        all.addAll(NetworkMeasurements.all());
        return all;
    }

    /**
     * One of them.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    static Measurement named(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no measurement " + name));
    }
}
