package dev.ugoki.embodied.onnx;

import dev.ugoki.tensor.io.FileFormatException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads a message in Protocol Buffers' wire format, field by field, where it lies.
 *
 * <pre>{@code
 * while (reader.next()) {
 *     switch (reader.field()) {
 *         case 1 -> name = reader.text();
 *         default -> reader.skip();
 *     }
 * }
 * }</pre>
 *
 * <p>Source: protobuf.dev, Encoding.
 */
// The format is four kinds of fields, while Google's library goes through sun.misc.Unsafe, which
// JDK 25 warns of, brings 1.9 MB and a compiler for schemas, and would copy weights twice.
final class ProtobufReader {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final MemorySegment bytes;
    private long position;
    private int field;
    private int kind;

    ProtobufReader(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /** Goes to the next field; false at the end. */
    boolean next() throws FileFormatException {
        if (position >= bytes.byteSize()) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        kind = (int) (tag & 7);
        if (tag >>> 3 == 0 || tag >>> 32 != 0) {
            throw error("a field with number " + (tag >>> 3));
        }
        return true;
    }

    /** The number of the field that is to be read. */
    int field() {
        return field;
    }

    /** A whole number. */
    long integer() throws FileFormatException {
        return switch (kind) {
            case VARINT -> varint();
            case FIXED64 -> fixed64();
            case FIXED32 -> fixed32();
            default -> throw error("field " + field + " should be a number");
        };
    }

    /** A number of 32 bits with a fraction. */
    float number() throws FileFormatException {
        if (kind != FIXED32) {
            throw error("field " + field + " should be a float");
        }
        return Float.intBitsToFloat(fixed32());
    }

    /** The bytes of a text, a message or numbers that stand together, where they lie. */
    MemorySegment bytes() throws FileFormatException {
        if (kind != BYTES) {
            throw error("field " + field + " should be a text or a message");
        }
        long length = varint();
        if (length < 0 || length > bytes.byteSize() - position) {
            throw error("field " + field + " should have " + length + " bytes, but the file ends");
        }
        MemorySegment content = bytes.asSlice(position, length);
        position += length;
        return content;
    }

    /** A message within this one. */
    ProtobufReader message() throws FileFormatException {
        return new ProtobufReader(file, bytes());
    }

    String text() throws FileFormatException {
        MemorySegment content = bytes();
        if (content.byteSize() > 1 << 20) {
            throw error("a name of " + content.byteSize() + " bytes");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content.toArray(BYTE)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw error("a name that is no text in UTF-8");
        }
    }

    /** Whole numbers, of which a file may hold one in a field or all in one. */
    void integers(Numbers numbers) throws FileFormatException {
        if (kind == BYTES) {
            ProtobufReader packed = message();
            while (packed.position < packed.bytes.byteSize()) {
                numbers.add(packed.varint());
            }
        } else {
            numbers.add(integer());
        }
    }

    /** Numbers of 32 bits with a fraction, one in a field or all in one. */
    void floats(Floats numbers) throws FileFormatException {
        if (kind == BYTES) {
            ProtobufReader packed = message();
            while (packed.position < packed.bytes.byteSize()) {
                numbers.add(Float.intBitsToFloat(packed.fixed32()));
            }
        } else {
            numbers.add(number());
        }
    }

    /** Numbers of 64 bits with a fraction, one in a field or all in one. */
    void doubles(Doubles numbers) throws FileFormatException {
        if (kind == BYTES) {
            ProtobufReader packed = message();
            while (packed.position < packed.bytes.byteSize()) {
                numbers.add(Double.longBitsToDouble(packed.fixed64()));
            }
        } else if (kind == FIXED64) {
            numbers.add(Double.longBitsToDouble(fixed64()));
        } else {
            throw error("field " + field + " should be a double");
        }
    }

    @FunctionalInterface
    interface Numbers {
        void add(long number);
    }

    @FunctionalInterface
    interface Floats {
        void add(float number);
    }

    @FunctionalInterface
    interface Doubles {
        void add(double number);
    }

    /** Leaves the field out. */
    void skip() throws FileFormatException {
        switch (kind) {
            case VARINT -> varint();
            case FIXED64 -> fixed64();
            case BYTES -> bytes();
            case FIXED32 -> fixed32();
            default -> throw error("field " + field + " is of the unknown kind " + kind);
        }
    }

    private long varint() throws FileFormatException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            if (position >= bytes.byteSize()) {
                throw error("a number is cut off");
            }
            byte next = bytes.get(BYTE, position++);
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw error("a number of more than 64 bits");
    }

    private int fixed32() throws FileFormatException {
        requireBytes(Integer.BYTES);
        int value = bytes.get(INT, position);
        position += Integer.BYTES;
        return value;
    }

    private long fixed64() throws FileFormatException {
        requireBytes(Long.BYTES);
        long value = bytes.get(LONG, position);
        position += Long.BYTES;
        return value;
    }

    private void requireBytes(int count) throws FileFormatException {
        if (bytes.byteSize() - position < count) {
            throw error("a number is cut off");
        }
    }

    private FileFormatException error(String problem) {
        return new FileFormatException(file, "is no ONNX model, or is damaged: " + problem);
    }
}
