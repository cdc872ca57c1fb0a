package dev.ugoki.examples.models;

import dev.ugoki.tck.conformance.ModelKind;

import java.util.Map;

/** Policies of robots and their parts. */
final class PolicyKinds {
    private PolicyKinds() {}

    static Map<String, ModelKind> table() {
        return Map.of();
    }
}
