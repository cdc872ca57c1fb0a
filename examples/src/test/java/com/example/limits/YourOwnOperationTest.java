package com.example.limits;

import static com.example.limits.RoundedLimit.roundedLimit;
import static com.example.limits.SoftLimit.softLimit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Derivatives;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/** The operations of {@code docs/your-own-operation.md}, used as their makers would use them. */
class YourOwnOperationTest {
    private static final List<Device> DEVICES = List.of(Device.cpu(), new Device("reference", 0));

    private static Tensor commands() {
        return Tensor.of(new double[] {-3, -0.5, 0, 1.2, 8}, 5);
    }

    @Test
    void itRunsOnEveryBackendInEveryDtype() {
        for (Device device : DEVICES) {
            device.run(
                    () -> {
                        for (DType dtype : List.of(DType.F64, DType.F32, DType.F16, DType.BF16)) {
                            Tensor y = softLimit(commands().cast(dtype), 2);
                            assertEquals(dtype, y.dtype());
                            assertEquals(2 * Math.tanh(0.6), y.toDoubleArray()[3], 0.01);
                        }
                    });
        }
    }

    @Test
    void itHasAGradientAndASecondOne() {
        for (Device device : DEVICES) {
            device.run(
                    () -> {
                        Graph.Program program = in -> new Tensor[] {softLimit(in[0], 2)};
                        GradientCheck.check(program, commands());
                        GradientCheck.checkSecond(program, commands());
                    });
        }
    }

    @Test
    void itIsOneOperationOfAProgram() {
        TensorType type = new TensorType(DType.F32, Shape.of(5));
        Graph graph = Graph.trace(in -> new Tensor[] {softLimit(in[0], 2)}, type);

        assertEquals(
                """
                graph(%0: F32[5])
                  %1: F32[5] = softLimit[limit=2.0](%0)
                  return %1
                """,
                graph.toString());
        Tensor x = commands().cast(DType.F32);
        assertArrayEquals(softLimit(x, 2).toFloatArray(), graph.evaluate(x)[0].toFloatArray());
    }

    @Test
    void itsMistakesAreNamed() {
        assertThrows(
                IllegalArgumentException.class, () -> softLimit(Tensor.zeros(DType.I64, 2), 2));
    }

    @Test
    void aGradientOfYourOwnReplacesThatOfTheDecomposition() {
        Tensor x = commands();
        double[] expected = new double[5];
        for (int i = 0; i < 5; i++) {
            expected[i] = 1 - Math.pow(Math.tanh(x.toDoubleArray()[i] / 2), 2);
        }

        var found = Autograd.valueAndGrad(in -> roundedLimit(in[0], 2, 0.25).sum(), x);
        UnaryOperator<Tensor> slope = Derivatives.gradient(in -> roundedLimit(in, 2, 0.25).sum());

        assertArrayEquals(
                new double[] {-1.75, -0.5, 0, 1, 2}, roundedLimit(x, 2, 0.25).toDoubleArray());
        assertArrayEquals(expected, found.gradients().getFirst().toDoubleArray(), 1e-12);
        assertArrayEquals(expected, slope.apply(x).toDoubleArray(), 1e-12);
    }

    @Test
    void aGradientOfYourOwnIsDifferentiatedInTurn() {
        // The residual that backward reads is followed too, so its slope is that of the smooth one.
        GradientCheck.check(
                in ->
                        new Tensor[] {
                            Derivatives.gradient(x -> roundedLimit(x, 2, 0.25).sum()).apply(in[0])
                        },
                commands());
    }

    // ---- the document ----

    @Test
    void theDocumentShowsTheseSources() throws IOException {
        Path root = root();
        String document = Files.readString(root.resolve("docs/your-own-operation.md"));
        for (String name : List.of("SoftLimit", "RoundedLimit")) {
            String path = "examples/src/test/java/com/example/limits/" + name + ".java";
            String source = Files.readString(root.resolve(path));
            String block = "<!-- from " + path + " -->\n```java\n" + source + "```\n";
            assertTrue(document.contains(block), () -> name + ": the block should be\n" + block);
            assertTrue(source.lines().count() <= 40, () -> name + " has more than 40 lines");
        }
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("bom"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
