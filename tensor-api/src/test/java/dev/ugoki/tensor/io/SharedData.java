package dev.ugoki.tensor.io;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The folder of real data beside the repository; tests that need it are skipped without it. */
final class SharedData {
    private SharedData() {}

    static Path file(String name) {
        Path root = Path.of(System.getProperty("user.dir")).toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        assumeTrue(root != null, "the repository root was not found above user.dir");
        Path file = root.resolveSibling("shared").resolve(name);
        assumeTrue(Files.exists(file), "skipped: there is no ../shared/" + name);
        return file;
    }
}
