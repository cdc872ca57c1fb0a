package dev.ugoki.embodied.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

/** Compares the results of two runtimes. */
final class OnnxComparison {
    private OnnxComparison() {}

    /** Near enough, absolutely below 1 and relatively above; NaN and infinities are equal. */
    static void assertNear(Tensor[] expected, Tensor[] actual, double tolerance, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i].type(), actual[i].type(), what);
            double[] wanted = expected[i].cast(DType.F64).toDoubleArray();
            double[] found = actual[i].cast(DType.F64).toDoubleArray();
            for (int j = 0; j < wanted.length; j++) {
                double allowed = tolerance * Math.max(1, Math.abs(wanted[j]));
                assertEquals(
                        wanted[j],
                        found[j],
                        Double.isFinite(wanted[j]) ? allowed : 0,
                        what + ", result " + i + ", element " + j);
            }
        }
    }
}
