package dev.ugoki.tensor.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files that are to be read. */
final class InputFile {
    private InputFile() {}

    /** Refuses, with the reason, what cannot be opened and read as a file. */
    static void check(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString(), null, "there is no such file");
        }
        if (Files.isDirectory(path)) {
            throw new FileFormatException(path, "is a folder; name a file in it");
        }
        if (!Files.isRegularFile(path)) {
            throw new FileFormatException(path, "is not a regular file; copy it into one first");
        }
    }

    /** Maps a whole file, read-only, for as long as the arena is open. */
    static MemorySegment map(Path path, Arena arena) throws IOException {
        check(path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }
}
