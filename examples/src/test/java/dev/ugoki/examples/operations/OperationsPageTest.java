package dev.ugoki.examples.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

final class OperationsPageTest {
    @Test
    void theCommittedPageIsWhatTheCommandWrites() throws IOException {
        Path root = WriteOperations.checkout();

        assertEquals(
                OperationsPage.write(root),
                Files.readString(root.resolve("docs/operations.md")),
                "docs/operations.md is out of date: run ./ugoki operations");
    }
}
