package dev.ugoki.examples.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

final class JavadocReaderTest {
    @TempDir private Path folder;

    private Javadoc of(String comment) throws IOException {
        Files.writeString(folder.resolve("A.java"), comment + " public class A {}");
        return JavadocReader.read(List.of(folder)).of("A");
    }

    @Test
    void theFormulaIsTheFirstSentenceWithCode() throws IOException {
        Javadoc doc = of("/** {@code a + b}, exactly. More. */");

        assertEquals(Optional.of("`a + b`, exactly"), doc.formula());
    }

    @Test
    void shapesAndSourceAreParagraphs() throws IOException {
        Javadoc doc =
                of(
                        "/** Sums.\n"
                                + " * <p>Shapes: {@code [n] -> []}.\n"
                                + " * <p>Source: NumPy's {@code sum}. */");

        assertEquals(Optional.of("`[n] -> []`"), doc.shapes());
        assertEquals(Optional.of("NumPy's `sum`"), doc.paragraph("Source"));
    }

    @Test
    void withoutAParagraphTheShapesOfParametersCount() throws IOException {
        Javadoc doc = of("/** Sums. @hidden */");
        assertEquals(Optional.empty(), doc.shapes());

        Javadoc described = of("/** Adds x {@code [n, c]}. */");
        assertEquals(Optional.of("x `[n, c]`"), described.shapes());
    }

    @Test
    void whatOnlyPointsElsewhereHasNoWordsOfItsOwn() throws IOException {
        Javadoc doc = of("/** As {@link B#sum}. */");

        assertEquals(Optional.empty(), doc.words());
        assertEquals(List.of("B#sum"), doc.alike());
    }
}
