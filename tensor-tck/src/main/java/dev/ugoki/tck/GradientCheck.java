package dev.ugoki.tck;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Compares gradients with central differences, in F64.
 *
 * <p>The scalar that is differentiated is the sum of all floating results, each element weighted by
 * a fixed random number. Inputs must lie further from kinks than the step of the differences. What
 * it checks it runs on the current device.
 */
public final class GradientCheck {
    private static final double STEP = 1e-5;
    private static final double RELATIVE = 1e-6;
    private static final double ABSOLUTE = 1e-8;

    private final Graph.Program program;
    private final double[][] inputs;
    private final Tensor[] tensors;

    private GradientCheck(Graph.Program program, Tensor[] tensors) {
        this.program = program;
        this.tensors = tensors;
        this.inputs = new double[tensors.length][];
        for (int i = 0; i < tensors.length; i++) {
            if (tensors[i].dtype() == DType.F64) {
                inputs[i] = tensors[i].toDoubleArray();
            } else if (tensors[i].dtype().isFloating()) {
                throw new IllegalArgumentException(
                        "gradient check: input "
                                + i
                                + " is "
                                + tensors[i].type()
                                + "; differences are only exact enough in F64");
            } else {
                inputs[i] = new double[0];
            }
        }
    }

    /**
     * Checks the gradients of {@code program} in its F64 inputs; others, such as indices, are held.
     *
     * @throws AssertionError if one is not near the central difference
     */
    public static void check(Graph.Program program, Tensor... inputs) {
        List<String> failures = failures(program, inputs);
        if (!failures.isEmpty()) {
            throw new AssertionError(String.join("\n", failures));
        }
    }

    /** As {@link #check}, for the gradients of the gradients. */
    public static void checkSecond(Graph.Program program, Tensor... inputs) {
        check(gradientsOf(program), inputs);
    }

    /** The failures of {@link #check}, one for each input, in a sentence. */
    static List<String> failures(Graph.Program program, Tensor... inputs) {
        try (TensorScope _ = TensorScope.open()) {
            return new GradientCheck(program, inputs).failures();
        }
    }

    /** The program that computes the gradients of another in its followed inputs. */
    static Graph.Program gradientsOf(Graph.Program program) {
        return inputs -> {
            Tensor[] followed = inputs.clone();
            List<Tensor> variables = new ArrayList<>();
            for (int i = 0; i < followed.length; i++) {
                if (followed[i].dtype().isFloating()) {
                    followed[i] =
                            followed[i].lineage() == null
                                    ? Autograd.variable(followed[i])
                                    : followed[i];
                    variables.add(followed[i]);
                }
            }
            Device device = Device.current();
            Tensor sum = Tensor.full(DType.F64, Shape.SCALAR, 0);
            for (Tensor result : program.apply(followed)) {
                if (result.dtype().isFloating()) {
                    Tensor here = result.to(device);
                    sum = sum.add(here.mul(weights(here)).sum());
                }
            }
            return Autograd.gradientsToDifferentiate(sum, variables).toArray(Tensor[]::new);
        };
    }

    private static Tensor weights(Tensor like) {
        double[] weights = weights(Math.toIntExact(like.shape().elementCount()));
        return Tensor.of(weights, like.shape().toArray());
    }

    private static double[] weights(int count) {
        return new SplittableRandom(count).doubles(count, 0.5, 1.5).toArray();
    }

    private List<String> failures() {
        List<double[]> gradients = gradients();
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            double[] gradient = gradients.get(i);
            for (int element = 0; element < inputs[i].length; element++) {
                double difference = centralDifference(i, element);
                double error = Math.abs(gradient[element] - difference);
                if (!(error <= ABSOLUTE + RELATIVE * Math.abs(difference))) {
                    failures.add(
                            "the gradient in input "
                                    + i
                                    + " ("
                                    + tensors[i].type()
                                    + "), element "
                                    + element
                                    + ", is "
                                    + gradient[element]
                                    + "; the central difference "
                                    + difference);
                    break;
                }
            }
        }
        return failures;
    }

    private List<double[]> gradients() {
        Tensor[] variables = tensors.clone();
        for (int i = 0; i < variables.length; i++) {
            if (variables[i].dtype() == DType.F64) {
                variables[i] = Autograd.variable(variables[i]);
            }
        }
        List<Tensor> outputs = new ArrayList<>();
        List<Tensor> cotangents = new ArrayList<>();
        for (Tensor result : program.apply(variables)) {
            if (result.dtype().isFloating()) {
                outputs.add(result);
                cotangents.add(weights(result));
            }
        }
        var found = Autograd.backward(outputs, cotangents);
        List<double[]> gradients = new ArrayList<>();
        for (Tensor variable : variables) {
            gradients.add(
                    variable.dtype() == DType.F64
                            ? found.of(variable).toDoubleArray()
                            : new double[0]);
        }
        return gradients;
    }

    private double centralDifference(int input, int element) {
        double x = inputs[input][element];
        double above = x + STEP * Math.max(1, Math.abs(x));
        double below = x - STEP * Math.max(1, Math.abs(x));
        List<double[]> resultsAbove = resultsWith(input, element, above);
        List<double[]> resultsBelow = resultsWith(input, element, below);
        double difference = 0;
        for (int r = 0; r < resultsAbove.size(); r++) {
            double[] weights = weights(resultsAbove.get(r).length);
            for (int i = 0; i < weights.length; i++) {
                double change = resultsAbove.get(r)[i] - resultsBelow.get(r)[i];
                difference += weights[i] * change;
            }
        }
        return difference / (above - below);
    }

    /** The floating results where one element of an input has another value. */
    private List<double[]> resultsWith(int input, int element, double value) {
        try (TensorScope _ = TensorScope.open()) {
            double[] changed = inputs[input].clone();
            changed[element] = value;
            Tensor[] operands = tensors.clone();
            operands[input] = Tensor.of(changed, tensors[input].shape().toArray());
            List<double[]> results = new ArrayList<>();
            for (Tensor result : program.apply(operands)) {
                if (result.dtype().isFloating()) {
                    results.add(result.toDoubleArray());
                }
            }
            return results;
        }
    }
}
