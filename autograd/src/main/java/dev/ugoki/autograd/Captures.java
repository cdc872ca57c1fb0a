package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;

import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The followed tensors that a program reads without being given them, such as parameters: all that
 * it reads whose lineage is older than the program's run.
 */
final class Captures {
    private final long start = Step.lastNumber();
    private final Map<Lineage, Tensor> found = new IdentityHashMap<>();

    void notice(Tensor[] operands) {
        for (Tensor operand : operands) {
            switch (operand.lineage()) {
                case Leaf leaf when leaf.number() <= start -> found.putIfAbsent(leaf, operand);
                case Step.Result result when result.step().number() <= start ->
                        found.putIfAbsent(result, operand);
                case null, default -> {}
            }
        }
    }

    Tensor[] tensors() {
        return found.values().toArray(Tensor[]::new);
    }
}
