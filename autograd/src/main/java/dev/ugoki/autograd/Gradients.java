package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a backward pass found: the gradient in each tensor at which following began. A value, like
 * the tensors in it: a second backward pass gives others, and nothing is accumulated by itself.
 */
public final class Gradients {
    private final Map<Lineage, Tensor> byLineage = new IdentityHashMap<>();

    Gradients() {}

    @Nullable Tensor get(Lineage variable) {
        return byLineage.get(variable);
    }

    void put(Lineage variable, Tensor gradient) {
        byLineage.put(variable, gradient);
    }

    /**
     * The gradient in {@code variable}, of its type and on its device; zeros where the output does
     * not depend on it.
     *
     * @throws IllegalArgumentException if it is neither a parameter's tensor nor a variable
     */
    public Tensor of(Tensor variable) {
        Lineage lineage = variable.lineage();
        if (lineage == null) {
            throw new IllegalArgumentException(
                    "gradients: "
                            + variable.type()
                            + " is not followed: ask for the gradient of a parameter's tensor or of"
                            + " an Autograd.variable");
        }
        Tensor gradient = byLineage.get(lineage);
        if (gradient == null && !(lineage instanceof Leaf)) {
            throw new IllegalArgumentException(
                    "gradients: "
                            + variable.type()
                            + " was computed of others, and a backward pass keeps no gradient of"
                            + " such: ask with Autograd.gradients(output, List.of(tensor))");
        }
        return gradient != null ? gradient : zeros(variable);
    }

    /** These gradients as constants, also to whoever differentiates a program in which they are. */
    Gradients detached() {
        byLineage.replaceAll((_, gradient) -> gradient.detach());
        return this;
    }

    /** What {@link #of} gives, for variables that were named before the pass. */
    List<Tensor> ofNamed(List<Tensor> variables) {
        List<Tensor> gradients = new ArrayList<>(variables.size());
        for (Tensor variable : variables) {
            Lineage lineage = variable.lineage();
            Tensor gradient = lineage == null ? null : byLineage.get(lineage);
            gradients.add(gradient != null ? gradient : zeros(variable));
        }
        return gradients;
    }

    private static Tensor zeros(Tensor like) {
        return like.device().call(() -> Tensor.full(like.dtype(), like.shape(), 0));
    }

    /** The gradient in a parameter. */
    public Tensor of(Parameter parameter) {
        return of(parameter.tensor());
    }

    /** The gradients in each of {@code variables}. */
    public List<Tensor> of(List<Tensor> variables) {
        List<Tensor> gradients = new ArrayList<>(variables.size());
        for (Tensor variable : variables) {
            gradients.add(of(variable));
        }
        return gradients;
    }
}
