package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;

class OpenBlasTest {
    @AfterEach
    void defaultLibrary() {
        System.clearProperty(OpenBlas.LIBRARY_PROPERTY);
    }

    private static String problemWith(String library) {
        System.setProperty(OpenBlas.LIBRARY_PROPERTY, library);
        NativeLibrary.Found found = OpenBlas.SOURCE.find();
        assertNull(found.symbols());
        assertNull(found.path());
        String problem = found.problem();
        assertNotNull(problem);
        return problem;
    }

    @Test
    void theLibraryOfTheClassPathTellsItsVersion() {
        assumeTrue(OpenBlas.isUsable(), "OpenBLAS: " + OpenBlas.unusableBecause());
        assertNull(OpenBlas.unusableBecause());
        assertTrue(OpenBlas.version().startsWith("OpenBLAS 0."), OpenBlas.version());
        assertTrue(OpenBlas.config().startsWith("OpenBLAS"), OpenBlas.config());
        assertTrue(!OpenBlas.coreName().isEmpty());
        assertTrue(Files.isRegularFile(OpenBlas.path()));
    }

    @Test
    void doingWithoutItIsAllowed() {
        assertEquals("-Dugoki.openblas=none asks to do without it", problemWith("none"));
    }

    @Test
    void aFileThatIsMissingIsNamed() {
        String problem = problemWith("/nowhere/libopenblas.so");
        assertEquals("-Dugoki.openblas=/nowhere/libopenblas.so names no file", problem);
    }

    @Test
    void aLibraryThatIsAnotherOneIsNamed() {
        Path file =
                Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("jimage"));
        assumeTrue(Files.isRegularFile(file), file + " is missing");
        String problem = problemWith(file.toString());
        assertTrue(problem.contains(file.toString()), problem);
        assertTrue(problem.contains("cblas_sgemm"), problem);
    }
}
