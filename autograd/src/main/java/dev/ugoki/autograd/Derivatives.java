package dev.ugoki.autograd;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Derivatives of functions, as functions and as matrices, to any order.
 *
 * <pre>{@code
 * UnaryOperator<Tensor> slope = Derivatives.gradient(x -> x.pow(3).sum());
 * UnaryOperator<Tensor> curvature = Derivatives.gradient(x -> slope.apply(x).sum());
 * Tensor hands = Derivatives.jacobian(joints -> forwardKinematics(joints), joints);
 * }</pre>
 *
 * <p>Where the input, or a parameter that the function reads, is followed, the derivative is so too
 * and can be differentiated in turn; inside {@link Autograd#noGrad} it is a constant. Values and
 * derivatives have the input's dtype, which is floating.
 */
public final class Derivatives {
    private Derivatives() {}

    /**
     * A function's values, and the products of its Jacobian that were asked for.
     *
     * @param products one for each input (vector-Jacobian) or each value (Jacobian-vector)
     */
    public record Products(List<Tensor> values, List<Tensor> products) {}

    /**
     * The gradient of {@code function}, whose value has one element: a function of a tensor that
     * gives one of the same type; zeros where the value does not depend on it.
     */
    public static UnaryOperator<Tensor> gradient(UnaryOperator<Tensor> function) {
        return input ->
                derive(
                                list -> List.of(function.apply(list.getFirst())),
                                List.of(input),
                                pass -> {
                                    Tensor value = pass.values.getFirst();
                                    return pass.pullBack(List.of(Autograd.seed(value)));
                                })
                        .getFirst();
    }

    /**
     * The gradients of {@code sum(value * cotangent)} over all values in each input: {@code v^T J},
     * by one backward pass.
     *
     * @param cotangents one for each value, of its type
     */
    public static Products vjp(
            Graph.Program function, List<Tensor> inputs, List<Tensor> cotangents) {
        return split(
                derive(
                        list -> List.of(function.apply(list.toArray(Tensor[]::new))),
                        inputs,
                        pass -> {
                            Autograd.requireTypes("vjp", "value", pass.values, cotangents);
                            return pass.withValues(pass.pullBack(cotangents));
                        }),
                inputs.size());
    }

    /**
     * How the values change with the inputs along {@code tangents}: {@code J v}, by two backward
     * passes, since the gradient is linear in the cotangent.
     *
     * @param tangents one for each input, of its type
     */
    public static Products jvp(Graph.Program function, List<Tensor> inputs, List<Tensor> tangents) {
        Autograd.requireTypes("jvp", "input", inputs, tangents);
        List<Tensor> all =
                derive(
                        list -> List.of(function.apply(list.toArray(Tensor[]::new))),
                        inputs,
                        pass -> pass.withValues(pass.pushForward(tangents)));
        return split(all, all.size() / 2);
    }

    /** Values first, then {@code count} products. */
    private static Products split(List<Tensor> all, int count) {
        int values = all.size() - count;
        return new Products(all.subList(0, values), all.subList(values, all.size()));
    }

    /**
     * The derivatives of each element of {@code function}'s value in each element of {@code input}:
     * of the value's shape followed by the input's. One backward pass for each element of the
     * value.
     */
    public static Tensor jacobian(UnaryOperator<Tensor> function, Tensor input) {
        return derive(
                        list -> List.of(function.apply(list.getFirst())),
                        List.of(input),
                        pass -> List.of(rows(pass, input)))
                .getFirst();
    }

    /**
     * The second derivatives of {@code function}, whose value has one element: of the input's
     * shape, twice. One backward pass for each element of the input.
     */
    public static Tensor hessian(UnaryOperator<Tensor> function, Tensor input) {
        return jacobian(gradient(function), input);
    }

    private static Tensor rows(Pass pass, Tensor input) {
        Tensor value = pass.values.getFirst();
        long count = value.shape().elementCount();
        long[] extents = new long[value.rank() + input.rank()];
        System.arraycopy(value.shape().toArray(), 0, extents, 0, value.rank());
        System.arraycopy(input.shape().toArray(), 0, extents, value.rank(), input.rank());
        if (count == 0) {
            return zeros(value, Shape.of(extents));
        }
        List<Tensor> rows = new ArrayList<>();
        for (long row = 0; row < count; row++) {
            // A one at the row's place, zeros elsewhere.
            Tensor one = value.withLineage(null).scalarLike(1).reshape(1);
            Tensor cotangent = one.pad(0, row, count - 1 - row, 0).reshape(value.shape());
            rows.add(pass.pullBack(List.of(cotangent)).getFirst());
        }
        return Tensor.stack(0, rows.toArray(Tensor[]::new)).reshape(Shape.of(extents));
    }

    private static Tensor zeros(Tensor like, Shape shape) {
        return like.withLineage(null).scalarLike(0).expand(shape);
    }

    // ---- one function at one place ----

    private interface Values {
        List<Tensor> of(List<Tensor> inputs);
    }

    private interface Derivation {
        List<Tensor> of(Pass pass);
    }

    /**
     * Runs a function on inputs of its own, and takes derivatives of what comes out. Outside of
     * recording all else is released.
     */
    private static List<Tensor> derive(Values function, List<Tensor> inputs, Derivation what) {
        inputs.forEach(input -> Autograd.requireFloating("derivative", input));
        boolean recorded = Recording.isOn();
        Supplier<List<Tensor>> run =
                () ->
                        Recording.on(
                                () -> {
                                    Pass pass = new Pass(function, inputs, recorded);
                                    return what.of(pass);
                                });
        if (recorded) {
            return run.get();
        }
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> results = new ArrayList<>();
            run.get().forEach(result -> results.add(scope.keep(result.detach())));
            return results;
        }
    }

    /** A function's values at some inputs, and the tape behind them. */
    private static final class Pass {
        private final List<Tensor> variables = new ArrayList<>();
        private final List<Tensor> values;
        private final boolean followed;

        private Pass(Values function, List<Tensor> inputs, boolean recorded) {
            boolean inputsFollowed = false;
            for (Tensor input : inputs) {
                inputsFollowed |= input.lineage() != null;
                variables.add(independent(input));
            }
            values = function.of(variables);
            followed = recorded && (inputsFollowed || Tape.readsOthers(values, variables));
        }

        /** The same values as a variable of its own, which whoever follows the input follows. */
        private static Tensor independent(Tensor input) {
            return input.lineage() == null
                    ? Autograd.variable(input)
                    : Engine.one(new Prim.Reshape(input.shape()), input);
        }

        private List<Tensor> pullBack(List<Tensor> cotangents) {
            return pull(cotangents, followed);
        }

        private List<Tensor> pull(List<Tensor> cotangents, boolean differentiable) {
            return Backpropagation.run(values, cotangents, Wanted.of(variables), differentiable)
                    .ofNamed(variables);
        }

        private List<Tensor> pushForward(List<Tensor> tangents) {
            List<Tensor> cotangents = new ArrayList<>();
            for (Tensor value : values) {
                Autograd.requireFloating("jvp", value);
                cotangents.add(Autograd.variable(zeros(value, value.shape())));
            }
            List<Tensor> pulled = pull(cotangents, true);
            return Backpropagation.run(pulled, tangents, Wanted.of(cotangents), followed)
                    .ofNamed(cotangents);
        }

        /** The values, followed only where derivatives are, and derivatives. */
        private List<Tensor> withValues(List<Tensor> derivatives) {
            List<Tensor> all = new ArrayList<>();
            values.forEach(value -> all.add(followed ? value : value.detach()));
            all.addAll(derivatives);
            return all;
        }
    }
}
