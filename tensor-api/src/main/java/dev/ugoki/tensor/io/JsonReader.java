package dev.ugoki.tensor.io;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Reads JSON (RFC 8259) in UTF-8 as the caller asks for it: what stands there must be what is asked
 * for. So there is no tree to build, nesting is as deep as the caller goes, and nothing is skipped.
 *
 * <pre>{@code
 * json.readObject(key -> counts.put(key, json.readLong()));
 * json.expectEnd();
 * }</pre>
 *
 * <p>Stricter than the standard: a key may stand only once in an object, and numbers must be whole
 * and fit into a long.
 */
final class JsonReader {
    private final Path file;
    private final byte[] text;
    private int position;

    /**
     * @param file named in errors
     * @param text the whole document
     */
    JsonReader(Path file, byte[] text) {
        this.file = file;
        this.text = text;
    }

    /** Reads the value of a key. */
    @FunctionalInterface
    interface Member {
        void readValueOf(String key) throws FileFormatException;
    }

    /** Reads one element of an array. */
    @FunctionalInterface
    interface Element {
        void read() throws FileFormatException;
    }

    /** Reads an object; the member is called for each key and must read its value. */
    void readObject(Member member) throws FileFormatException {
        expect('{');
        Set<String> keys = new HashSet<>();
        if (!skipIfNext('}')) {
            do {
                skipWhitespace();
                int start = position;
                String key = readString();
                if (!keys.add(key)) {
                    throw error(
                            start,
                            "key %s stands there twice".formatted(FileFormatException.quote(key)));
                }
                expect(':');
                member.readValueOf(key);
            } while (skipIfNext(','));
            expect('}');
        }
    }

    /** Reads an array; the element is called for each and must read it. */
    void readArray(Element element) throws FileFormatException {
        expect('[');
        if (!skipIfNext(']')) {
            do {
                element.read();
            } while (skipIfNext(','));
            expect(']');
        }
    }

    /** Reads a whole number. */
    long readLong() throws FileFormatException {
        skipWhitespace();
        int start = position;
        boolean negative = position < text.length && text[position] == '-';
        if (negative) {
            position++;
        }
        int firstDigit = position;
        long value = 0;
        while (position < text.length && isDigit(text[position])) {
            int digit = text[position++] - '0';
            // negative numbers reach one further than positive ones, so count downward
            if (value < (Long.MIN_VALUE + digit) / 10) {
                throw error(start, "a number that does not fit into 64 bits");
            }
            value = value * 10 - digit;
        }
        if (position == firstDigit) {
            throw unexpected(start, "a whole number");
        }
        if (text[firstDigit] == '0' && position > firstDigit + 1) {
            throw error(start, "a number with a leading zero");
        }
        if (position < text.length && isFractionOrExponent(text[position])) {
            throw error(start, "a number that is not written as a whole number");
        }
        if (!negative && value == Long.MIN_VALUE) {
            throw error(start, "a number that does not fit into 64 bits");
        }
        return negative ? value : -value;
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    private static boolean isFractionOrExponent(byte b) {
        return b == '.' || b == 'e' || b == 'E';
    }

    /** Reads a string. */
    String readString() throws FileFormatException {
        expect('"');
        int start = position;
        boolean escaped = false;
        boolean ascii = true;
        while (position < text.length && text[position] != '"') {
            if (text[position] < 0) {
                ascii = false;
            } else if (text[position] < ' ') {
                throw error(position, "a control character inside a string");
            }
            if (text[position] == '\\') {
                // what it escapes is not the end; unescape looks at it closer
                escaped = true;
                position++;
                ascii &= position < text.length && text[position] >= 0;
            }
            position++;
        }
        if (position >= text.length) {
            throw error(start, "a string without an end");
        }
        String raw =
                ascii
                        ? new String(text, start, position - start, StandardCharsets.US_ASCII)
                        : decode(start, position);
        position++;
        return escaped ? unescape(start, raw) : raw;
    }

    private String decode(int start, int end) throws FileFormatException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text, start, end - start))
                    .toString();
        } catch (CharacterCodingException malformed) {
            throw error(start, "a string that is not valid UTF-8");
        }
    }

    private String unescape(int start, String raw) throws FileFormatException {
        StringBuilder plain = new StringBuilder(raw.length());
        int i = 0;
        while (i < raw.length()) {
            char c = raw.charAt(i++);
            if (c != '\\') {
                plain.append(c);
                continue;
            }
            char kind = raw.charAt(i++);
            switch (kind) {
                case '"', '\\', '/' -> plain.append(kind);
                case 'b' -> plain.append('\b');
                case 'f' -> plain.append('\f');
                case 'n' -> plain.append('\n');
                case 'r' -> plain.append('\r');
                case 't' -> plain.append('\t');
                case 'u' -> {
                    plain.append(codeUnit(start, raw, i));
                    i += 4;
                }
                default -> throw error(start, "a string with an unknown escape");
            }
        }
        String text = plain.toString();
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw error(start, "a string with half a surrogate pair");
        }
        return text;
    }

    private char codeUnit(int start, String raw, int from) throws FileFormatException {
        int unit = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = i < raw.length() ? hexDigit(raw.charAt(i)) : -1;
            if (digit < 0) {
                throw error(start, "a string with an escape that lacks its four hex digits");
            }
            unit = unit << 4 | digit;
        }
        return (char) unit;
    }

    private static int hexDigit(char c) {
        // Character.digit would take digits of other scripts too
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }

    /** Checks that only whitespace follows. */
    void expectEnd() throws FileFormatException {
        skipWhitespace();
        if (position < text.length) {
            throw unexpected(position, "the end");
        }
    }

    private void expect(char wanted) throws FileFormatException {
        if (!skipIfNext(wanted)) {
            throw unexpected(position, "'" + wanted + "'");
        }
    }

    private boolean skipIfNext(char wanted) {
        skipWhitespace();
        if (position < text.length && text[position] == wanted) {
            position++;
            return true;
        }
        return false;
    }

    private void skipWhitespace() {
        while (position < text.length && isWhitespace(text[position])) {
            position++;
        }
    }

    private static boolean isWhitespace(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    private FileFormatException unexpected(int at, String wanted) {
        String found =
                at >= text.length
                        ? "the header ends"
                        : "found " + FileFormatException.quote("" + (char) (text[at] & 0xff));
        return error(at, "expected " + wanted + ", " + found);
    }

    private FileFormatException error(int at, String problem) {
        return new FileFormatException(
                file, "the header's JSON is malformed at byte %d: %s".formatted(at, problem));
    }
}
