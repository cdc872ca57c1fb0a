package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the Python dict of an npy header: the three keys {@code descr}, {@code fortran_order} and
 * {@code shape}, each once, in any order; nothing else of Python.
 */
final class NpyDict {
    private static final int MOST_DIMENSIONS = 64;

    private final Path file;
    private final String what;
    private final String text;
    private int position;

    private @Nullable String descr;
    private @Nullable Boolean fortranOrder;
    private @Nullable List<Long> shape;

    /**
     * @param file named in errors
     * @param what what in the file is read, with a space after it; may be empty
     * @param text the dict
     */
    NpyDict(Path file, String what, String text) {
        this.file = file;
        this.what = what;
        this.text = text;
    }

    /**
     * Reads and checks it.
     *
     * @param headerSize the number of bytes up to the elements
     */
    NpyHeader toHeader(long headerSize) throws FileFormatException {
        expect('{');
        while (!skipIfNext('}')) {
            readMember();
            if (!skipIfNext(',')) {
                expect('}');
                break;
            }
        }
        skipSpace();
        if (position < text.length()) {
            throw error("something follows the dict");
        }
        if (descr == null || fortranOrder == null || shape == null) {
            String missing =
                    descr == null ? "descr" : fortranOrder == null ? "fortran_order" : "shape";
            throw error("the key '" + missing + "' is missing");
        }
        return check(descr, fortranOrder, shape, headerSize);
    }

    private NpyHeader check(String descr, boolean columnMajor, List<Long> extents, long headerSize)
            throws FileFormatException {
        DType dtype = NpyHeader.dtypeOf(file, what, descr);
        try {
            Shape checked = CheckedShape.of(extents.stream().mapToLong(Long::longValue).toArray());
            long dataSize = Math.multiplyExact(checked.elementCount(), dtype.byteSize());
            // the sum, too, must be a number, since the file's size is compared with it
            Math.addExact(headerSize, dataSize);
            return new NpyHeader(
                    dtype, descr.startsWith(">"), columnMajor, checked, headerSize, dataSize);
        } catch (ArithmeticException overflow) {
            throw error("the shape " + extents + " has more bytes than 64-bit numbers can count");
        }
    }

    private void readMember() throws FileFormatException {
        String key = readString();
        expect(':');
        boolean again =
                switch (key) {
                    case "descr" -> descr != null;
                    case "fortran_order" -> fortranOrder != null;
                    case "shape" -> shape != null;
                    default -> throw error("the key " + quote(key) + " is unknown");
                };
        if (again) {
            throw error("the key " + quote(key) + " stands there twice");
        }
        switch (key) {
            case "descr" -> descr = readDescr();
            case "fortran_order" -> fortranOrder = readBoolean();
            default -> shape = readTuple();
        }
    }

    private String readDescr() throws FileFormatException {
        skipSpace();
        if (position < text.length() && text.charAt(position) == '[') {
            throw new FileFormatException(
                    file,
                    what
                            + "has a structured dtype (fields with names), which is not supported;"
                            + " save each field as an array of its own");
        }
        return readString();
    }

    private String readString() throws FileFormatException {
        skipSpace();
        char quote = position < text.length() ? text.charAt(position) : ' ';
        if (quote != '\'' && quote != '"') {
            throw error("expected a string in quotes");
        }
        int end = text.indexOf(quote, position + 1);
        if (end < 0) {
            throw error("a string has no end");
        }
        String content = text.substring(position + 1, end);
        if (content.indexOf('\\') >= 0) {
            throw error("a string has an escape");
        }
        position = end + 1;
        return content;
    }

    private boolean readBoolean() throws FileFormatException {
        skipSpace();
        if (text.startsWith("True", position)) {
            position += 4;
            return true;
        }
        if (text.startsWith("False", position)) {
            position += 5;
            return false;
        }
        throw error("fortran_order is neither True nor False");
    }

    private List<Long> readTuple() throws FileFormatException {
        expect('(');
        List<Long> extents = new ArrayList<>();
        while (!skipIfNext(')')) {
            if (extents.size() == MOST_DIMENSIONS) {
                throw error("the shape has more than %d dimensions".formatted(MOST_DIMENSIONS));
            }
            extents.add(readExtent());
            if (!skipIfNext(',')) {
                expect(')');
                if (extents.size() == 1) {
                    throw error("the shape is a number in brackets, not a tuple: a comma lacks");
                }
                break;
            }
        }
        return extents;
    }

    private long readExtent() throws FileFormatException {
        skipSpace();
        int start = position;
        while (position < text.length() && isDigit(text.charAt(position))) {
            position++;
        }
        String digits = text.substring(start, position);
        if (digits.isEmpty()) {
            throw error("an extent of the shape is not a whole number of zero or more");
        }
        // Python 2 marked long integers so
        if (position < text.length() && text.charAt(position) == 'L') {
            position++;
        }
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException tooLarge) {
            throw error("the extent " + quote(digits) + " does not fit into 64 bits");
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private void expect(char wanted) throws FileFormatException {
        if (!skipIfNext(wanted)) {
            throw error("expected '" + wanted + "'");
        }
    }

    private boolean skipIfNext(char wanted) {
        skipSpace();
        if (position < text.length() && text.charAt(position) == wanted) {
            position++;
            return true;
        }
        return false;
    }

    private void skipSpace() {
        while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
            position++;
        }
    }

    private FileFormatException error(String problem) {
        return new FileFormatException(
                file,
                "%shas a malformed npy header (at character %d of %s): %s; save it again"
                        .formatted(what, position, quote(text.strip()), problem));
    }
}
