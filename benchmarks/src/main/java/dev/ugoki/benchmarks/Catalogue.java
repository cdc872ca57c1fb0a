package dev.ugoki.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** All measurements. */
final class Catalogue {
    private Catalogue() {}

    /** In the order of the table. */
    static List<Group> groups() {
        List<Group> groups = new ArrayList<>();
        groups.addAll(ProductMeasurements.groups());
        groups.addAll(ElementwiseMeasurements.groups());
        groups.addAll(ConvolutionMeasurements.groups());
        groups.addAll(NetworkMeasurements.groups());
        groups.addAll(PlanMeasurements.groups());
        groups.addAll(TrainingSteps.groups());
        return groups;
    }

    /** The names of all. */
    static List<String> names() {
        return groups().stream()
                .flatMap(group -> group.measurements().stream())
                .map(Measurement::name)
                .toList();
    }

    /**
     * One of them.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    static Measurement named(String name) {
        return groups().stream()
                .flatMap(group -> group.measurements().stream())
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no measurement " + name));
    }
}
