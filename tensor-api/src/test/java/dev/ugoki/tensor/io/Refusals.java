package dev.ugoki.tensor.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

import java.nio.file.Path;

/** Assertions about files that are refused. */
final class Refusals {
    private Refusals() {}

    /** The file is refused with a message that begins with its path and holds the text. */
    static void assertRefused(Path file, String text, Executable reading) {
        FileFormatException refusal = assertThrows(FileFormatException.class, reading);
        String message = String.valueOf(refusal.getMessage());
        assertEquals(file + ": ", message.substring(0, file.toString().length() + 2));
        assertTrue(message.contains(text), () -> "expected: " + text + "\nbut was: " + message);
    }
}
