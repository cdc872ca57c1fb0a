package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a Python pickle as data: numbers, texts, lists, tuples and dicts, and what a {@link World}
 * makes of the names of functions, the calls of them and the ids that it knows. It runs no code:
 * there is none behind a name. Everything else is refused.
 *
 * <p>In the results, None is {@link None#NONE}, integers are {@link Long} (or {@link BigInteger},
 * where they are larger), floats {@link Double}, and containers {@link Items} and {@link Dict}.
 *
 * <p>Source: Python's {@code pickletools}, which describes every instruction. Protocols 0 to 5.
 */
final class Pickle {
    /** What a pickle may refer to outside of itself. */
    interface World {
        /** What a name stands for; refuses those that it does not know. */
        Object named(String module, String name) throws FileFormatException;

        /** What a call of something {@link #named} gives. */
        Object called(Object function, List<Object> arguments) throws FileFormatException;

        /** What an id stands for that the pickle's writer chose. */
        Object persistent(Object id) throws FileFormatException;
    }

    /** Python's None. */
    enum None {
        NONE
    }

    /** Where a part of the stack begins. */
    private enum Mark {
        MARK
    }

    /** A list, or a tuple. */
    static final class Items {
        static final Items EMPTY_TUPLE = new Items(true, List.of());

        private final boolean isTuple;
        private List<Object> values;

        Items(boolean isTuple, List<Object> values) {
            this.isTuple = isTuple;
            this.values = values;
        }

        boolean isTuple() {
            return isTuple;
        }

        List<Object> values() {
            return Collections.unmodifiableList(values);
        }

        private void add(List<Object> more) {
            if (!(values instanceof ArrayList)) {
                values = new ArrayList<>(values);
            }
            values.addAll(more);
        }
    }

    /** A dict, whose keys are texts and numbers. */
    static final class Dict {
        private Map<Object, Object> values = Map.of();

        Map<Object, Object> values() {
            return Collections.unmodifiableMap(values);
        }

        private void put(Object key, Object value) {
            if (values.isEmpty()) {
                values = new LinkedHashMap<>(4);
            }
            values.put(key, value);
        }
    }

    /** Digits of numbers that are written as text. */
    private static final int LONGEST_NUMBER = 400;

    private final Path path;
    private final String what;
    private final MemorySegment bytes;
    private final World world;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private long at;

    private Pickle(Path path, String what, MemorySegment bytes, long start, World world) {
        this.path = path;
        this.what = what;
        this.bytes = bytes;
        this.at = start;
        this.world = world;
    }

    /** An object, and where the bytes behind its pickle begin. */
    record Read(Object object, long end) {}

    /**
     * Reads one pickle.
     *
     * @param what it is, for messages
     * @param start where it begins in the bytes
     * @throws FileFormatException if it is corrupt, or holds something else than data
     */
    static Read read(Path path, String what, MemorySegment bytes, long start, World world)
            throws FileFormatException {
        Pickle pickle = new Pickle(path, what, bytes, start, world);
        return new Read(pickle.run(), pickle.at);
    }

    private Object run() throws FileFormatException {
        while (true) {
            long place = at;
            int code = next();
            if (code == '.') {
                return pop();
            }
            if (!step(code)) {
                throw wrong(
                        "found the instruction 0x%02x at byte %d, which makes no data"
                                .formatted(code, place));
            }
        }
    }

    /** One instruction; false where it is none that makes data. */
    private boolean step(int code) throws FileFormatException {
        return number(code) || text(code) || container(code) || memory(code) || reference(code);
    }

    private boolean number(int code) throws FileFormatException {
        switch (code) {
            case 'N' -> push(None.NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) next());
            case 'M' -> push((long) (next() | next() << 8));
            case 'J' -> push((long) (int) fixed(4));
            case 0x8a -> push(twosComplement(next()));
            case 0x8b -> push(twosComplement(fixed(4)));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(fixed(8))));
            case 'I' -> push(integerLine(line()));
            case 'L' -> push(longLine(line()));
            case 'F' -> push(floatLine(line()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private Object twosComplement(long length) throws FileFormatException {
        if (length == 0) {
            return 0L;
        }
        if (length < 0 || length > LONGEST_NUMBER) {
            throw wrong("holds a number of " + length + " bytes");
        }
        byte[] reversed = take(length);
        for (int i = 0, j = reversed.length - 1; i < j; i++, j--) {
            byte swapped = reversed[i];
            reversed[i] = reversed[j];
            reversed[j] = swapped;
        }
        return narrow(new BigInteger(reversed));
    }

    private static Object narrow(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private Object integerLine(String line) throws FileFormatException {
        return switch (line) {
            case "00" -> false;
            case "01" -> true;
            default -> decimal(line);
        };
    }

    private Object longLine(String line) throws FileFormatException {
        return decimal(line.endsWith("L") ? line.substring(0, line.length() - 1) : line);
    }

    private Object decimal(String digits) throws FileFormatException {
        try {
            return narrow(new BigInteger(digits.strip()));
        } catch (NumberFormatException e) {
            throw wrong("holds " + quote(digits) + " where an integer must stand");
        }
    }

    private Object floatLine(String line) throws FileFormatException {
        return switch (line.strip()) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> {
                try {
                    yield Double.valueOf(line.strip());
                } catch (NumberFormatException e) {
                    throw wrong("holds " + quote(line) + " where a number must stand");
                }
            }
        };
    }

    private boolean text(int code) throws FileFormatException {
        switch (code) {
            case 'X', 'T' -> push(text(fixed(4) & (code == 'X' ? 0xffffffffL : -1L)));
            case 0x8c, 'U' -> push(text(next()));
            case 0x8d -> push(text(fixed(8)));
            case 'V' -> push(unicodeLine(line()));
            case 'S' -> push(quotedLine(line()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private String text(long length) throws FileFormatException {
        return new String(take(length), StandardCharsets.UTF_8);
    }

    private String unicodeLine(String line) throws FileFormatException {
        if (line.indexOf('\\') >= 0) {
            throw wrong("holds the text " + quote(line) + ", whose escapes are not read");
        }
        return line;
    }

    private String quotedLine(String line) throws FileFormatException {
        int last = line.length() - 1;
        boolean quoted =
                last >= 1
                        && line.charAt(0) == line.charAt(last)
                        && (line.charAt(0) == '\'' || line.charAt(0) == '"');
        if (!quoted || line.indexOf('\\') >= 0) {
            throw wrong("holds " + quote(line) + " where a quoted text without escapes must stand");
        }
        return line.substring(1, last);
    }

    private boolean container(int code) throws FileFormatException {
        switch (code) {
            case '(' -> push(Mark.MARK);
            case ')' -> push(Items.EMPTY_TUPLE);
            case 't' -> push(new Items(true, List.copyOf(sinceMark())));
            case 0x85, 0x86, 0x87 -> push(new Items(true, List.copyOf(last(code - 0x84))));
            case ']' -> push(new Items(false, List.of()));
            case 'l' -> {
                Items list = new Items(false, List.of());
                list.add(sinceMark());
                push(list);
            }
            case 'a' -> append(last(1));
            case 'e' -> append(sinceMark());
            case '}' -> push(new Dict());
            case 'd' -> {
                List<Object> pairs = sinceMark();
                push(new Dict());
                put(pairs);
            }
            case 's' -> put(last(2));
            case 'u' -> put(sinceMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void append(List<Object> items) throws FileFormatException {
        if (!(top() instanceof Items list) || list.isTuple()) {
            throw wrong("adds to something that is no list");
        }
        list.add(items);
    }

    private void put(List<Object> pairs) throws FileFormatException {
        if (!(top() instanceof Dict dict) || pairs.size() % 2 != 0) {
            throw wrong("puts keys without values, or into something that is no dict");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            Object key = pairs.get(i);
            if (!(key instanceof String || key instanceof Number || key instanceof Boolean)) {
                throw wrong("has a dict with a key that is neither text nor number");
            }
            dict.put(key, pairs.get(i + 1));
        }
    }

    private boolean memory(int code) throws FileFormatException {
        switch (code) {
            case 0x80 -> {
                int protocol = next();
                if (protocol > 5) {
                    throw wrong("is of protocol " + protocol + "; protocols to 5 are known");
                }
            }
            case 0x95 -> require(fixed(8));
            case 'q' -> memo.put((long) next(), top());
            case 'r' -> memo.put(fixed(4) & 0xffffffffL, top());
            case 'p' -> memo.put(memoNumber(line()), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> push(remembered(next()));
            case 'j' -> push(remembered(fixed(4) & 0xffffffffL));
            case 'g' -> push(remembered(memoNumber(line())));
            case '0' -> pop();
            case '1' -> sinceMark();
            case '2' -> push(top());
            default -> {
                return false;
            }
        }
        return true;
    }

    private long memoNumber(String line) throws FileFormatException {
        if (decimal(line) instanceof Long number) {
            return number;
        }
        throw wrong("remembers something under a number of more than 64 bits");
    }

    private Object remembered(long number) throws FileFormatException {
        Object object = memo.get(number);
        if (object == null) {
            throw wrong("refers to number " + number + ", which it has not made");
        }
        return object;
    }

    private boolean reference(int code) throws FileFormatException {
        switch (code) {
            case 'c' -> {
                String module = line();
                push(world.named(module, line()));
            }
            case 0x93 -> {
                List<Object> names = last(2);
                if (!(names.get(0) instanceof String module)
                        || !(names.get(1) instanceof String name)) {
                    throw wrong("names something by what is no text");
                }
                push(world.named(module, name));
            }
            case 'R' -> {
                Object arguments = pop();
                if (!(arguments instanceof Items tuple) || !tuple.isTuple()) {
                    throw wrong("calls something with what is no tuple");
                }
                push(world.called(pop(), tuple.values()));
            }
            case 'b' -> {
                // Of a dict that has attributes, such as the versions of a state dict's modules.
                Object attributes = pop();
                if (!(top() instanceof Dict) || !(attributes instanceof Dict)) {
                    throw wrong("sets the attributes of an object, and only dicts are known");
                }
            }
            case 'Q' -> push(world.persistent(pop()));
            default -> {
                return false;
            }
        }
        return true;
    }

    // ---- the stack ----

    private void push(Object object) {
        stack.add(object);
    }

    private Object top() throws FileFormatException {
        if (stack.isEmpty() || stack.getLast() == Mark.MARK) {
            throw wrong("takes more than it has made");
        }
        return stack.getLast();
    }

    private Object pop() throws FileFormatException {
        Object object = top();
        stack.removeLast();
        return object;
    }

    private List<Object> last(int count) throws FileFormatException {
        if (stack.size() < count) {
            throw wrong("takes more than it has made");
        }
        List<Object> tail = stack.subList(stack.size() - count, stack.size());
        if (tail.contains(Mark.MARK)) {
            throw wrong("takes more than it has made");
        }
        List<Object> taken = new ArrayList<>(tail);
        tail.clear();
        return taken;
    }

    private List<Object> sinceMark() throws FileFormatException {
        int mark = stack.lastIndexOf(Mark.MARK);
        if (mark < 0) {
            throw wrong("takes what is behind a mark, and has set none");
        }
        List<Object> tail = stack.subList(mark + 1, stack.size());
        List<Object> taken = new ArrayList<>(tail);
        tail.clear();
        stack.removeLast();
        return taken;
    }

    // ---- the bytes ----

    private int next() throws FileFormatException {
        require(1);
        return bytes.get(Elements.BYTE, at++) & 0xff;
    }

    private long fixed(int size) throws FileFormatException {
        require(size);
        long value = size == 4 ? bytes.get(Elements.INT, at) : bytes.get(Elements.LONG, at);
        at += size;
        return value;
    }

    private byte[] take(long length) throws FileFormatException {
        require(length);
        byte[] taken = bytes.asSlice(at, length).toArray(Elements.BYTE);
        at += length;
        return taken;
    }

    /** The rest of a line, without its end. */
    private String line() throws FileFormatException {
        long end = at;
        while (end < bytes.byteSize() && bytes.get(Elements.BYTE, end) != '\n') {
            end++;
        }
        if (end == bytes.byteSize() || end - at > LONGEST_NUMBER) {
            throw wrong("has a line that does not end, or is too long");
        }
        String line = new String(take(end - at), StandardCharsets.UTF_8);
        at++;
        return line;
    }

    private void require(long length) throws FileFormatException {
        if (length < 0 || length > bytes.byteSize() - at) {
            throw wrong("is cut off or corrupt at byte " + at);
        }
    }

    private FileFormatException wrong(String problem) {
        return new FileFormatException(path, what + " " + problem);
    }
}
