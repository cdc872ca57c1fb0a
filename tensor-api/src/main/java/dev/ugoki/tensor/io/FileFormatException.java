package dev.ugoki.tensor.io;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A file's content contradicts its format, or uses a part of it that is not supported. The message
 * names the file, what is wrong and what to do.
 */
public final class FileFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int LONGEST_QUOTE = 120;

    /**
     * An error about a file.
     *
     * @param file the file that was read
     * @param problem what is wrong with it, and what to do
     */
    public FileFormatException(Path file, String problem) {
        super(file + ": " + problem);
    }

    /** The same, with the exception that told of it. */
    FileFormatException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }

    /**
     * A text out of a file, fit for a message: in single quotes, cut where it is long, control
     * characters shown by number.
     */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("'");
        int shown = Math.min(text.length(), LONGEST_QUOTE);
        for (int i = 0; i < shown; i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == 0x7f) {
                quoted.append(String.format("\\x%02x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append(shown < text.length() ? "...'" : "'").toString();
    }
}
