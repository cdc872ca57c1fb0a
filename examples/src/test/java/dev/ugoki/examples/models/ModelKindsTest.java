package dev.ugoki.examples.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.conformance.Conformance;
import dev.ugoki.tck.conformance.ModelSuite;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What is built for the cases of models agrees with the originals. */
class ModelKindsTest {
    private static Path folder() {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        Assumptions.assumeTrue(root != null, "not inside the project");
        Path folder = root.resolveSibling("shared").resolve("conformance");
        Assumptions.assumeTrue(Files.exists(folder), "skipped: there is no " + folder);
        return folder;
    }

    @TestFactory
    Stream<DynamicTest> casesPass() throws IOException {
        return new ModelSuite(ModelKinds.all())
                .cases(folder()).stream()
                        .map(
                                each ->
                                        DynamicTest.dynamicTest(
                                                each.id(),
                                                () -> assertNull(Conformance.run(each).failure())));
    }

    @Test
    void noKindStandsInTwoTables() {
        int entries =
                LayerKinds.table().size()
                        + BackboneKinds.table().size()
                        + OptimizerKinds.table().size()
                        + PolicyKinds.table().size();
        assertEquals(entries, ModelKinds.all().size());
    }

    /**
     * Times of the flow's embedding are compared within their rounding: that must not let pass what
     * is wrong by little.
     */
    @ParameterizedTest
    @CsvSource({"maxPeriod, 4.0, 4.01", "minPeriod, 0.004, 0.004001"})
    void theRoundingOfTimesHelpsNoOtherFormula(
            String name, String value, String other, @TempDir Path copy) throws IOException {
        String setting = "\"" + name + "\":" + value;
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder().resolve("models.jsonl"))) {
            if (line.contains("FlowTimeEmbedding")) {
                assertTrue(line.contains(setting), line);
                lines.add(line.replace(setting, "\"" + name + "\":" + other));
            }
        }
        Files.write(copy.resolve("models.jsonl"), lines);
        Files.copy(folder().resolve("models.safetensors"), copy.resolve("models.safetensors"));
        var cases = new ModelSuite(ModelKinds.all()).cases(copy);
        assertEquals(2, cases.size());
        cases.forEach(each -> assertNotNull(Conformance.run(each).failure(), each.id()));
    }
}
