package dev.ugoki.examples.models;

import dev.ugoki.tck.conformance.ModelKind;

import java.util.HashMap;
import java.util.Map;

/** All kinds of models that cases may name. A new kind is an entry of one of the tables here. */
public final class ModelKinds {
    private ModelKinds() {}

    /** The kinds by name. */
    public static Map<String, ModelKind> all() {
        Map<String, ModelKind> all = new HashMap<>();
        all.putAll(LayerKinds.table());
        all.putAll(BackboneKinds.table());
        all.putAll(OptimizerKinds.table());
        all.putAll(PolicyKinds.table());
        return Map.copyOf(all);
    }
}
