package dev.ugoki.embodied.data;

import org.jspecify.annotations.Nullable;
import org.xerial.snappy.Snappy;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Writes Parquet files of the kind that data sets have in the wild: scalars and lists of them,
 * Snappy, data pages of version 1 with a checksum, one page per column in a row group, and a
 * dictionary where values repeat.
 *
 * <p>Columns are optional in the schema, as Arrow writes them, though no value is ever missing; a
 * list is {@code name.list.element}. (Format: github.com/apache/parquet-format.)
 */
final class ParquetWriter implements Closeable {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final String CREATED_BY = "ugoki";

    // Numbers of parquet.thrift's enums.
    private static final int ENCODING_PLAIN = 0;
    private static final int ENCODING_RLE = 3;
    private static final int ENCODING_RLE_DICTIONARY = 8;
    private static final int CODEC_SNAPPY = 1;
    private static final int OPTIONAL = 1;
    private static final int REPEATED = 2;
    private static final int CONVERTED_UTF8 = 0;
    private static final int CONVERTED_LIST = 3;
    private static final int LOGICAL_STRING = 1;
    private static final int LOGICAL_LIST = 3;
    private static final int PAGE_DATA = 0;
    private static final int PAGE_DICTIONARY = 2;

    /** Parquet's physical types that are written, with their numbers. */
    enum Kind {
        BOOLEAN(0),
        INT32(1),
        INT64(2),
        FLOAT(4),
        DOUBLE(5),
        STRING(6);

        private final int number;

        Kind(int number) {
            this.number = number;
        }
    }

    /** A column of the schema. */
    record Field(String name, Kind kind, boolean list) {}

    /**
     * A column's values in a row group.
     *
     * @param values boolean[], int[], long[], float[], double[] or String[], as the kind says
     * @param offsets for a list where each row begins, and the end of the last
     */
    record Values(Object values, int @Nullable [] offsets) {
        /** Lists of one width. */
        static Values ofVectors(Object values, int rows, int width) {
            int[] offsets = new int[rows + 1];
            for (int row = 1; row <= rows; row++) {
                offsets[row] = row * width;
            }
            return new Values(values, offsets);
        }

        static Values ofScalars(Object values) {
            return new Values(values, null);
        }
    }

    private final FileChannel channel;
    private final List<Field> fields;
    private final Map<String, String> keyValues;
    private final List<CompactThrift.Writer> rowGroups = new ArrayList<>();
    private long rowCount;

    /** Begins a new file. */
    ParquetWriter(Path file, List<Field> fields, Map<String, String> keyValues) throws IOException {
        this.fields = List.copyOf(fields);
        this.keyValues = new LinkedHashMap<>(keyValues);
        this.channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        write(MAGIC);
    }

    /** How many bytes have been written so far. */
    long position() throws IOException {
        return channel.position();
    }

    /** Writes rows: for each field its values, in the fields' order. */
    void writeRowGroup(int rows, List<Values> columns) throws IOException {
        if (columns.size() != fields.size()) {
            throw new IllegalArgumentException(columns.size() + " columns of " + fields.size());
        }
        long start = channel.position();
        List<CompactThrift.Writer> chunks = new ArrayList<>();
        long unpacked = 0;
        for (int i = 0; i < fields.size(); i++) {
            Chunk chunk = new Chunk(fields.get(i), columns.get(i), rows);
            chunks.add(chunk.write());
            unpacked += chunk.unpackedSize;
        }
        rowGroups.add(
                new CompactThrift.Writer()
                        .structs(1, chunks)
                        .i64(2, unpacked)
                        .i64(3, rows)
                        .i64(5, start)
                        .i64(6, channel.position() - start));
        rowCount += rows;
    }

    /** Writes the footer and closes the file; forcing it to the disk is the folder's maker's. */
    @Override
    public void close() throws IOException {
        try (channel) {
            byte[] footer = footer();
            write(footer);
            ByteBuffer end = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            write(end.putInt(footer.length).put(MAGIC).array());
        }
    }

    private byte[] footer() {
        List<CompactThrift.Writer> pairs = new ArrayList<>();
        keyValues.forEach(
                (key, value) ->
                        pairs.add(new CompactThrift.Writer().string(1, key).string(2, value)));
        return new CompactThrift.Writer()
                .i32(1, 2)
                .structs(2, schema())
                .i64(3, rowCount)
                .structs(4, rowGroups)
                .structs(5, pairs)
                .string(6, CREATED_BY)
                .toStruct();
    }

    private List<CompactThrift.Writer> schema() {
        List<CompactThrift.Writer> elements = new ArrayList<>();
        elements.add(new CompactThrift.Writer().string(4, "schema").i32(5, fields.size()));
        for (Field field : fields) {
            if (field.list) {
                elements.add(
                        new CompactThrift.Writer()
                                .i32(3, OPTIONAL)
                                .string(4, field.name)
                                .i32(5, 1)
                                .i32(6, CONVERTED_LIST)
                                .struct(10, emptyUnion(LOGICAL_LIST)));
                elements.add(
                        new CompactThrift.Writer().i32(3, REPEATED).string(4, "list").i32(5, 1));
            }
            CompactThrift.Writer leaf =
                    new CompactThrift.Writer()
                            .i32(1, field.kind.number)
                            .i32(3, OPTIONAL)
                            .string(4, field.list ? "element" : field.name);
            if (field.kind == Kind.STRING) {
                leaf.i32(6, CONVERTED_UTF8).struct(10, emptyUnion(LOGICAL_STRING));
            }
            elements.add(leaf);
        }
        return elements;
    }

    private static CompactThrift.Writer emptyUnion(int member) {
        return new CompactThrift.Writer().struct(member, new CompactThrift.Writer());
    }

    private void write(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** One column in one row group. */
    private final class Chunk {
        private final Field field;
        private final Values values;
        private final int rows;
        private final int count;
        private long packedSize;
        private long unpackedSize;

        Chunk(Field field, Values values, int rows) {
            this.field = field;
            this.values = values;
            this.rows = rows;
            int[] offsets = values.offsets;
            this.count = offsets == null ? rows : offsets[rows];
            if (field.list != (offsets != null)) {
                throw new IllegalArgumentException("field " + field + " with the other's values");
            }
        }

        /** Writes the pages; gives the footer's entry for them. */
        CompactThrift.Writer write() throws IOException {
            long start = channel.position();
            Dictionary dictionary = new Dictionary(values.values, count);
            int[] levels = levels();
            ByteArrayOutputStream page = new ByteArrayOutputStream();
            writeLevels(page, levels);
            long dictionaryStart = -1;
            int encoding = ENCODING_PLAIN;
            if (dictionary.isWorthwhile()) {
                dictionaryStart = start;
                encoding = ENCODING_RLE_DICTIONARY;
                writePage(
                        PAGE_DICTIONARY,
                        dictionary.size(),
                        ENCODING_PLAIN,
                        plain(dictionary.firstUses, dictionary.size()));
                int width = 32 - Integer.numberOfLeadingZeros(dictionary.size() - 1);
                page.write(width);
                page.writeBytes(hybrid(dictionary.indices, count, width));
            } else {
                page.writeBytes(plain(null, count));
            }
            long dataStart = channel.position();
            writePage(PAGE_DATA, levels.length, encoding, page.toByteArray());
            return metadata(start, dictionaryStart, dataStart, levels.length);
        }

        private CompactThrift.Writer metadata(
                long start, long dictionaryStart, long dataStart, int levelCount) {
            boolean dictionary = dictionaryStart >= 0;
            int[] encodings =
                    dictionary
                            ? new int[] {ENCODING_PLAIN, ENCODING_RLE, ENCODING_RLE_DICTIONARY}
                            : new int[] {ENCODING_PLAIN, ENCODING_RLE};
            String[] path =
                    field.list
                            ? new String[] {field.name, "list", "element"}
                            : new String[] {field.name};
            CompactThrift.Writer metadata =
                    new CompactThrift.Writer()
                            .i32(1, field.kind.number)
                            .i32s(2, encodings)
                            .strings(3, path)
                            .i32(4, CODEC_SNAPPY)
                            .i64(5, levelCount)
                            .i64(6, unpackedSize)
                            .i64(7, packedSize)
                            .i64(9, dataStart);
            if (dictionary) {
                metadata.i64(11, dictionaryStart);
            }
            return new CompactThrift.Writer().i64(2, start).struct(3, metadata);
        }

        /**
         * Definition levels, one for each value and for each empty list: a list's value 3, an empty
         * list 1, a scalar 1.
         */
        private int[] levels() {
            int[] offsets = values.offsets;
            if (offsets == null) {
                int[] levels = new int[rows];
                Arrays.fill(levels, 1);
                return levels;
            }
            int[] levels = new int[rows + count];
            int length = 0;
            for (int row = 0; row < rows; row++) {
                if (offsets[row] == offsets[row + 1]) {
                    levels[length++] = 1;
                }
                for (int i = offsets[row]; i < offsets[row + 1]; i++) {
                    levels[length++] = 3;
                }
            }
            return Arrays.copyOf(levels, length);
        }

        private void writeLevels(ByteArrayOutputStream page, int[] definition) {
            int[] offsets = values.offsets;
            if (offsets != null) {
                int[] repetition = new int[definition.length];
                int position = 0;
                for (int row = 0; row < rows; row++) {
                    int length = Math.max(1, offsets[row + 1] - offsets[row]);
                    for (int i = 1; i < length; i++) {
                        repetition[position + i] = 1;
                    }
                    position += length;
                }
                writeSized(page, hybrid(repetition, repetition.length, 1));
            }
            writeSized(page, hybrid(definition, definition.length, offsets == null ? 1 : 2));
        }

        private static void writeSized(ByteArrayOutputStream page, byte[] bytes) {
            page.writeBytes(
                    ByteBuffer.allocate(4)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(bytes.length)
                            .array());
            page.writeBytes(bytes);
        }

        private void writePage(int type, int valueCount, int encoding, byte[] plain)
                throws IOException {
            byte[] packed = compress(plain);
            CRC32 checksum = new CRC32();
            checksum.update(packed);
            CompactThrift.Writer header =
                    new CompactThrift.Writer()
                            .i32(1, type)
                            .i32(2, plain.length)
                            .i32(3, packed.length)
                            .i32(4, (int) checksum.getValue());
            CompactThrift.Writer kind =
                    new CompactThrift.Writer().i32(1, valueCount).i32(2, encoding);
            if (type == PAGE_DATA) {
                header.struct(5, kind.i32(3, ENCODING_RLE).i32(4, ENCODING_RLE));
            } else {
                header.struct(7, kind);
            }
            byte[] head = header.toStruct();
            ParquetWriter.this.write(head);
            ParquetWriter.this.write(packed);
            packedSize += head.length + packed.length;
            unpackedSize += head.length + plain.length;
        }

        /** Through native buffers, so that no array is pinned while native code runs. */
        private static byte[] compress(byte[] plain) throws IOException {
            ByteBuffer source = ByteBuffer.allocateDirect(plain.length).put(plain).flip();
            ByteBuffer target = ByteBuffer.allocateDirect(Snappy.maxCompressedLength(plain.length));
            Snappy.compress(source, target);
            byte[] packed = new byte[target.remaining()];
            target.get(packed);
            return packed;
        }

        /** Values as they are; {@code chosen} tells which, null all. */
        private byte[] plain(int @Nullable [] chosen, int length) {
            if (values.values instanceof String[] strings) {
                return plainStrings(strings, chosen, length);
            }
            if (values.values instanceof boolean[] booleans) {
                byte[] bits = new byte[(length + 7) / 8];
                for (int i = 0; i < length; i++) {
                    bits[i >> 3] |= (byte) ((booleans[i] ? 1 : 0) << (i & 7));
                }
                return bits;
            }
            int width = field.kind == Kind.INT64 || field.kind == Kind.DOUBLE ? 8 : 4;
            ByteBuffer plain =
                    ByteBuffer.allocate(Math.multiplyExact(length, width))
                            .order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < length; i++) {
                int at = chosen == null ? i : chosen[i];
                switch (values.values) {
                    case long[] array -> plain.putLong(array[at]);
                    case int[] array -> plain.putInt(array[at]);
                    case float[] array -> plain.putInt(Float.floatToRawIntBits(array[at]));
                    case double[] array -> plain.putLong(Double.doubleToRawLongBits(array[at]));
                    default -> throw new AssertionError(field);
                }
            }
            return plain.array();
        }

        private static byte[] plainStrings(String[] strings, int @Nullable [] chosen, int length) {
            ByteArrayOutputStream plain = new ByteArrayOutputStream();
            for (int i = 0; i < length; i++) {
                String string = strings[chosen == null ? i : chosen[i]];
                writeSized(plain, string.getBytes(StandardCharsets.UTF_8));
            }
            return plain.toByteArray();
        }
    }

    /** The distinct values of a column, by their bits. */
    private static final class Dictionary {
        private final int count;
        private final boolean possible;
        private final int[] indices;
        private int[] firstUses;
        private int size;

        Dictionary(Object values, int count) {
            this.count = count;
            this.possible = !(values instanceof boolean[]);
            this.indices = new int[possible ? count : 0];
            this.firstUses = new int[16];
            if (possible) {
                index(values);
            }
        }

        private void index(Object values) {
            Map<Object, Integer> known = new HashMap<>();
            for (int i = 0; i < count; i++) {
                Integer index = known.putIfAbsent(key(values, i), size);
                if (index == null) {
                    if (size == firstUses.length) {
                        firstUses = Arrays.copyOf(firstUses, 2 * size);
                    }
                    firstUses[size] = i;
                    index = size++;
                }
                indices[i] = index;
            }
        }

        private static Object key(Object values, int i) {
            return switch (values) {
                case long[] array -> array[i];
                case int[] array -> array[i];
                case float[] array -> Float.floatToRawIntBits(array[i]);
                case double[] array -> Double.doubleToRawLongBits(array[i]);
                case String[] array -> array[i];
                default -> throw new AssertionError(values);
            };
        }

        int size() {
            return size;
        }

        /** Two indices and an entry take less than two values only where values repeat. */
        boolean isWorthwhile() {
            return possible && size > 0 && size <= count / 2;
        }
    }

    /**
     * Parquet's mixture of run lengths and packed bits: a varint {@code runLength << 1} and the
     * value in whole bytes, or {@code groups << 1 | 1} and groups of eight values of {@code width}
     * bits, the lowest bits first.
     */
    static byte[] hybrid(int[] values, int count, int width) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int position = 0;
        while (position < count) {
            int run = runLength(values, count, position);
            if (run >= 8 || position + run == count && run > 1 || width == 0) {
                writeVarint(out, (long) run << 1);
                for (int bits = 0; bits < width; bits += 8) {
                    out.write(values[position] >>> bits);
                }
                position += run;
                continue;
            }
            int end = position;
            while (end < count && runLength(values, count, end) < 8) {
                end = Math.min(count, end + 8);
            }
            int groups = (end - position + 7) / 8;
            writeVarint(out, (long) groups << 1 | 1);
            writePacked(out, values, position, count, groups, width);
            position = Math.min(count, position + groups * 8);
        }
        return out.toByteArray();
    }

    private static int runLength(int[] values, int count, int from) {
        int end = from + 1;
        while (end < count && values[end] == values[from]) {
            end++;
        }
        return end - from;
    }

    private static void writePacked(
            ByteArrayOutputStream out, int[] values, int from, int count, int groups, int width) {
        long buffer = 0;
        int bits = 0;
        for (int i = from; i < from + groups * 8; i++) {
            buffer |= (i < count ? values[i] & 0xFFFFFFFFL : 0) << bits;
            bits += width;
            while (bits >= 8) {
                out.write((int) buffer);
                buffer >>>= 8;
                bits -= 8;
            }
        }
    }

    private static void writeVarint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
