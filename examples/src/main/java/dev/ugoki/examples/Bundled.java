package dev.ugoki.examples;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Folders that come with the program: demonstrations and a trained policy. They live in the jar and
 * are copied out to be read, since files are mapped into memory.
 */
public final class Bundled {
    private Bundled() {}

    /** What is done with a folder. */
    @FunctionalInterface
    public interface Use<T> {
        /** Reads what it needs; afterwards the folder is gone. */
        T in(Path folder) throws IOException;
    }

    /**
     * Copies a bundled folder out, lets {@code use} read it, and removes the copy; empty if this
     * build has no such folder.
     *
     * @param owner a class in whose package's folder it lies
     */
    public static <T> Optional<T> with(Class<?> owner, String folder, Use<T> use)
            throws IOException {
        URL url = owner.getResource(folder);
        if (url == null) {
            return Optional.empty();
        }
        Path copy = Files.createTempDirectory("ugoki-");
        try {
            copyTo(copy, url);
            return Optional.of(use.in(copy));
        } finally {
            delete(copy);
        }
    }

    private static void copyTo(Path copy, URL url) throws IOException {
        URI uri;
        try {
            uri = url.toURI();
        } catch (URISyntaxException e) {
            throw new IOException(url + " is no place to read from", e);
        }
        if (!uri.getScheme().equals("jar")) {
            copyTree(Path.of(uri), copy);
            return;
        }
        try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
            String inside = uri.toString();
            copyTree(jar.getPath(inside.substring(inside.lastIndexOf('!') + 1)), copy);
        }
    }

    private static void copyTree(Path from, Path to) throws IOException {
        for (Path source : tree(from)) {
            Path target = to.resolve(from.relativize(source).toString());
            if (Files.isDirectory(source)) {
                Files.createDirectories(target);
            } else {
                Files.copy(source, target);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        for (Path path : tree(folder).reversed()) {
            Files.deleteIfExists(path);
        }
    }

    private static List<Path> tree(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.toList();
        }
    }
}
