package dev.ugoki.tck;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import java.util.Optional;

/** Compares a backend's result with the reference's, element by element. */
final class Comparison {
    private Comparison() {}

    /**
     * What is wrong with {@code actual}, or nothing.
     *
     * @param expected on the reference device
     * @param magnitudes of the same type, on the reference device
     */
    static Optional<String> differ(
            Tensor actual, Tensor expected, Tensor magnitudes, Tolerance tolerance) {
        TensorType type = expected.type();
        if (!actual.type().equals(type)) {
            return Optional.of("is " + actual.type() + " instead of " + type);
        }
        return type.dtype().isFloating()
                ? differInDoubles(
                        elements(actual, expected),
                        expected.toDoubleArray(),
                        magnitudes.toDoubleArray(),
                        type,
                        tolerance)
                : differInLongs(
                        elements(actual, expected).toLongArray(), expected.toLongArray(), type);
    }

    /** The elements on the device of {@code like}, so that both are read by the same code. */
    private static Tensor elements(Tensor tensor, Tensor like) {
        return like.device().call(() -> Tensor.of(tensor.type(), tensor.toMemory()));
    }

    private static Optional<String> differInDoubles(
            Tensor actualElements,
            double[] expected,
            double[] magnitudes,
            TensorType type,
            Tolerance tolerance) {
        double[] actual = actualElements.toDoubleArray();
        int wrong = 0;
        int first = -1;
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            if (!tolerance.accepts(actual[i], expected[i], magnitudes[i], type.dtype())) {
                first = wrong++ == 0 ? i : first;
                worst =
                        Math.max(
                                worst,
                                tolerance.error(
                                        actual[i], expected[i], magnitudes[i], type.dtype()));
            }
        }
        return wrong == 0
                ? Optional.empty()
                : Optional.of(
                        describe(wrong, first, type, "" + actual[first], "" + expected[first])
                                + "; worst error "
                                + worst
                                + " times what is allowed");
    }

    private static Optional<String> differInLongs(long[] actual, long[] expected, TensorType type) {
        int wrong = 0;
        int first = -1;
        for (int i = 0; i < expected.length; i++) {
            if (actual[i] != expected[i]) {
                first = wrong++ == 0 ? i : first;
            }
        }
        return wrong == 0
                ? Optional.empty()
                : Optional.of(
                        describe(wrong, first, type, "" + actual[first], "" + expected[first]));
    }

    private static String describe(
            int wrong, int first, TensorType type, String actual, String expected) {
        return wrong
                + " of "
                + type.shape().elementCount()
                + " elements of "
                + type
                + " differ; the first, number "
                + first
                + " in row-major order, is "
                + actual
                + " instead of "
                + expected;
    }
}
