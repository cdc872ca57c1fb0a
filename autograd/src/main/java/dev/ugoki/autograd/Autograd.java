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
 * Gradients are values like any others: nothing is accumulated in hidden fields. To accumulate over
 * several batches, add them.
 *
 * <p>Where a function has no derivative, the gradient is what the operation's Javadoc says: equal
 * maxima share it, {@code abs} and {@code relu} have 0 at 0, {@code clamp} lets it pass at its
 * bounds. Where it is infinite, as that of {@code sqrt} at 0, it is infinite; 0 times infinity is
 * NaN, also in a branch that a {@link Tensor#select} does not take (see there). {@link
 * #detectAnomalies} finds the place.
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
     * end, and nothing is computed for parameters that are not named. The loss is followed also
     * inside {@link #noGrad}.
     *
     * @throws IllegalArgumentException if the loss is not a floating tensor of one element, or
     *     depends on nothing that is followed
     */
    public static ValueAndGrad valueAndGrad(Supplier<Tensor> loss, List<Parameter> parameters) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor value = Recording.on(loss);
            List<Tensor> leaves = new ArrayList<>(parameters.size());
            for (Parameter parameter : parameters) {
                leaves.add(parameter.tensor());
            }
            requireFollowed(value);
            return lastPass(value, leaves, scope);
        }
    }

    /**
     * The value of {@code function} at {@code inputs} and its gradients in each of them; zeros for
     * those that it does not depend on. The inputs count as constants to whoever follows them
     * outside; {@link Derivatives} does not cut them off.
     */
    public static ValueAndGrad valueAndGrad(ScalarFunction function, Tensor... inputs) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] variables = new Tensor[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                variables[i] = variable(inputs[i]);
            }
            Tensor value = Recording.on(() -> function.apply(variables));
            return lastPass(value, List.of(variables), scope);
        }
    }

    /** The gradients of a value that was computed in {@code scope}, which is about to close. */
    private static ValueAndGrad lastPass(Tensor value, List<Tensor> variables, TensorScope scope) {
        List<Tensor> gradients;
        // What the backward pass makes lies in a scope of its own: the other one shrinks meanwhile.
        try (TensorScope backward = TensorScope.open()) {
            gradients =
                    Backpropagation.runLast(value, seed(value), Wanted.of(variables), scope)
                            .ofNamed(variables);
            gradients.forEach(backward::keep);
        }
        gradients.forEach(scope::keep);
        return new ValueAndGrad(scope.keep(value.detach()), gradients);
    }

    /** A function of tensors whose value has one element. */
    @FunctionalInterface
    public interface ScalarFunction {
        Tensor apply(Tensor... inputs);
    }

    /**
     * The same values, followed from here on: the gradient of what is computed of it is known.
     *
     * @throws IllegalArgumentException if the dtype is not floating
     */
    public static Tensor variable(Tensor tensor) {
        requireFloating("variable", tensor);
        return tensor.withLineage(new Leaf());
    }

    /**
     * The gradients of {@code output}, of one element, in {@code variables}: parameters' tensors,
     * {@link #variable variables}, or tensors that were computed of these on the way to the output.
     * Zeros for those that it does not depend on. Nothing is computed for others.
     *
     * @throws IllegalArgumentException if the output is not a floating tensor of one element, or
     *     depends on nothing that is followed
     */
    public static List<Tensor> gradients(Tensor output, List<Tensor> variables) {
        requireFollowed(output);
        return run(output, variables, false);
    }

    /**
     * As {@link #gradients}, but the gradients are followed in turn, so that they can be
     * differentiated again.
     */
    public static List<Tensor> gradientsToDifferentiate(Tensor output, List<Tensor> variables) {
        requireFollowed(output);
        return run(output, variables, true);
    }

    private static List<Tensor> run(Tensor output, List<Tensor> variables, boolean differentiable) {
        Wanted wanted = Wanted.of(variables);
        return Backpropagation.run(List.of(output), List.of(seed(output)), wanted, differentiable)
                .ofNamed(variables);
    }

    /**
     * The gradients of {@code output}, of one element, in everything that it was computed of. It
     * may be called again: the tape stays as long as its results can be reached.
     *
     * @throws IllegalArgumentException if the output is not a floating tensor of one element, or
     *     depends on nothing that is followed
     * @throws IllegalStateException if a parameter was updated since the output was computed
     */
    public static Gradients backward(Tensor output) {
        requireFollowed(output);
        return Backpropagation.run(
                List.of(output), List.of(seed(output)), Wanted.everything(), false);
    }

    /**
     * The gradients of {@code sum(output * cotangent)} over all outputs: the vector-Jacobian
     * product. Outputs may depend on nothing.
     *
     * @param cotangents one for each output, of its type
     */
    public static Gradients backward(List<Tensor> outputs, List<Tensor> cotangents) {
        requireTypes("backward", "output", outputs, cotangents);
        return Backpropagation.run(outputs, cotangents, Wanted.everything(), false);
    }

    /**
     * Runs {@code action} without writing down what it computes: its results are constants to
     * whoever differentiates. It holds for this thread, and may be nested; a thread that {@code
     * action} starts writes down, unless it says so itself. Under a trace it is written into the
     * program.
     */
    public static <T> T noGrad(Supplier<T> action) {
        return Recording.off(action);
    }

    /**
     * Computes {@code program} without keeping what is inside it: that is released at once, and the
     * backward pass computes it a second time. The results and gradients have the same bits as
     * without, if the program computes the same both times.
     *
     * <p>So it must not draw from a sequence of random numbers, read what changes in between, or
     * count its calls: such a program gives wrong gradients, which nobody can notice (only {@link
     * #detectAnomalies} compares the values). Random draws are the same if their keys are made
     * outside, or folded from a key that is; {@code RandomScope.checkpoint} does so for layers.
     * Parameters that the program reads must keep their values until the backward pass, which
     * otherwise throws. Tensors that it makes besides its results are released.
     */
    public static Tensor[] checkpoint(Graph.Program program, Tensor... operands) {
        return Checkpoint.run(program, operands);
    }

    /**
     * Runs {@code action}, and stops at the first operation that makes NaN, forward or backward.
     * The exception names it, what it was given, and where in the user's code it was called:
     * outside of Ugoki's packages of tensors, gradients and layers; for a gradient where the
     * operation was called forward.
     *
     * <p>For finding mistakes: each operation's result is read, which is slow. It holds for this
     * thread. Without it nothing is looked at, and nothing is noted.
     *
     * <p>NaN that is there from the start, in data or parameters, is reported where it is first
     * used. Inside a composite only what reaches its results counts.
     *
     * @throws AnomalyException at the first NaN
     */
    public static <T> T detectAnomalies(Supplier<T> action) {
        return AnomalyDetector.run(false, action);
    }

    /**
     * As {@link #detectAnomalies}, and stops also at the first operation that makes infinity of
     * finite operands.
     *
     * @throws AnomalyException at the first NaN or infinity
     */
    public static <T> T detectNonFinite(Supplier<T> action) {
        return AnomalyDetector.run(true, action);
    }

    static Tensor seed(Tensor output) {
        requireOneElement(output);
        return output.withLineage(null).scalarLike(1).reshape(output.shape());
    }

    private static void requireOneElement(Tensor output) {
        requireFloating("backward", output);
        if (output.shape().elementCount() != 1) {
            throw new IllegalArgumentException(
                    "backward: the output is "
                            + output.type()
                            + ", and only a tensor of one element has a gradient; sum it, or give"
                            + " a cotangent");
        }
    }

    private static void requireFollowed(Tensor output) {
        requireOneElement(output);
        if (output.lineage() == null) {
            throw new IllegalArgumentException(
                    "backward: the output ("
                            + output.type()
                            + ") depends on nothing that is followed: was it computed inside"
                            + " noGrad, or of detached tensors? Start from a parameter's tensor or"
                            + " from an Autograd.variable");
        }
    }

    static void requireTypes(
            String operation, String role, List<Tensor> tensors, List<Tensor> others) {
        String other = role.equals("input") ? "tangent" : "cotangent";
        if (tensors.size() != others.size()) {
            throw new IllegalArgumentException(
                    operation
                            + ": "
                            + tensors.size()
                            + " "
                            + role
                            + "s need as many "
                            + other
                            + "s, not "
                            + others.size());
        }
        for (int i = 0; i < tensors.size(); i++) {
            if (!tensors.get(i).type().equals(others.get(i).type())) {
                throw new IllegalArgumentException(
                        operation
                                + ": "
                                + role
                                + " "
                                + i
                                + " is "
                                + tensors.get(i).type()
                                + ", its "
                                + other
                                + " "
                                + others.get(i).type()
                                + "; they must be of one type");
            }
        }
    }

    static void requireFloating(String operation, Tensor tensor) {
        if (!tensor.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    operation
                            + ": "
                            + tensor.type()
                            + " has no gradient: only floating dtypes have; cast it first");
        }
    }
}
