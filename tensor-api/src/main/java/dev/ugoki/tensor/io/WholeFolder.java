package dev.ugoki.tensor.io;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Folders are written whole or not at all, and a pointer names the latest one.
 *
 * <pre>{@code
 * Path step = checkpoints.resolve("005000");
 * WholeFolder.write(step, folder -> {
 *     SafetensorsFile.write(folder.resolve("model.safetensors"), weights);
 *     WholeFile.writeString(folder.resolve("config.json"), config);
 * });
 * WholeFolder.pointTo(checkpoints.resolve("last"), step);
 * ...
 * Optional<Path> latest = WholeFolder.pointedTo(checkpoints.resolve("last"));
 * }</pre>
 *
 * <p>A folder is filled under a temporary name beside its own; all files and folders in it are
 * forced to the device; then it is renamed in one step. The pointer is moved in one step too. So a
 * process that is killed at any moment leaves a pointer to a folder that is whole, and at most
 * temporary folders, which {@link WholeFile#removeLeftovers} removes.
 */
public final class WholeFolder {
    private static final int LONGEST_POINTER = 4096;

    private WholeFolder() {}

    /**
     * Writes a folder. The content is given an empty folder to fill.
     *
     * @throws FileAlreadyExistsException if there is something of that name: a folder cannot be
     *     replaced in one step
     */
    public static void write(Path folder, WholeFile.Content<? super Path> content)
            throws IOException {
        Path target = Disk.target(folder);
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(
                    folder.toString(),
                    null,
                    "exists; delete it first (WholeFolder.delete), or choose another name");
        }
        Path temporary = Disk.temporaryFor(target);
        Files.createDirectory(temporary);
        try {
            content.writeTo(temporary);
            Disk.forceTree(temporary);
            Disk.rename(temporary, target);
        } catch (Throwable failure) {
            Disk.deleteAfter(failure, temporary);
            throw failure;
        }
        Disk.forceFolder(Disk.folderOf(target));
    }

    /**
     * Deletes a folder with all that it holds; to others it vanishes in one step. Does nothing if
     * there is none.
     *
     * @throws NotDirectoryException if it is a file or a link
     */
    public static void delete(Path folder) throws IOException {
        Path target = folder.toAbsolutePath().normalize();
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new NotDirectoryException(folder.toString());
        }
        Path temporary = Disk.temporaryFor(target);
        Disk.rename(target, temporary);
        Disk.delete(temporary);
    }

    /**
     * Makes {@code pointer} name the folder, in one step: a relative symbolic link, or where the
     * system has none a text file that holds the relative path.
     *
     * @throws NotDirectoryException if {@code folder} is not an existing folder
     * @throws FileAlreadyExistsException if {@code pointer} is a folder itself
     */
    public static void pointTo(Path pointer, Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
        Path target = Disk.target(pointer);
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(
                    pointer.toString(), null, "is a folder; a pointer cannot take its place");
        }
        Path relative = Disk.folderOf(target).relativize(folder.toAbsolutePath().normalize());
        Path temporary = Disk.temporaryFor(target);
        if (!linked(temporary, relative)) {
            WholeFile.writeString(target, relative + "\n");
            return;
        }
        try {
            Disk.rename(temporary, target);
        } catch (Throwable failure) {
            Disk.deleteAfter(failure, temporary);
            throw failure;
        }
        Disk.forceFolder(Disk.folderOf(target));
    }

    private static boolean linked(Path link, Path destination) throws IOException {
        try {
            Files.createSymbolicLink(link, destination);
            return true;
        } catch (UnsupportedOperationException noLinks) {
            return false;
        } catch (FileSystemException failure) {
            if (Disk.WINDOWS) {
                return false;
            }
            throw failure;
        }
    }

    /**
     * The folder that a pointer names; empty if there is no pointer. A pointer that a copying tool
     * has turned into the folder itself names itself.
     *
     * @throws FileFormatException if it names something that is not an existing folder
     */
    public static Optional<Path> pointedTo(Path pointer) throws IOException {
        if (!Files.exists(pointer, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        if (Files.isDirectory(pointer, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.of(pointer);
        }
        Path named =
                Files.isSymbolicLink(pointer)
                        ? Files.readSymbolicLink(pointer)
                        : pathInText(pointer);
        Path folder = pointer.resolveSibling(named);
        if (!Files.isDirectory(folder)) {
            throw new FileFormatException(
                    pointer,
                    "points to %s, which is no folder; point it to one that exists"
                            .formatted(FileFormatException.quote(named.toString())));
        }
        return Optional.of(folder);
    }

    private static Path pathInText(Path pointer) throws IOException {
        if (Files.size(pointer) > LONGEST_POINTER) {
            throw new FileFormatException(
                    pointer,
                    "should hold the path of a folder, but is longer than %d bytes"
                            .formatted(LONGEST_POINTER));
        }
        String text = Files.readString(pointer).strip();
        try {
            return Path.of(text);
        } catch (InvalidPathException invalid) {
            throw new FileFormatException(
                    pointer,
                    "should hold the path of a folder, but holds "
                            + FileFormatException.quote(text));
        }
    }
}
