package dev.ugoki.autograd;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Gradients of scalar functions of tensors.
 *
 * <pre>{@code
 * var step = Autograd.valueAndGrad(() -> loss(model.apply(x), y), model.parameters());
 * optimizer.step(step.gradients());
 * }</pre>
 *
 * <p>What is computed from a followed tensor (a {@link Parameter}'s, or a {@link #variable}) is
 * written down behind the results; nothing is global, and what nobody can reach is garbage.
 * Gradients are values like any others: nothing is accumulated in hidden fields.
 */
public final class Autograd {
    private Autograd() {}

    /**
     * A function's value and its gradients.
     *
     * @param gradients one for each parameter or input, of its shape and dtype
     */
    public record ValueAndGrad(Tensor value, List<Tensor> gradients) {}

    /**
     * The value of {@code loss} and its gradients in {@code parameters}, in their order; zeros for
     * those that it does not depend on. All else that is computed on the way is released at the
     * end.
     *
     * @throws IllegalArgumentException if the loss is not a floating tensor of one element
     */
    public static ValueAndGrad valueAndGrad(Supplier<Tensor> loss, List<Parameter> parameters) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor value = loss.get();
            List<Tensor> leaves = new ArrayList<>(parameters.size());
            for (Parameter parameter : parameters) {
                leaves.add(parameter.tensor());
            }
            List<Tensor> gradients = gradients(value, leaves);
            gradients.forEach(scope::keep);
            return new ValueAndGrad(scope.keep(value.detach()), gradients);
        }
    }

    /** The value of {@code function} at {@code inputs} and its gradients in each of them. */
    public static ValueAndGrad valueAndGrad(ScalarFunction function, Tensor... inputs) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] variables = new Tensor[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                variables[i] = variable(inputs[i]);
            }
            Tensor value = function.apply(variables);
            List<Tensor> gradients = gradients(value, List.of(variables));
            gradients.forEach(scope::keep);
            return new ValueAndGrad(scope.keep(value.detach()), gradients);
        }
    }

    /** A function of tensors whose value has one element. */
    @FunctionalInterface
    public interface ScalarFunction {
        Tensor apply(Tensor... inputs);
    }

    /** The same values, followed from here on: the gradient of what is computed of it is known. */
    public static Tensor variable(Tensor tensor) {
        requireFloating("variable", tensor);
        return tensor.withLineage(new Leaf());
    }

    /** The gradients of {@code output}, of one element, in {@code variables}. */
    public static List<Tensor> gradients(Tensor output, List<Tensor> variables) {
        return backward(output).of(variables);
    }

    /**
     * As {@link #gradients}, but the gradients are followed in turn, so that they can be
     * differentiated again.
     */
    public static List<Tensor> gradientsToDifferentiate(Tensor output, List<Tensor> variables) {
        return Backpropagation.run(List.of(output), List.of(seed(output)), true).of(variables);
    }

    /** The gradients of {@code output}, of one element, in everything that it was computed of. */
    public static Gradients backward(Tensor output) {
        return Backpropagation.run(List.of(output), List.of(seed(output)), false);
    }

    /**
     * The gradients of {@code sum(output * cotangent)} over all outputs: the vector-Jacobian
     * product.
     */
    public static Gradients backward(List<Tensor> outputs, List<Tensor> cotangents) {
        for (int i = 0; i < outputs.size(); i++) {
            if (!outputs.get(i).type().equals(cotangents.get(i).type())) {
                throw new IllegalArgumentException(
                        "backward: output "
                                + i
                                + " is "
                                + outputs.get(i).type()
                                + ", its cotangent "
                                + cotangents.get(i).type());
            }
        }
        return Backpropagation.run(outputs, cotangents, false);
    }

    /** Runs {@code action} without writing down what it computes. */
    public static <T> T noGrad(Supplier<T> action) {
        return Recording.off(action);
    }

    /**
     * Computes {@code program} without keeping what is inside it: the backward pass computes it a
     * second time. The results and gradients have the same bits as without; random draws are the
     * same if their keys are made outside or folded from a key that is.
     */
    public static Tensor[] checkpoint(Graph.Program program, Tensor... operands) {
        return Checkpoint.run(program, operands);
    }

    private static Tensor seed(Tensor output) {
        requireFloating("backward", output);
        if (output.shape().elementCount() != 1) {
            throw new IllegalArgumentException(
                    "backward: the output is "
                            + output.type()
                            + ", and only a tensor of one element has a gradient; sum it, or give"
                            + " a cotangent");
        }
        return output.detach().scalarLike(1).reshape(output.shape());
    }

    private static void requireFloating(String operation, Tensor tensor) {
        if (!tensor.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    operation
                            + ": "
                            + tensor.type()
                            + " has no gradient: only floating dtypes have; cast it first");
        }
    }
}
