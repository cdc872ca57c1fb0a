package dev.ugoki.embodied.data;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;

/** A file of a data set that cannot be read as what it claims to be; the message names the file. */
public final class DataFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Path file;

    /** What is wrong with {@code file}. */
    public DataFormatException(Path file, String problem) {
        this(file, problem, null);
    }

    /** What is wrong with {@code file}, and what a reader of it threw. */
    public DataFormatException(Path file, String problem, @Nullable Throwable cause) {
        super(file + ": " + problem, cause);
        this.file = file;
    }

    /** The file or folder at fault; null only after serialization. */
    public @Nullable Path file() {
        return file;
    }
}
