package dev.ugoki.nn;

import dev.ugoki.tck.conformance.ModelCase;
import dev.ugoki.tck.conformance.ModelSuite;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The data beside the checkout; tests that need it skip where it is not. */
public final class ModelCases {
    private ModelCases() {}

    /** A file of the shared data; the test is skipped where there is none. */
    public static Path sharedFile(String path) {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.isDirectory(folder.resolve("bom"))) {
            folder = folder.getParent();
        }
        Assumptions.assumeTrue(folder != null, "not inside the project");
        Path file = folder.resolveSibling("shared").resolve(path);
        Assumptions.assumeTrue(Files.exists(file), "skipped: there is no " + file);
        return file;
    }

    /** The case of {@code models.jsonl} with an id. */
    public static ModelCase read(String id) throws IOException {
        for (ModelCase each : ModelSuite.read(sharedFile("conformance"))) {
            if (each.id().equals(id)) {
                return each;
            }
        }
        throw new IOException("no case " + id);
    }
}
