package dev.ugoki.tensor.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class WholeFileTest {
    @TempDir Path folder;
    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("file.txt");
    }

    @Test
    void aFileIsWrittenByStreamBytesTextChannelOrPath() throws IOException {
        WholeFile.write(file, out -> out.write('a'));
        assertEquals("a", Files.readString(file));
        WholeFile.writeBytes(file, new byte[] {1, 2});
        assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(file));
        WholeFile.writeString(file, "動き");
        assertEquals("動き", Files.readString(file));
        WholeFile.writeThroughChannel(file, ch -> ch.write(ByteBuffer.wrap(new byte[] {3})));
        assertArrayEquals(new byte[] {3}, Files.readAllBytes(file));
        WholeFile.writeThroughPath(file, path -> Files.writeString(path, "by path"));
        assertEquals("by path", Files.readString(file));
        assertEquals(List.of(file), entries());
    }

    @Test
    void aStreamMayBeClosed() throws IOException {
        WholeFile.write(
                file,
                out -> {
                    out.write('a');
                    out.close();
                });
        assertEquals("a", Files.readString(file));
    }

    @Test
    void theOldContentStandsUntilTheNewIsWhole() throws IOException {
        WholeFile.writeString(file, "old");
        WholeFile.write(
                file,
                out -> {
                    out.write("new, but not yet".getBytes());
                    out.flush();
                    assertEquals("old", Files.readString(file));
                });
        assertEquals("new, but not yet", Files.readString(file));
    }

    @Test
    void afterAFailureTheOldContentStandsAndNothingIsLeft() throws IOException {
        WholeFile.writeString(file, "old");
        for (Throwable cause :
                List.of(new IOException("disk"), new IllegalStateException(), new Error("stop"))) {
            Throwable thrown =
                    assertThrows(
                            cause.getClass(),
                            () ->
                                    WholeFile.write(
                                            file,
                                            out -> {
                                                out.write(new byte[1 << 20]);
                                                throwIt(cause);
                                            }));
            assertSame(cause, thrown);
            assertEquals("old", Files.readString(file));
            assertEquals(List.of(file), entries());
        }
    }

    private static void throwIt(Throwable cause) throws IOException {
        switch (cause) {
            case IOException failure -> throw failure;
            case RuntimeException failure -> throw failure;
            case Error failure -> throw failure;
            default -> throw new AssertionError(cause);
        }
    }

    @Test
    void codeThatMakesNoFileIsFoundOut() throws IOException {
        NoSuchFileException failure =
                assertThrows(
                        NoSuchFileException.class,
                        () -> WholeFile.writeThroughPath(file, path -> {}));
        assertEquals(file + ": the code that should write it made no file", failure.getMessage());
        assertThrows(
                NoSuchFileException.class,
                () -> WholeFile.writeThroughPath(file, Files::createDirectory));
        assertEquals(List.of(), entries());
    }

    @Test
    void aPlaceThatCannotHoldItIsNamed() throws IOException {
        Path nowhere = folder.resolve("none/file.txt");
        NoSuchFileException noFolder =
                assertThrows(NoSuchFileException.class, () -> WholeFile.writeString(nowhere, "x"));
        assertEquals(
                nowhere + ": its folder does not exist; create " + folder.resolve("none"),
                noFolder.getMessage());
        Files.createDirectory(file);
        FileAlreadyExistsException isFolder =
                assertThrows(
                        FileAlreadyExistsException.class, () -> WholeFile.writeString(file, "x"));
        assertEquals(file + ": is a folder; a file cannot take its place", isFolder.getMessage());
        assertThrows(
                FileAlreadyExistsException.class,
                () -> WholeFile.writeString(folder.getRoot(), "x"));
    }

    @Test
    void theLongestNameIsWritten() throws IOException {
        Path longest = folder.resolve("n".repeat(255));
        WholeFile.writeString(longest, "x");
        assertEquals(List.of(longest), entries());
    }

    @Test
    void leftoversAreRemovedAndNothingElse() throws IOException {
        WholeFile.writeString(file, "kept");
        Files.writeString(folder.resolve(".hidden"), "kept");
        Path leftFile = Disk.temporaryFor(file);
        Files.writeString(leftFile, "half a fi");
        Path leftFolder = Disk.temporaryFor(folder.resolve("step"));
        Files.createDirectories(leftFolder.resolve("deeper"));
        Files.writeString(leftFolder.resolve("deeper/model"), "half");
        List<Path> removed = WholeFile.removeLeftovers(folder);
        assertEquals(2, removed.size());
        assertTrue(removed.containsAll(List.of(leftFile, leftFolder)));
        assertFalse(Files.exists(leftFolder));
        assertEquals(List.of(folder.resolve(".hidden"), file), entries());
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.sorted().toList();
        }
    }
}
