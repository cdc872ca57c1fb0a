package dev.ugoki.tck.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ConformanceTest {
    private static final Device REFERENCE = new Device("reference", 0);
    private static final String CASE =
            """
            {"id":"%s","op":"%s","attrs":{},"inputs":[{"name":"x","tensor":"x"}],\
            "outputs":["%s"],"rtol":0.01,"atol":0.001,"cotangents":["one"],"grads":{"x":"%s"}}
            """;

    @TempDir Path folder;

    private List<String> report(String... lines) throws IOException {
        Files.writeString(folder.resolve("cases.jsonl"), String.join("", lines));
        SafetensorsFile.write(
                folder.resolve("tensors.safetensors"),
                Map.of(
                        "x", HostArray.of(Shape.of(2), 1f, 2f),
                        "one", HostArray.of(Shape.of(2), 1f, 1f),
                        "two", HostArray.of(Shape.of(2), 2f, 2f),
                        "infinite", HostArray.of(Shape.of(2), Float.POSITIVE_INFINITY, 4f),
                        "long", HostArray.of(Shape.of(3), 1f, 4f, 9f),
                        "squares", HostArray.of(Shape.of(2), 1f, 4f),
                        "slopes", HostArray.of(Shape.of(2), 2f, 4f)));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        Conformance.Report report =
                Conformance.run(
                        folder, REFERENCE, List.of(new OperationSuite(), new ModelSuite(Map.of())));
        report.print(new PrintStream(text, true, StandardCharsets.UTF_8));
        assertEquals(report.failed() == 0 ? 0 : 1, report.exitStatus());
        return text.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static String square(String id, String result, String gradient) {
        return CASE.formatted(id, "square", result, gradient);
    }

    @Test
    void rightResultsAndGradientsPass() throws IOException {
        List<String> lines = report(square("square/0", "squares", "slopes"));
        assertEquals("1 passed, 0 failed", lines.getLast());
        assertTrue(lines.getFirst().startsWith("square"), lines.getFirst());
    }

    @Test
    void aWrongResultFailsWithItsPlace() throws IOException {
        List<String> lines = report(square("square/0", "slopes", "slopes"));
        assertEquals(
                "FAILED square/0: result 0 F32[2]: 1 of 2 differ, most at 0: 1.0, expected 2.0",
                lines.get(1));
        assertEquals("0 passed, 1 failed", lines.getLast());
    }

    @Test
    void aWrongGradientFails() throws IOException {
        List<String> lines = report(square("square/0", "squares", "two"));
        assertTrue(lines.get(1).contains("gradient of x"), lines.get(1));
    }

    @Test
    void infinityIsNotANumberThatToleranceReaches() throws IOException {
        List<String> lines = report(square("square/0", "infinite", "slopes"));
        assertTrue(lines.get(1).contains("1.0, expected Infinity"), lines.get(1));
    }

    @Test
    void anotherShapeFails() throws IOException {
        List<String> lines = report(square("square/0", "long", "slopes"));
        assertTrue(lines.get(1).contains("is F32[2], expected F32[3]"), lines.get(1));
    }

    @Test
    void whatCannotBeRunFailsAndTheRestIsRun() throws IOException {
        List<String> lines =
                report(
                        CASE.formatted("cube/0", "cube", "squares", "slopes"),
                        square("square/0", "squares", "slopes"),
                        square("square/1", "absent", "slopes"));
        assertEquals("1 passed, 2 failed", lines.getLast());
        assertTrue(lines.stream().anyMatch(l -> l.contains("there is no operation 'cube'")));
        assertTrue(lines.stream().anyMatch(l -> l.contains("there is no tensor 'absent'")));
    }

    @Test
    void aLineThatIsNoJsonIsNamed() {
        IOException e = assertThrows(IOException.class, () -> report("{\"id\":\n"));
        assertTrue(e.getMessage().contains("cases.jsonl: line 1 is no JSON"), e.getMessage());
    }

    @Test
    void aFolderWithoutCasesIsRefused() {
        assertThrows(
                IOException.class,
                () -> Conformance.run(folder, REFERENCE, List.of(new OperationSuite())));
    }
}
