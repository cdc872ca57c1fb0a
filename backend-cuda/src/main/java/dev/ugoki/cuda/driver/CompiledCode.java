package dev.ugoki.cuda.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A folder of compiled code, each file named by the hash of all that it was compiled from, so that
 * nothing in it is ever out of date. The property {@code ugoki.cuda.cache} names the folder; by
 * default it is {@code .cache/ugoki/cuda} in the user's home.
 */
public final class CompiledCode {
    private static final String PROPERTY = "ugoki.cuda.cache";

    private CompiledCode() {}

    /** The folder; it need not be there yet. */
    public static Path folder() {
        String named = System.getProperty(PROPERTY);
        return named != null
                ? Path.of(named).toAbsolutePath()
                : Path.of(System.getProperty("user.home"), ".cache", "ugoki", "cuda");
    }

    /** The file for what is compiled from these texts; it need not be there. */
    public static Path file(String name, String ending, String... texts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String text : texts) {
                digest.update(text.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
            }
            String hash = HexFormat.of().formatHex(digest.digest(), 0, 12);
            return folder().resolve(name + "-" + hash + ending);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** A new file beside {@code file}, to be compiled into and then {@linkplain #keep kept}. */
    public static Path draft(Path file) {
        try {
            Path parent = file.toAbsolutePath().getParent();
            Files.createDirectories(parent);
            return Files.createTempFile(parent, "draft-", "-" + file.getFileName());
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the folder of compiled code cannot be written: -D" + PROPERTY + "=FOLDER", e);
        }
    }

    /** Makes a finished draft the file, whole or not at all. */
    public static void keep(Path draft, Path file) {
        try {
            Files.move(
                    draft,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the file, whole or not at all. */
    public static void write(Path file, byte[] content) {
        Path draft = draft(file);
        try {
            Files.write(draft, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        keep(draft, file);
    }
}
