package dev.ugoki.tensor.io;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * The steps on the file system that {@link WholeFile} and {@link WholeFolder} are made of:
 * temporary names, forcing to the device, renaming.
 *
 * <p>Durability on POSIX takes three steps: force what is written, rename, force the folder that
 * holds the name. A reader sees the old or the new content, never a part, after a power cut too.
 */
final class Disk {
    /** Windows has no way to force a folder, and links only for the privileged. */
    static final boolean WINDOWS = File.separatorChar == '\\';

    private static final String TEMPORARY_SUFFIX = ".ugoki-tmp";
    private static final int LONGEST_NAME_KEPT = 100;

    private Disk() {}

    /** The absolute path, if its folder exists. */
    static Path target(Path path) throws IOException {
        Path target = path.toAbsolutePath().normalize();
        Path folder = target.getParent();
        if (folder == null) {
            throw new FileAlreadyExistsException(
                    path.toString(), null, "is the root of a file system; name a file in it");
        }
        if (!Files.isDirectory(folder)) {
            throw new NoSuchFileException(
                    path.toString(), null, "its folder does not exist; create " + folder);
        }
        return target;
    }

    /** The folder that holds what {@link #target} returned. */
    static Path folderOf(Path target) {
        return Objects.requireNonNull(target.getParent());
    }

    /** A new hidden name beside the target, so that renaming stays within one file system. */
    static Path temporaryFor(Path target) {
        String name = String.valueOf(target.getFileName());
        if (name.length() > LONGEST_NAME_KEPT) {
            name = name.substring(0, LONGEST_NAME_KEPT);
        }
        String unique = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        return target.resolveSibling("." + name + "." + unique + TEMPORARY_SUFFIX);
    }

    /** What {@link #temporaryFor} named in this folder, and was not renamed or removed since. */
    static List<Path> temporariesIn(Path folder) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                String name = String.valueOf(entry.getFileName());
                if (name.startsWith(".") && name.endsWith(TEMPORARY_SUFFIX)) {
                    found.add(entry);
                }
            }
        }
        return found;
    }

    static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    static void forceFile(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    static void forceFolder(Path folder) throws IOException {
        if (WINDOWS) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Forces every file and folder below, and the folder itself. */
    static void forceTree(Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        if (attributes.isRegularFile()) {
                            forceFile(file);
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        forceFolder(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** Deletes a file, or a folder with all below it; links are deleted, not followed. */
    static void delete(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                path,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.delete(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** Deletes what a failure left behind; a second failure is added to the first. */
    static void deleteAfter(Throwable failure, Path path) {
        try {
            delete(path);
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }
}
