package dev.ugoki.embodied.data;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Folders that are whole or not there: filled under a temporary name, forced to the disk, renamed.
 */
final class WholeFiles {
    private WholeFiles() {}

    /** Fills a folder. */
    interface Filling {
        void fill(Path folder) throws IOException;
    }

    /**
     * Makes {@code folder} appear at once, with all that {@code filling} writes.
     *
     * @throws FileAlreadyExistsException if there is something by that name already
     */
    static void createFolder(Path folder, Filling filling) throws IOException {
        if (Files.exists(folder)) {
            throw new FileAlreadyExistsException(
                    folder.toString(), null, "write to a name that is not taken, or remove it");
        }
        Path parent = folder.toAbsolutePath().getParent();
        if (parent == null) {
            throw new FileAlreadyExistsException(folder.toString());
        }
        Files.createDirectories(parent);
        Path partial = Files.createTempDirectory(parent, "." + folder.getFileName() + ".partial-");
        try {
            filling.fill(partial);
            forceAll(partial);
            Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException | Error problem) {
            deleteAll(partial);
            throw problem;
        }
        forceFolder(parent);
    }

    private static void forceAll(Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        try (FileChannel channel =
                                FileChannel.open(file, StandardOpenOption.WRITE)) {
                            channel.force(true);
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException problem) throws IOException {
                        if (problem != null) {
                            throw problem;
                        }
                        forceFolder(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** A rename is on the disk only when its folder is; Windows neither needs nor allows it. */
    private static void forceFolder(Path folder) throws IOException {
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private static void deleteAll(Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException problem) throws IOException {
                        Files.delete(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
