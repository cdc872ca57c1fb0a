package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which cotangents somebody wants: those from which a path leads to a variable that was named. */
final class Wanted {
    private final @Nullable Set<Lineage> variables;
    private final Map<Step, Boolean> known = new IdentityHashMap<>();

    private Wanted(@Nullable Set<Lineage> variables) {
        this.variables = variables;
    }

    /** The gradient in every leaf is wanted. */
    static Wanted everything() {
        return new Wanted(null);
    }

    /** The gradients in {@code variables} are wanted, which are followed. */
    static Wanted of(List<Tensor> variables) {
        Set<Lineage> lineages = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Tensor variable : variables) {
            Lineage lineage = variable.lineage();
            if (lineage == null) {
                throw new IllegalArgumentException(
                        "gradients: "
                                + variable.type()
                                + " is not followed: ask for the gradient of a parameter's tensor"
                                + " or of an Autograd.variable");
            }
            lineages.add(lineage);
        }
        return new Wanted(lineages);
    }

    /** Whether the gradient in the tensor of this lineage is itself an answer. */
    boolean isVariable(Lineage lineage) {
        return variables == null ? lineage instanceof Leaf : variables.contains(lineage);
    }

    /** Whether a cotangent of the tensor of this lineage is of use. */
    boolean isUseful(@Nullable Lineage lineage) {
        if (lineage == null) {
            return false;
        }
        return variables == null
                || variables.contains(lineage)
                || lineage instanceof Step.Result result && leadsOn(result.step());
    }

    /** Whether cotangents of a step's operands are of use. */
    boolean leadsOn(Step step) {
        if (variables == null) {
            return true;
        }
        Boolean answer = known.get(step);
        return answer != null ? answer : search(step);
    }

    /** Depth first, without recursion: a tape may be a hundred thousand steps deep. */
    private boolean search(Step from) {
        Deque<Step> path = new ArrayDeque<>();
        path.push(from);
        while (!path.isEmpty()) {
            Step step = path.peek();
            Step next = null;
            boolean leads = false;
            for (int i = 0; i < step.operandCount() && !leads; i++) {
                Lineage lineage = step.lineageOfOperand(i);
                if (lineage == null) {
                    continue;
                }
                if (isVariable(lineage)) {
                    leads = true;
                } else if (lineage instanceof Step.Result(Step before, int _)) {
                    Boolean answer = known.get(before);
                    if (answer == null) {
                        next = before;
                    } else {
                        leads = answer;
                    }
                }
            }
            if (!leads && next != null) {
                path.push(next);
            } else {
                known.put(step, leads);
                path.pop();
            }
        }
        return Boolean.TRUE.equals(known.get(from));
    }
}
