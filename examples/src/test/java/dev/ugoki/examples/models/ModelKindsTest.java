package dev.ugoki.examples.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.ugoki.tck.conformance.Conformance;
import dev.ugoki.tck.conformance.ModelSuite;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
