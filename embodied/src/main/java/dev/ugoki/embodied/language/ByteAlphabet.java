package dev.ugoki.embodied.language;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Every byte as a character that can be seen: what byte-level vocabularies are written in. Bytes
 * that are visible in Latin-1 stand for themselves, the others for the characters from 256 on.
 *
 * <p>Source: Radford et al.: Language models are unsupervised multitask learners (2019).
 */
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();
    private static final int[] BYTES = bytes();

    private ByteAlphabet() {}

    private static char[] characters() {
        char[] characters = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean isVisible = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
            characters[b] = isVisible ? (char) b : next++;
        }
        return characters;
    }

    private static int[] bytes() {
        int[] bytes = new int[512];
        java.util.Arrays.fill(bytes, -1);
        for (int b = 0; b < 256; b++) {
            bytes[CHARACTERS[b]] = b;
        }
        return bytes;
    }

    /** The bytes of a text in UTF-8, each as its character. */
    static String encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder encoded = new StringBuilder(bytes.length);
        for (byte each : bytes) {
            encoded.append(CHARACTERS[each & 0xff]);
        }
        return encoded.toString();
    }

    /** The text of such characters; what is no byte stands for itself, broken UTF-8 for U+FFFD. */
    static String decode(String encoded) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        encoded.codePoints()
                .forEach(
                        c -> {
                            int b = c < BYTES.length ? BYTES[c] : -1;
                            if (b >= 0) {
                                bytes.write(b);
                            } else {
                                bytes.writeBytes(
                                        Character.toString(c).getBytes(StandardCharsets.UTF_8));
                            }
                        });
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
