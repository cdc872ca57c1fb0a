package dev.ugoki.examples.models;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.optim.Adam;
import dev.ugoki.nn.optim.AdamW;
import dev.ugoki.nn.optim.Optimizer;
import dev.ugoki.nn.optim.ParameterGroup;
import dev.ugoki.nn.optim.RmsProp;
import dev.ugoki.nn.optim.Schedule;
import dev.ugoki.nn.optim.Sgd;
import dev.ugoki.nn.optim.UpdateRule;
import dev.ugoki.tck.conformance.CaseSettings;
import dev.ugoki.tck.conformance.ModelCase;
import dev.ugoki.tck.conformance.ModelKind;
import dev.ugoki.tensor.Tensor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;

/** Optimizers: the path of one parameter along given gradients. Defaults are PyTorch's. */
final class OptimizerKinds {
    private OptimizerKinds() {}

    static Map<String, ModelKind> table() {
        return Map.of(
                "Optimizer:SGD", path(OptimizerKinds::sgd),
                "Optimizer:Adam", path(OptimizerKinds::adam),
                "Optimizer:AdamW", path(OptimizerKinds::adamW),
                "Optimizer:RMSprop", path(OptimizerKinds::rmsProp));
    }

    private static ModelKind path(Function<CaseSettings, UpdateRule> rule) {
        return given -> path(given, rule.apply(given.config()));
    }

    private static void path(ModelCase given, UpdateRule rule) {
        Parameter parameter = new Parameter(given.input("initial"));
        SequencedMap<String, Parameter> named = new LinkedHashMap<>();
        named.put("p", parameter);
        Optimizer optimizer =
                Optimizer.of(List.of(new ParameterGroup(named, rule)), Schedule.constant());
        List<Tensor> steps =
                given.input("gradients").unbind(0).stream()
                        .map(
                                gradient -> {
                                    optimizer.step(List.of(gradient));
                                    return parameter.tensor().detach().copy();
                                })
                        .toList();
        given.checkOutput("trajectory", Tensor.stack(0, steps.toArray(Tensor[]::new)));
    }

    private static UpdateRule sgd(CaseSettings config) {
        return new Sgd(
                config.number("lr"),
                config.number("momentum", 0),
                config.number("weightDecay", 0),
                config.flag("nesterov", false));
    }

    private static UpdateRule adam(CaseSettings config) {
        return new Adam(
                config.number("lr"),
                config.number("beta1", 0.9),
                config.number("beta2", 0.999),
                config.number("eps", 1e-8),
                config.number("weightDecay", 0));
    }

    private static UpdateRule adamW(CaseSettings config) {
        return new AdamW(
                config.number("lr"),
                config.number("beta1", 0.9),
                config.number("beta2", 0.999),
                config.number("eps", 1e-8),
                config.number("weightDecay", 0.01));
    }

    private static UpdateRule rmsProp(CaseSettings config) {
        return new RmsProp(
                config.number("lr"),
                config.number("alpha", 0.99),
                config.number("eps", 1e-8),
                config.number("weightDecay", 0),
                config.number("momentum", 0));
    }
}
