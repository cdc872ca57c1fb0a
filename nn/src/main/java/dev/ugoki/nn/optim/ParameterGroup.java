package dev.ugoki.nn.optim;

import dev.ugoki.autograd.Parameter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Predicate;

/**
 * Parameters, by name, that are updated by one rule.
 *
 * <pre>{@code
 * ParameterGroup backbone = ParameterGroup.of(named, name -> name.startsWith("backbone."), slow);
 * }</pre>
 */
public record ParameterGroup(SequencedMap<String, Parameter> parameters, UpdateRule rule) {
    public ParameterGroup {
        parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
    }

    /** Those of {@code parameters} whose names are accepted, in their order. */
    public static ParameterGroup of(
            SequencedMap<String, Parameter> parameters,
            Predicate<String> accepted,
            UpdateRule rule) {
        SequencedMap<String, Parameter> chosen = new LinkedHashMap<>(parameters);
        chosen.keySet().removeIf(accepted.negate());
        return new ParameterGroup(chosen, rule);
    }
}
