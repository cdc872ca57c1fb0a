package dev.ugoki.embodied.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Thrift's compact protocol, as far as Parquet's metadata use it: integers are zigzag varints, a
 * struct is a row of fields (id difference and type in one byte) up to a zero byte.
 *
 * <p>The reader never goes beyond its limit, never allocates, and takes only fields in ascending
 * order, which every writer keeps to. (Specification: thrift/doc/specs/thrift-compact-protocol.md.)
 */
final class CompactThrift {
    static final int TRUE = 1;
    static final int FALSE = 2;
    static final int BYTE = 3;
    static final int I16 = 4;
    static final int I32 = 5;
    static final int I64 = 6;
    static final int DOUBLE = 7;
    static final int BINARY = 8;
    static final int LIST = 9;
    static final int SET = 10;
    static final int MAP = 11;
    static final int STRUCT = 12;

    /** Parquet's metadata nest less than ten deep. */
    private static final int MAX_DEPTH = 32;

    private CompactThrift() {}

    /** Bytes that are no compact Thrift, or not what is looked for. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String problem;

        MalformedException(String problem) {
            super(problem);
            this.problem = problem;
        }

        /** What is wrong, in words. */
        String problem() {
            return problem;
        }
    }

    /** What to do with a field of a struct; it must read the value or skip it. */
    interface FieldReader {
        void read(int id, int type) throws MalformedException;
    }

    /** Reads from a position of a buffer up to a limit. */
    static final class Reader {
        private final ByteBuffer buffer;
        private final int limit;
        private int position;

        Reader(ByteBuffer buffer, int position, int limit) {
            this.buffer = buffer;
            this.position = position;
            this.limit = limit;
        }

        int position() {
            return position;
        }

        private int readByte() throws MalformedException {
            if (position >= limit) {
                throw new MalformedException("the metadata end too early");
            }
            return buffer.get(position++) & 0xFF;
        }

        private long readVarint() throws MalformedException {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                int next = readByte();
                value |= (next & 0x7FL) << shift;
                if (next < 0x80) {
                    return value;
                }
            }
            throw new MalformedException("an integer has more than ten bytes");
        }

        long readI64() throws MalformedException {
            long value = readVarint();
            return (value >>> 1) ^ -(value & 1);
        }

        int readI32() throws MalformedException {
            long value = readI64();
            if (value != (int) value) {
                throw new MalformedException(value + " is no 32-bit integer");
            }
            return (int) value;
        }

        /** Reads the length of a string or binary value, and stands at its first byte then. */
        int readLength() throws MalformedException {
            long length = readVarint();
            if (length < 0 || length > limit - position) {
                throw new MalformedException("a value of " + length + " bytes doesn't fit");
            }
            return (int) length;
        }

        /** Goes past bytes whose length has been read. */
        void advance(int bytes) {
            position += bytes;
        }

        /** Reads all fields of a struct. */
        void readStruct(FieldReader fields) throws MalformedException {
            int id = 0;
            for (int head = readByte(); head != 0; head = readByte()) {
                int difference = head >>> 4;
                long next = difference != 0 ? id + difference : readI64();
                if (next <= id || next > Short.MAX_VALUE) {
                    throw new MalformedException("field " + next + " follows field " + id);
                }
                id = (int) next;
                fields.read(id, head & 15);
            }
        }

        /** Reads a list: its count and its elements' type, given to the reader of each element. */
        void readList(FieldReader elements) throws MalformedException {
            int head = readByte();
            long count = head >>> 4 == 15 ? readVarint() : head >>> 4;
            if (count < 0 || count > limit - position) {
                throw new MalformedException("a list of " + count + " elements doesn't fit");
            }
            for (int i = 0; i < count; i++) {
                elements.read(i, head & 15);
            }
        }

        /** Goes past a value, checking that it is well-formed. */
        void skip(int type) throws MalformedException {
            skip(type, 0);
        }

        private void skip(int type, int depth) throws MalformedException {
            if (depth > MAX_DEPTH) {
                throw new MalformedException("the metadata nest too deeply");
            }
            switch (type) {
                case TRUE, FALSE -> {}
                case BYTE -> readByte();
                case I16, I32 -> readI32();
                case I64 -> readI64();
                case DOUBLE -> readDouble();
                case BINARY -> advance(readLength());
                case LIST, SET -> readList((i, element) -> skipElement(element, depth));
                case MAP -> skipMap(depth);
                case STRUCT -> readStruct((id, field) -> skip(field, depth + 1));
                default -> throw new MalformedException("type " + type + " does not exist");
            }
        }

        private void skipElement(int type, int depth) throws MalformedException {
            if (type == TRUE || type == FALSE) {
                readByte();
            } else {
                skip(type, depth + 1);
            }
        }

        private void skipMap(int depth) throws MalformedException {
            long count = readVarint();
            if (count < 0 || count > limit - position) {
                throw new MalformedException("a map of " + count + " entries doesn't fit");
            }
            int types = count == 0 ? 0 : readByte();
            for (long i = 0; i < count; i++) {
                skipElement(types >>> 4, depth);
                skipElement(types & 15, depth);
            }
        }

        private void readDouble() throws MalformedException {
            if (limit - position < 8) {
                throw new MalformedException("the metadata end too early");
            }
            advance(8);
        }
    }

    /** Writes structs; fields must come in ascending order. */
    static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int previousId;

        byte[] toByteArray() {
            return bytes.toByteArray();
        }

        private void varint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                bytes.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            bytes.write((int) rest);
        }

        private void zigzag(long value) {
            varint((value << 1) ^ (value >> 63));
        }

        private void head(int id, int type) {
            bytes.write((id - previousId) << 4 | type);
            previousId = id;
        }

        Writer i32(int id, int value) {
            head(id, I32);
            zigzag(value);
            return this;
        }

        Writer i64(int id, long value) {
            head(id, I64);
            zigzag(value);
            return this;
        }

        Writer bool(int id, boolean value) {
            head(id, value ? TRUE : FALSE);
            return this;
        }

        Writer string(int id, String value) {
            head(id, BINARY);
            text(value);
            return this;
        }

        private void text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            varint(utf8.length);
            bytes.writeBytes(utf8);
        }

        Writer struct(int id, Writer value) {
            head(id, STRUCT);
            bytes.writeBytes(value.toByteArray());
            bytes.write(0);
            return this;
        }

        Writer structs(int id, Iterable<Writer> values) {
            int count = 0;
            for (Writer ignored : values) {
                count++;
            }
            listHead(id, count, STRUCT);
            for (Writer value : values) {
                bytes.writeBytes(value.toByteArray());
                bytes.write(0);
            }
            return this;
        }

        Writer i32s(int id, int... values) {
            listHead(id, values.length, I32);
            for (int value : values) {
                zigzag(value);
            }
            return this;
        }

        Writer strings(int id, String... values) {
            listHead(id, values.length, BINARY);
            for (String value : values) {
                text(value);
            }
            return this;
        }

        private void listHead(int id, int count, int type) {
            head(id, LIST);
            if (count < 15) {
                bytes.write(count << 4 | type);
            } else {
                bytes.write(15 << 4 | type);
                varint(count);
            }
        }

        /** The struct as it stands for itself, with its end. */
        byte[] toStruct() {
            bytes.write(0);
            return bytes.toByteArray();
        }
    }
}
