package dev.ugoki.tck;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Compares gradients with central differences, in F64, to {@value #RELATIVE} of the difference.
 *
 * <p>The scalar that is differentiated is the sum of all floating results, each element weighted by
 * a fixed random number. With values f at one and two steps from x, the difference is {@code (8
 * (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h}, whose error is of order h^4; what rounding of
 * the results can make of it is allowed besides. Near a kink a large step is wrong, and where the
 * function is large a small one is; so a gradient passes that agrees at one of two steps. Inputs
 * must lie further from kinks than twice the smaller. What it checks it runs on the current device.
 *
 * <p>Source: Fornberg: Generation of finite difference formulas on arbitrarily spaced grids
 * (Mathematics of Computation 1988), for the weights.
 */
public final class GradientCheck {
    private static final double RELATIVE = 1e-6;

    /** Relative to an input's magnitude, or to 1 where that is smaller. */
    private static final double[] STEPS = {0x1p-10, 0x1p-16};

    /** How exact results are taken to be: relative to the sum of their magnitudes. */
    private static final double ROUNDING = 16 * 0x1p-53;

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
            for (int element = 0; element < inputs[i].length; element++) {
                String failure = failure(i, element, gradients.get(i)[element]);
                if (failure != null) {
                    failures.add(failure);
                    break;
                }
            }
        }
        return failures;
    }

    /** What is wrong with a gradient, or null. */
    private @Nullable String failure(int input, int element, double gradient) {
        List<Difference> tried = new ArrayList<>();
        for (double step : STEPS) {
            Difference difference = centralDifference(input, element, step);
            if (Math.abs(gradient - difference.value)
                    <= difference.error + RELATIVE * Math.abs(difference.value)) {
                return null;
            }
            tried.add(difference);
        }
        return "the gradient in input "
                + input
                + " ("
                + tensors[input].type()
                + "), element "
                + element
                + ", is "
                + gradient
                + "; central differences are "
                + tried;
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

    /**
     * An estimate of a derivative.
     *
     * @param error what rounding may have added
     */
    private record Difference(double value, double error) {
        @Override
        public String toString() {
            return value + " (rounded by at most " + error + ")";
        }
    }

    private Difference centralDifference(int input, int element, double relativeStep) {
        double x = inputs[input][element];
        // A power of two, so that x + h - x is h unless x is much larger.
        double h = relativeStep * Math.scalb(1.0, Math.max(0, Math.getExponent(x)));
        Sum near = change(resultsWith(input, element, x + h), resultsWith(input, element, x - h));
        Sum far =
                change(
                        resultsWith(input, element, x + 2 * h),
                        resultsWith(input, element, x - 2 * h));
        return new Difference(
                (8 * near.value - far.value) / (12 * h),
                ROUNDING * (8 * near.magnitude + far.magnitude) / (12 * h));
    }

    /** A sum, and that of its terms' magnitudes. */
    private record Sum(double value, double magnitude) {}

    private static Sum change(List<double[]> above, List<double[]> below) {
        double change = 0;
        double magnitude = 0;
        for (int r = 0; r < above.size(); r++) {
            double[] weights = weights(above.get(r).length);
            for (int i = 0; i < weights.length; i++) {
                double a = above.get(r)[i];
                double b = below.get(r)[i];
                change += weights[i] * (a - b);
                // What did not change was rounded alike.
                magnitude += a == b ? 0 : weights[i] * (Math.abs(a) + Math.abs(b));
            }
        }
        return new Sum(change, magnitude);
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
