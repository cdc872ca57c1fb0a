package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** What lies behind tensors. */
final class Tape {
    private Tape() {}

    /** Whether {@code values} depend on anything followed by another way than {@code variables}. */
    static boolean readsOthers(List<Tensor> values, List<Tensor> variables) {
        Set<Object> visited = Collections.newSetFromMap(new IdentityHashMap<>());
        variables.forEach(variable -> visited.add(variable.lineage()));
        Deque<Step> path = new ArrayDeque<>();
        for (Tensor value : values) {
            if (isOther(value.lineage(), visited, path)) {
                return true;
            }
        }
        for (Step step = path.poll(); step != null; step = path.poll()) {
            for (int i = 0; i < step.operandCount(); i++) {
                if (isOther(step.lineageOfOperand(i), visited, path)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isOther(
            @Nullable Lineage lineage, Set<Object> visited, Deque<Step> path) {
        if (lineage == null || visited.contains(lineage)) {
            return false;
        }
        if (lineage instanceof Step.Result(Step step, int _) && visited.add(step)) {
            path.push(step);
        }
        return lineage instanceof Leaf;
    }
}
