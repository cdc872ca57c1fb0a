package dev.ugoki.examples.accuracy;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * The greatest error of an operation that sums much.
 *
 * @param relative to the exact result, or of a row that sums to 0 to its root mean square
 */
record ReductionError(String name, double relative) {
    /** The most that rounding once does. */
    static final double ROUNDING = 0x1p-24;

    /** The greatest error that is wanted, in roundings. */
    static final double GOAL = 4;

    private static final long TERMS = 10_000_000;
    private static final long CLASSES = 100_000;
    private static final double EPSILON = 1e-5;

    double roundings() {
        return relative / ROUNDING;
    }

    boolean meetsGoal() {
        return roundings() <= GOAL;
    }

    /** Measures all, on the current device. */
    static List<ReductionError> all() {
        List<ReductionError> errors = new ArrayList<>();
        try (TensorScope _ = TensorScope.open()) {
            errors.add(sum("sum of 10,000,000 uniform numbers", uniform(1, TERMS)));
            errors.add(sum("sum of 10,000,000 numbers near 1e4", normal(2, TERMS).add(1e4)));
            errors.add(softmax("softmax over 100,000 normal numbers", normal(3, 4, CLASSES)));
            errors.add(
                    softmax(
                            "softmax over 100,000 numbers from -20 to 20",
                            uniform(4, 4, CLASSES).mul(40).sub(20)));
            errors.add(
                    layerNorm(
                            "layerNorm of rows of 512 with mean 1e4",
                            normal(5, 256, 512).add(1e4)));
            errors.add(
                    layerNorm(
                            "layerNorm of rows of 100,000 with mean 1e4",
                            normal(6, 4, CLASSES).add(1e4)));
        }
        return errors;
    }

    private static Tensor uniform(long key, long... shape) {
        return Random.uniform(Key.of(key), DType.F32, shape);
    }

    private static Tensor normal(long key, long... shape) {
        return Random.normal(Key.of(key), DType.F32, shape);
    }

    private static ReductionError sum(String name, Tensor x) {
        double exact = sum(x.toFloatArray());
        return new ReductionError(name, Math.abs(x.sum().item() - exact) / Math.abs(exact));
    }

    private static double sum(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).sum();
    }

    private static ReductionError softmax(String name, Tensor x) {
        return rows(name, x, x.softmax(-1), ReductionError::softmax, 0);
    }

    private static double[] softmax(double[] row) {
        double greatest = DoubleStream.of(row).max().orElseThrow();
        double[] powers = DoubleStream.of(row).map(x -> StrictMath.exp(x - greatest)).toArray();
        double sum = DoubleStream.of(powers).sum();
        return DoubleStream.of(powers).map(power -> power / sum).toArray();
    }

    private static ReductionError layerNorm(String name, Tensor x) {
        long columns = x.shape().extent(-1);
        Tensor weight = Tensor.ones(DType.F32, columns);
        Tensor bias = Tensor.zeros(DType.F32, columns);
        Tensor y = Normalizations.layerNorm(x, 1, weight, bias, EPSILON);
        return rows(name, x, y, ReductionError::layerNorm, 1);
    }

    private static double[] layerNorm(double[] row) {
        double mean = DoubleStream.of(row).sum() / row.length;
        double variance = DoubleStream.of(row).map(x -> (x - mean) * (x - mean)).sum() / row.length;
        double root = Math.sqrt(variance + EPSILON);
        return DoubleStream.of(row).map(x -> (x - mean) / root).toArray();
    }

    /** Errors relative to the exact results, or to {@code scale} where that is greater. */
    private static ReductionError rows(
            String name, Tensor x, Tensor y, UnaryOperator<double[]> exact, double scale) {
        int columns = Math.toIntExact(x.shape().extent(-1));
        float[] in = x.toFloatArray();
        float[] out = y.toFloatArray();
        double worst = 0;
        for (int start = 0; start < in.length; start += columns) {
            int first = start;
            double[] row = IntStream.range(0, columns).mapToDouble(i -> in[first + i]).toArray();
            double[] expected = exact.apply(row);
            for (int i = 0; i < columns; i++) {
                double size = Math.max(Math.abs(expected[i]), scale);
                worst = Math.max(worst, Math.abs(out[start + i] - expected[i]) / size);
            }
        }
        return new ReductionError(name, worst);
    }
}
