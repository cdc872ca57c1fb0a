package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** What a backward pass found: the gradient in each tensor at which following began. */
public final class Gradients {
    private final Map<Lineage, Tensor> byLeaf = new IdentityHashMap<>();

    Gradients() {}

    void add(Leaf leaf, Tensor gradient) {
        byLeaf.merge(leaf, gradient, Tensor::add);
    }

    /**
     * The gradient in {@code variable}, of its type; zeros where the output does not depend on it.
     *
     * @throws IllegalArgumentException if it is neither a parameter's tensor nor a variable
     */
    public Tensor of(Tensor variable) {
        if (!(variable.lineage() instanceof Leaf leaf)) {
            throw new IllegalArgumentException(
                    "gradients: "
                            + variable.type()
                            + (variable.lineage() == null
                                    ? " is not followed"
                                    : " was computed of others")
                            + ": ask for the gradient of a parameter's tensor or of an"
                            + " Autograd.variable");
        }
        Tensor gradient = byLeaf.get(leaf);
        return gradient != null ? gradient : Tensor.full(variable.dtype(), variable.shape(), 0);
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
