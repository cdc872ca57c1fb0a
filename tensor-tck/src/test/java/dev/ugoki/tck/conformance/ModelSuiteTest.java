package dev.ugoki.tck.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ModelSuiteTest {
    /** {@code y = w x}, loss sum(y), so that the gradient of w is x. */
    private static final String CASE =
            """
            {"id":"scale/0","kind":"Scale","config":{"width":2},\
            "parameters":[{"name":"w","shape":[2],"scale":1.0,"offset":0.5}],\
            "inputs":{"x":"x"},"outputs":{"output":"y"},"rtol":1e-5,"atol":1e-6,"loss":LOSS,\
            "gradients":{"w":{"norm":5,"sum":SUM,"dot":DOT}}}
            """;

    private static final HostArray X = HostArray.of(Shape.of(2), 3f, 4f);

    @TempDir Path folder;

    private static double[] values(String name, double offset) {
        return FormulaValues.of(name, Shape.of(2), 1, offset).toDoubles();
    }

    private static String right() {
        double[] w = values("w", 0.5);
        double[] probe = values("probe/w", 0);
        return CASE.replace("LOSS", Double.toString(3 * w[0] + 4 * w[1]))
                .replace("SUM", "7")
                .replace("DOT", Double.toString(3 * probe[0] + 4 * probe[1]));
    }

    private @Nullable String failure(String line, ModelKind kind) throws IOException {
        Files.writeString(folder.resolve("models.jsonl"), line);
        double[] w = values("w", 0.5);
        HostArray y = HostArray.of(Shape.of(2), (float) (3 * w[0]), (float) (4 * w[1]));
        SafetensorsFile.write(folder.resolve("models.safetensors"), Map.of("x", X, "y", y));
        Conformance.Report report =
                Conformance.run(
                        folder,
                        new Device("reference", 0),
                        List.of(new ModelSuite(Map.of("Scale", kind))));
        assertEquals(1, report.outcomes().size());
        return report.outcomes().getFirst().failure();
    }

    private static Parameter weight(ModelCase given) {
        HostArray values = given.parameters().get("w");
        return new Parameter(Tensor.of(values.toFloats(), given.config().integer("width")));
    }

    private static void scale(ModelCase given) {
        Parameter weight = weight(given);
        given.checkOutput("output", weight.tensor().mul(given.input("x")));
        given.checkLoss(() -> weight.tensor().mul(given.input("x")).sum(), Map.of("w", weight));
    }

    private void assertFails(String part, String line, ModelKind kind) throws IOException {
        String failure = failure(line, kind);
        assertTrue(failure != null && failure.contains(part), () -> "was: " + failure);
    }

    @Test
    void whatIsRightPasses() throws IOException {
        assertNull(failure(right(), ModelSuiteTest::scale));
    }

    @Test
    void aKindThatNobodyBuildsFails() throws IOException {
        String line = right().replace("\"Scale\"", "\"Shift\"");
        assertFails("there is no module 'Shift'", line, ModelSuiteTest::scale);
    }

    @Test
    void aSettingThatIsNotReadFails() throws IOException {
        String line = right().replace("\"width\":2", "\"width\":2,\"squared\":true");
        assertFails("unknown settings [squared]", line, ModelSuiteTest::scale);
    }

    @Test
    void whatIsNotCheckedFails() throws IOException {
        assertFails(
                "[output output, loss]",
                right(),
                given -> weight(given).tensor().mul(given.input("x")));
        String parts = right().replace("\"gradients\"", "\"lossParts\":{\"l1\":1},\"gradients\"");
        assertFails("[lossPart l1]", parts, ModelSuiteTest::scale);
    }

    @Test
    void wrongLossesAndGradientsFail() throws IOException {
        assertFails(
                "gradient of w: sum is 7.0, expected 7.01",
                right().replace("\"sum\":7", "\"sum\":7.01"),
                ModelSuiteTest::scale);
        assertFails(
                "gradient of w: norm is 5.0",
                right().replace("\"norm\":5", "\"norm\":5.001"),
                ModelSuiteTest::scale);
        assertFails(
                "gradient of w: product with the probe",
                right().replace("\"dot\":", "\"dot\":1e3,\"was\":"),
                ModelSuiteTest::scale);
        assertFails(
                "loss is",
                right().replace("\"loss\":", "\"loss\":1e3,\"was\":"),
                ModelSuiteTest::scale);
        assertFails(
                "no parameters of the names [v]",
                right().replace("\"gradients\":{\"w\"", "\"gradients\":{\"v\""),
                ModelSuiteTest::scale);
    }

    @Test
    void aValueOfAnotherShapeFails() throws IOException {
        assertFails(
                "expected F32[2]",
                right(),
                given -> given.checkOutput("output", given.input("x").unsqueeze(0)));
    }

    /** The first outputs of SplitMix64 from the state 0 are published with the generator. */
    @Test
    void valuesFollowFromTheHashOfTheName() {
        // The hash of the empty name is FNV's offset basis.
        double[] values = FormulaValues.of("", Shape.of(1), 1, 0).toDoubles();
        long state = 0xcbf29ce484222325L;
        double u = (new java.util.SplittableRandom(state).nextLong() >>> 40) * 0x1p-24;
        assertArrayEquals(new double[] {(float) (2 * u - 1)}, values);
    }
}
