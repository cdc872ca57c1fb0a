package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.Refusals.assertRefused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class WholeFolderTest {
    @TempDir Path checkpoints;
    private Path step;
    private Path last;

    @BeforeEach
    void nameTheFolders() {
        step = checkpoints.resolve("005000");
        last = checkpoints.resolve("last");
    }

    @Test
    void aFolderAppearsWhole() throws IOException {
        WholeFolder.write(
                step,
                folder -> {
                    Files.createDirectories(folder.resolve("training_state/deeper"));
                    WholeFile.writeString(folder.resolve("config.json"), "{}");
                    Files.writeString(folder.resolve("training_state/step"), "5000");
                    assertFalse(Files.exists(step));
                });
        assertEquals("5000", Files.readString(step.resolve("training_state/step")));
        assertTrue(Files.isDirectory(step.resolve("training_state/deeper")));
        assertEquals(List.of(step), entries());
    }

    @Test
    void afterAFailureNothingIsLeft() throws IOException {
        IOException cause = new IOException("disk full");
        IOException thrown =
                assertThrows(
                        IOException.class,
                        () ->
                                WholeFolder.write(
                                        step,
                                        folder -> {
                                            Files.createDirectory(folder.resolve("a"));
                                            Files.writeString(folder.resolve("a/b"), "c");
                                            throw cause;
                                        }));
        assertSame(cause, thrown);
        assertEquals(List.of(), entries());
    }

    @Test
    void aFolderIsNotReplaced() throws IOException {
        WholeFolder.write(step, folder -> Files.writeString(folder.resolve("a"), "old"));
        FileAlreadyExistsException refusal =
                assertThrows(
                        FileAlreadyExistsException.class,
                        () -> WholeFolder.write(step, folder -> {}));
        assertEquals(
                step
                        + ": exists; delete it first (WholeFolder.delete), or choose another"
                        + " name",
                refusal.getMessage());
        assertEquals("old", Files.readString(step.resolve("a")));
    }

    @Test
    void aFolderIsDeletedWithAllThatItHolds() throws IOException {
        Path outside = Files.writeString(checkpoints.resolve("outside"), "kept");
        WholeFolder.write(
                step,
                folder -> {
                    Files.createDirectory(folder.resolve("a"));
                    Files.createSymbolicLink(folder.resolve("a/link"), outside);
                });
        WholeFolder.delete(step);
        WholeFolder.delete(step);
        assertEquals(List.of(outside), entries());
        assertThrows(NotDirectoryException.class, () -> WholeFolder.delete(outside));
    }

    @Test
    void thePointerNamesTheFolderItWasLastPointedTo() throws IOException {
        assertEquals(Optional.empty(), WholeFolder.pointedTo(last));
        for (String name : List.of("000001", "000002", "000002")) {
            Path folder = checkpoints.resolve(name);
            Files.createDirectories(folder);
            WholeFolder.pointTo(last, folder);
            assertEquals(Optional.of(folder), WholeFolder.pointedTo(last));
        }
        assertEquals(Path.of("000002"), Files.readSymbolicLink(last));
        assertEquals(3, entries().size());
    }

    @Test
    void thePointerSurvivesMovingEverything() throws IOException {
        Path run = Files.createDirectory(checkpoints.resolve("run"));
        Files.createDirectory(run.resolve("1"));
        WholeFolder.pointTo(run.resolve("last"), run.resolve("1"));
        Path moved = Files.move(run, checkpoints.resolve("moved"));
        assertEquals(Optional.of(moved.resolve("1")), WholeFolder.pointedTo(moved.resolve("last")));
    }

    @Test
    void aPointerMayBeATextOrACopyOfTheFolder() throws IOException {
        Files.createDirectory(step);
        Files.writeString(last, "005000\n");
        assertEquals(Optional.of(step), WholeFolder.pointedTo(last));
        Files.delete(last);
        Files.createDirectory(last);
        assertEquals(Optional.of(last), WholeFolder.pointedTo(last));
    }

    @Test
    void aPointerToNothingIsRefused() throws IOException {
        Files.createDirectory(step);
        WholeFolder.pointTo(last, step);
        Files.delete(step);
        assertRefused(
                last,
                "points to '005000', which is no folder; point it to one that exists",
                () -> WholeFolder.pointedTo(last));
        Files.delete(last);
        Files.writeString(last, "x".repeat(5000));
        assertRefused(last, "is longer than 4096 bytes", () -> WholeFolder.pointedTo(last));
        Files.writeString(last, "a\0b");
        assertRefused(last, "but holds 'a\\x00b'", () -> WholeFolder.pointedTo(last));
    }

    @Test
    void onlyExistingFoldersArePointedToAndNoFolderIsMadeAPointer() throws IOException {
        assertThrows(NotDirectoryException.class, () -> WholeFolder.pointTo(last, step));
        Files.createDirectory(step);
        FileAlreadyExistsException refusal =
                assertThrows(
                        FileAlreadyExistsException.class, () -> WholeFolder.pointTo(step, step));
        assertEquals(step + ": is a folder; a pointer cannot take its place", refusal.getMessage());
        assertEquals(List.of(step), entries());
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> list = Files.list(checkpoints)) {
            return list.sorted().toList();
        }
    }
}
