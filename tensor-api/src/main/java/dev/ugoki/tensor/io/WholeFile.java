package dev.ugoki.tensor.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Files are written whole or not at all.
 *
 * <pre>{@code
 * WholeFile.write(folder.resolve("report.html"), out -> page.render(out));
 * WholeFile.writeThroughPath(folder.resolve("data.parquet"), path -> parquet.writeTo(path));
 * }</pre>
 *
 * <p>The content goes to a temporary file in the same folder, is forced to the device and then
 * renamed to its name, in one step. Whoever opens the name sees the old file or the new one, also
 * when the process is killed or the power fails. If writing throws, the temporary file is removed
 * and what stood there before stays. A killed process leaves its temporary file behind: see {@link
 * #removeLeftovers}.
 *
 * <p>A symbolic link of the name is replaced, not followed. The folder must exist.
 */
public final class WholeFile {
    private static final int BUFFER_SIZE = 1 << 16;

    private WholeFile() {}

    /**
     * What writes the content.
     *
     * @param <T> what it writes to
     */
    @FunctionalInterface
    public interface Content<T> {
        /** Writes all of it, or throws; then nothing of it is kept. */
        void writeTo(T target) throws IOException;
    }

    /** Writes a file by a buffered stream; closing the stream is allowed and not needed. */
    public static void write(Path file, Content<? super OutputStream> content) throws IOException {
        writeThroughChannel(
                file,
                channel -> {
                    OutputStream out = new FlushedOnClose(Channels.newOutputStream(channel));
                    content.writeTo(out);
                    out.flush();
                });
    }

    /** Writes a file of these bytes. */
    public static void writeBytes(Path file, byte[] bytes) throws IOException {
        write(file, out -> out.write(bytes));
    }

    /** Writes a file of this text in UTF-8. */
    public static void writeString(Path file, String text) throws IOException {
        writeBytes(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a file by a channel, which is open for writing and empty. */
    public static void writeThroughChannel(Path file, Content<? super FileChannel> content)
            throws IOException {
        writeThroughPath(
                file,
                temporary -> {
                    try (FileChannel channel =
                            FileChannel.open(
                                    temporary,
                                    StandardOpenOption.CREATE_NEW,
                                    StandardOpenOption.WRITE)) {
                        content.writeTo(channel);
                    }
                });
    }

    /**
     * Writes a file by code that insists on a path. The path it is given does not exist yet; when
     * it returns, there must be a finished file.
     */
    public static void writeThroughPath(Path file, Content<? super Path> content)
            throws IOException {
        Path target = Disk.target(file);
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(
                    file.toString(), null, "is a folder; a file cannot take its place");
        }
        Path temporary = Disk.temporaryFor(target);
        try {
            content.writeTo(temporary);
            if (!Files.isRegularFile(temporary)) {
                throw new NoSuchFileException(
                        file.toString(), null, "the code that should write it made no file");
            }
            Disk.forceFile(temporary);
            Disk.rename(temporary, target);
        } catch (Throwable failure) {
            Disk.deleteAfter(failure, temporary);
            throw failure;
        }
        Disk.forceFolder(Disk.folderOf(target));
    }

    /**
     * Removes temporary files and folders that killed processes left in this folder, and returns
     * them. Only for whoever alone writes to the folder: what another process is writing now looks
     * the same.
     */
    public static List<Path> removeLeftovers(Path folder) throws IOException {
        List<Path> leftovers = Disk.temporariesIn(folder);
        for (Path leftover : leftovers) {
            Disk.delete(leftover);
        }
        return leftovers;
    }

    /** The channel below must stay open until the file is forced, whoever closes the stream. */
    private static final class FlushedOnClose extends BufferedOutputStream {
        FlushedOnClose(OutputStream out) {
            super(out, BUFFER_SIZE);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
