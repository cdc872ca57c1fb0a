package dev.ugoki.tck.fuzz;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * Whether results computed in some dtype are near those computed in F64. The conformance kit knows
 * how near those of each operation must be; here anything may have been called, so that this only
 * finds what is plainly wrong: another element, another formula, garbage.
 */
final class Nearness {
    private Nearness() {}

    /**
     * What is wrong with {@code actual}, if anything.
     *
     * @param overflows whether numbers are so large that the order of operations decides between
     *     finite, infinite and NaN
     * @param vanishes whether it decides between 0 and a sign
     */
    static @Nullable String problem(
            Tensor actual, Tensor expected, boolean overflows, boolean vanishes) {
        if (!actual.shape().equals(expected.shape())) {
            return " is " + actual.type() + " instead of " + expected.type();
        }
        if (!actual.dtype().isFloating()) {
            return wholeProblem(actual, actual.toLongArray(), expected.toLongArray());
        }
        double[] found = actual.toDoubleArray();
        double[] right = expected.toDoubleArray();
        return floatingProblem(actual, found, right, overflows, vanishes);
    }

    private static @Nullable String wholeProblem(Tensor tensor, long[] actual, long[] expected) {
        for (int i = 0; i < actual.length; i++) {
            if (actual[i] != expected[i]) {
                return describe(tensor, i, actual[i], expected[i]);
            }
        }
        return null;
    }

    private static @Nullable String floatingProblem(
            Tensor tensor,
            double[] actual,
            double[] expected,
            boolean overflows,
            boolean vanishes) {
        double largest = 1;
        for (double each : expected) {
            largest = Double.isFinite(each) ? Math.max(largest, Math.abs(each)) : largest;
        }
        double allowed = largest * relative(tensor.dtype());
        for (int i = 0; i < actual.length; i++) {
            boolean ignored =
                    overflows && !(Double.isFinite(actual[i]) && Double.isFinite(expected[i]))
                            || vanishes && (actual[i] == 0 || expected[i] == 0);
            if (!ignored && !isNear(actual[i], expected[i], allowed, tensor.dtype())) {
                return describe(tensor, i, actual[i], expected[i]);
            }
        }
        return null;
    }

    private static boolean isNear(double actual, double expected, double allowed, DType dtype) {
        boolean overflows = Math.abs(expected) >= largest(dtype) / 4;
        return Double.compare(actual, expected) == 0
                || actual == expected
                || Math.abs(actual - expected) <= allowed
                || overflows;
    }

    private static double relative(DType dtype) {
        return switch (dtype) {
            case F64 -> 1e-9;
            case F32 -> 1e-4;
            case F16 -> 0.05;
            case BF16 -> 0.2;
            case I64, I32, I8, U8, BOOL -> 0;
        };
    }

    private static double largest(DType dtype) {
        return switch (dtype) {
            case F16 -> 65504;
            case F32, BF16 -> Float.MAX_VALUE;
            case F64, I64, I32, I8, U8, BOOL -> Double.MAX_VALUE;
        };
    }

    private static String describe(Tensor tensor, int element, Number actual, Number expected) {
        return " ("
                + tensor.type()
                + "): element "
                + element
                + " in row-major order is "
                + actual
                + " instead of "
                + expected;
    }
}
