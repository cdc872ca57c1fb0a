package dev.ugoki.embodied.data;

import dev.hardwood.metadata.ColumnChunk;
import dev.hardwood.metadata.ColumnMetaData;
import dev.hardwood.metadata.CompressionCodec;
import dev.hardwood.metadata.FileMetaData;
import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.metadata.RowGroup;
import dev.hardwood.schema.ColumnSchema;
import dev.hardwood.schema.FileSchema;
import dev.ugoki.embodied.data.CompactThrift.MalformedException;
import dev.ugoki.embodied.data.CompactThrift.Reader;

import org.xerial.snappy.Snappy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks through a Parquet file before a decoder is let at it.
 *
 * <p>Sizes and counts in a Parquet file are promises, and hardwood 1.0 takes some of them at their
 * word, as do some versions of the codec below it (snappy-java 1.1.10.8 writes as many bytes as the
 * data announce, whatever the buffer's size): a damaged file may ask for gigabytes or end the JVM.
 * So every number that leads to an allocation or to native code is checked here first: that the
 * footer is well-formed; that column chunks and pages lie in the file, follow each other without
 * gaps and count what the footer says; that what a page unpacks to is no more than its codec can
 * make of it, and as much as its values need; that the whole is in proportion to the file.
 */
final class ParquetInspection {
    private static final int MAGIC = 0x31524150; // "PAR1"

    /** Run lengths pack without bound; this far the decoded values may exceed the file. */
    private static final long MAX_RATIO = 1000;

    private static final long FREE_BYTES = 1L << 20;

    private static final char HIDDEN_DOT = 1;

    private static final int DATA_PAGE = 0;
    private static final int DICTIONARY_PAGE = 2;
    private static final int DATA_PAGE_V2 = 3;

    private static final int PLAIN = 0;
    private static final int PLAIN_DICTIONARY = 2;
    private static final int RLE = 3;
    private static final int BYTE_STREAM_SPLIT = 9;
    private static final int RLE_DICTIONARY = 8;

    private final Path file;
    private final ByteBuffer bytes;

    ParquetInspection(Path file, ByteBuffer bytes) {
        this.file = file;
        this.bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Checks all that the footer is made of, and makes it fit for parsing. */
    void checkFooter() throws DataFormatException {
        int length = bytes.limit();
        if (length < 12 || bytes.getInt(0) != MAGIC) {
            throw wrong("not a Parquet file: it doesn't begin with PAR1");
        }
        if (bytes.getInt(length - 4) != MAGIC) {
            throw wrong("the Parquet file is cut off: it doesn't end with PAR1");
        }
        int footer = bytes.getInt(length - 8);
        if (footer <= 0 || footer > length - 12) {
            throw wrong("a footer of %d bytes in a file of %d", footer, length);
        }
        Reader reader = new Reader(bytes, length - 8 - footer, length - 8);
        try {
            ParquetStructs.FILE_METADATA.checkStruct(reader);
            hideDots(new Reader(bytes, length - 8 - footer, length - 8));
        } catch (MalformedException problem) {
            throw wrong("the Parquet footer is damaged: %s", problem.problem());
        }
    }

    /** The name of a column as it stands in the file. */
    static String withDots(String name) {
        return name.replace(HIDDEN_DOT, '.');
    }

    /**
     * hardwood 1.0 selects columns by a path that it splits at dots, so that it can't find any
     * whose own name has one, as {@code observation.state} has. In the copy in memory the dots of
     * names become another byte.
     */
    private void hideDots(Reader reader) throws MalformedException {
        reader.readStruct(
                (id, type) -> {
                    if (id == 2) {
                        reader.readList(
                                (i, t) ->
                                        reader.readStruct(
                                                (field, f) -> hideDots(reader, field, f)));
                    } else {
                        reader.skip(type);
                    }
                });
    }

    private void hideDots(Reader reader, int field, int type) throws MalformedException {
        if (field != 4) {
            reader.skip(type);
            return;
        }
        int length = reader.readLength();
        for (int i = reader.position(); i < reader.position() + length; i++) {
            if (bytes.get(i) == HIDDEN_DOT) {
                throw new MalformedException("a column's name holds a control character");
            }
            if (bytes.get(i) == '.') {
                bytes.put(i, (byte) HIDDEN_DOT);
            }
        }
        reader.advance(length);
    }

    /** Checks one leaf column in all row groups; the metadata must come from this file. */
    void checkColumn(FileMetaData metadata, FileSchema schema, ColumnSchema column)
            throws DataFormatException {
        long decoded = 0;
        long rows = 0;
        for (RowGroup group : metadata.rowGroups()) {
            rows += group.numRows();
            if (group.numRows() < 0 || group.columns().size() != schema.getColumnCount()) {
                throw wrong(
                        "a row group of %d rows and %d columns",
                        group.numRows(), group.columns().size());
            }
            ColumnChunk chunk = group.columns().get(column.columnIndex());
            if (chunk == null || chunk.metaData() == null) {
                throw wrong("column '%s' has no metadata", name(column));
            }
            decoded += new ChunkInspection(column, chunk, group.numRows()).check();
            if (decoded > FREE_BYTES + MAX_RATIO * bytes.limit()) {
                throw wrong(
                        "column '%s' would decode to %d bytes or more from a file of %d",
                        name(column), decoded, bytes.limit());
            }
        }
        if (rows != metadata.numRows()) {
            throw wrong(
                    "row groups of %d rows in all, but the file says %d", rows, metadata.numRows());
        }
    }

    private static String name(ColumnSchema column) {
        return withDots(column.fieldPath().topLevelName());
    }

    private DataFormatException wrong(String problem, Object... values) {
        return new DataFormatException(file, problem.formatted(values));
    }

    /** A page header's numbers; the fields are Parquet's. */
    private static final class Page {
        int type = -1;
        int uncompressedSize = -1;
        int compressedSize = -1;
        int valueCount = -1;
        int encoding = -1;
        int levelBytes;
        boolean valuesCompressed = true;
        int headerStart;
        int dataStart;
    }

    /** One column in one row group. */
    private final class ChunkInspection {
        private final ColumnSchema column;
        private final ColumnChunk chunk;
        private final ColumnMetaData metadata;
        private final long rows;
        private long longestEntry;

        ChunkInspection(ColumnSchema column, ColumnChunk chunk, long rows) {
            this.column = column;
            this.chunk = chunk;
            this.metadata = chunk.metaData();
            this.rows = rows;
        }

        /** The bytes that decoding takes, about. */
        long check() throws DataFormatException {
            if (metadata.type() != column.type()) {
                throw damaged("its type changes");
            }
            long start = chunk.chunkStartOffset();
            long end = start + metadata.totalCompressedSize();
            if (start < 4 || metadata.totalCompressedSize() < 0 || end > bytes.limit() - 8) {
                throw damaged("it lies outside of the file");
            }
            List<Page> pages = readPages((int) start, (int) end);
            boolean dictionary = !pages.isEmpty() && pages.get(0).type == DICTIONARY_PAGE;
            long decoded = 0;
            long values = 0;
            for (int i = 0; i < pages.size(); i++) {
                Page page = pages.get(i);
                if ((page.type == DICTIONARY_PAGE) != (dictionary && i == 0)) {
                    throw damaged("a dictionary is not its first page");
                }
                decoded += checkPage(page, dictionary);
                values += page.type == DICTIONARY_PAGE ? 0 : page.valueCount;
            }
            checkCounts(values);
            int firstData = dictionary ? 1 : 0;
            if (pages.size() > firstData
                    && metadata.dataPageOffset() != pages.get(firstData).headerStart) {
                throw damaged("its first data page is not where the footer says");
            }
            if (chunk.offsetIndexOffset() != null) {
                checkOffsetIndex(pages.subList(Math.min(firstData, pages.size()), pages.size()));
            }
            return decoded;
        }

        private void checkCounts(long values) throws DataFormatException {
            if (values != metadata.numValues()) {
                throw damaged(
                        "its pages hold %d values, the footer says %d",
                        values, metadata.numValues());
            }
            if (column.maxRepetitionLevel() == 0 ? values != rows : values < rows) {
                throw damaged("%d values for %d rows", values, rows);
            }
        }

        private List<Page> readPages(int start, int end) throws DataFormatException {
            List<Page> pages = new ArrayList<>();
            for (int position = start; position < end; ) {
                Page page = readPage(position, end);
                pages.add(page);
                position = page.dataStart + page.compressedSize;
            }
            return pages;
        }

        private Page readPage(int position, int end) throws DataFormatException {
            Page page = new Page();
            page.headerStart = position;
            Reader reader = new Reader(bytes, position, end);
            try {
                ParquetStructs.PAGE_HEADER.checkStruct(new Reader(bytes, position, end));
                reader.readStruct((id, type) -> readPageField(page, reader, id, type));
            } catch (MalformedException problem) {
                throw damaged("page header at byte %d: %s", position, problem.problem());
            }
            page.dataStart = reader.position();
            if (page.compressedSize < 0
                    || page.uncompressedSize < 0
                    || page.valueCount < 0
                    || page.compressedSize > end - page.dataStart) {
                throw damaged(
                        "page at byte %d: %d bytes, unpacked %d, %d values",
                        position, page.compressedSize, page.uncompressedSize, page.valueCount);
            }
            if (page.levelBytes < 0
                    || page.levelBytes > Math.min(page.compressedSize, page.uncompressedSize)) {
                throw damaged("page at byte %d: %d bytes of levels", position, page.levelBytes);
            }
            return page;
        }

        private void readPageField(Page page, Reader reader, int id, int type)
                throws MalformedException {
            switch (id) {
                case 1 -> page.type = reader.readI32();
                case 2 -> page.uncompressedSize = reader.readI32();
                case 3 -> page.compressedSize = reader.readI32();
                case 5, 7, 8 -> {
                    int of = id == 5 ? DATA_PAGE : id == 7 ? DICTIONARY_PAGE : DATA_PAGE_V2;
                    if (of != page.type) {
                        throw new MalformedException("its kind and its header differ");
                    }
                    reader.readStruct((inner, t) -> readKindField(page, reader, inner, t));
                }
                default -> reader.skip(type);
            }
        }

        /** Fields of the three kinds' own headers. */
        private void readKindField(Page page, Reader reader, int id, int type)
                throws MalformedException {
            boolean v2 = page.type == DATA_PAGE_V2;
            if (id == 1) {
                page.valueCount = reader.readI32();
            } else if (id == (v2 ? 4 : 2)) {
                page.encoding = reader.readI32();
            } else if (v2 && (id == 5 || id == 6)) {
                int length = reader.readI32();
                if (length < 0 || length > bytes.limit()) {
                    throw new MalformedException("levels of " + length + " bytes");
                }
                page.levelBytes += length;
            } else if (v2 && id == 7) {
                page.valuesCompressed = type == CompactThrift.TRUE;
            } else {
                reader.skip(type);
            }
        }

        private long checkPage(Page page, boolean dictionary) throws DataFormatException {
            checkPacking(page);
            int width = valueWidth();
            if (page.type == DICTIONARY_PAGE) {
                if (column.type() == PhysicalType.BOOLEAN) {
                    throw damaged("a dictionary of booleans");
                }
                requireRoom(page, width);
                if (column.type() == PhysicalType.BYTE_ARRAY) {
                    longestEntry = longestEntry(page);
                }
                return page.uncompressedSize + 16L * page.valueCount;
            }
            long values = page.valueCount;
            switch (page.encoding) {
                case PLAIN, BYTE_STREAM_SPLIT -> requireRoom(page, width);
                case PLAIN_DICTIONARY, RLE_DICTIONARY -> {
                    if (!dictionary) {
                        throw damaged("a page needs a dictionary, but there is none");
                    }
                }
                case RLE -> {
                    if (column.type() != PhysicalType.BOOLEAN) {
                        throw damaged("run lengths of %s", column.type());
                    }
                }
                default ->
                        throw damaged(
                                "encoding number %d is not read; PLAIN and dictionaries are",
                                page.encoding);
            }
            return page.uncompressedSize + (24 + longestEntry) * values;
        }

        /** A dictionary's longest string: each of its uses will be a copy. */
        private long longestEntry(Page page) throws DataFormatException {
            ByteBuffer plain = unpack(page).order(ByteOrder.LITTLE_ENDIAN);
            long longest = 0;
            for (int i = 0; i < page.valueCount; i++) {
                int length = plain.remaining() < 4 ? -1 : plain.getInt();
                if (length < 0 || length > plain.remaining()) {
                    throw damaged("entry %d of its dictionary doesn't fit", i);
                }
                longest = Math.max(longest, length);
                plain.position(plain.position() + length);
            }
            return longest;
        }

        /** A dictionary page's content; its sizes have been checked. */
        private ByteBuffer unpack(Page page) throws DataFormatException {
            ByteBuffer packed = bytes.slice(page.dataStart, page.compressedSize);
            switch (metadata.codec()) {
                case UNCOMPRESSED -> {
                    return packed;
                }
                case SNAPPY -> {
                    ByteBuffer plain = ByteBuffer.allocateDirect(page.uncompressedSize);
                    try {
                        Snappy.uncompress(packed, plain);
                    } catch (IOException problem) {
                        throw damaged("its dictionary: %s", String.valueOf(problem.getMessage()));
                    }
                    return plain;
                }
                default -> {
                    byte[] source = new byte[page.compressedSize];
                    packed.get(source);
                    byte[] plain = new byte[page.uncompressedSize];
                    try (Decompression decompression = new Decompression(file)) {
                        if (metadata.codec() == CompressionCodec.ZSTD) {
                            decompression.zstd(source, 0, source.length, plain, 0, plain.length);
                        } else {
                            decompression.gzip(source, 0, source.length, plain, 0, plain.length);
                        }
                    }
                    return ByteBuffer.wrap(plain);
                }
            }
        }

        /** Bytes that a value takes at least, when written plainly; 0 for less than one. */
        private int valueWidth() {
            return switch (column.type()) {
                case INT32, FLOAT, BYTE_ARRAY -> 4;
                case INT64, DOUBLE -> 8;
                case INT96 -> 12;
                case BOOLEAN -> 0;
                case FIXED_LEN_BYTE_ARRAY ->
                        column.typeLength() == null ? 0 : Math.max(0, column.typeLength());
            };
        }

        /** Values are not null in these data sets, so each one takes its room. */
        private void requireRoom(Page page, int width) throws DataFormatException {
            long needed =
                    column.type() == PhysicalType.BOOLEAN
                            ? page.valueCount / 8
                            : (long) page.valueCount * width;
            if (needed > page.uncompressedSize) {
                throw damaged(
                        "%d values in a page of %d bytes, or some are missing",
                        page.valueCount, page.uncompressedSize);
            }
        }

        private void checkPacking(Page page) throws DataFormatException {
            long packed = page.compressedSize - page.levelBytes;
            long plain = page.uncompressedSize - page.levelBytes;
            if (!page.valuesCompressed) {
                if (packed != plain) {
                    throw damaged("%d stored bytes instead of %d", packed, plain);
                }
                return;
            }
            long most =
                    switch (metadata.codec()) {
                        case UNCOMPRESSED -> packed;
                        // A copy of 64 bytes takes 3; a literal is longer than itself.
                        case SNAPPY -> 22 * packed;
                        // A match of 258 bytes takes 2 bits.
                        case GZIP -> 1032 * packed;
                        // A block of 128 KiB takes 4 bytes.
                        case ZSTD -> (1L << 15) * packed;
                        default ->
                                throw damaged(
                                        "codec %s is not read; SNAPPY, ZSTD, GZIP and UNCOMPRESSED"
                                                + " are",
                                        metadata.codec());
                    };
            boolean impossible =
                    switch (metadata.codec()) {
                        case UNCOMPRESSED -> plain != packed;
                        default -> plain > most;
                    };
            if (impossible) {
                throw damaged("%d bytes cannot come from %d", plain, packed);
            }
            boolean nothingPacked = page.type == DATA_PAGE_V2 && packed == 0;
            switch (metadata.codec()) {
                case SNAPPY -> {
                    if (!nothingPacked) {
                        checkSnappySize(page.dataStart + page.levelBytes, (int) packed, plain);
                    }
                }
                default -> {}
            }
        }

        /** Snappy's data begin with the size they unpack to, a varint. */
        private void checkSnappySize(int position, int length, long plain)
                throws DataFormatException {
            long size = 0;
            int shift = 0;
            int i = 0;
            int next = 0x80;
            for (; i < length && i < 5 && next >= 0x80; i++, shift += 7) {
                next = bytes.get(position + i) & 0xFF;
                size |= (next & 0x7FL) << shift;
            }
            if (next >= 0x80 || size != plain) {
                throw damaged("Snappy data of %d bytes where %d are announced", size, plain);
            }
        }

        /** The index, where there is one, must tell the pages that are there. */
        private void checkOffsetIndex(List<Page> pages) throws DataFormatException {
            long start = chunk.offsetIndexOffset();
            Integer length = chunk.offsetIndexLength();
            if (length == null || length < 0 || start < 4 || start + length > bytes.limit() - 8) {
                throw damaged("its page index lies outside of the file");
            }
            List<long[]> found = new ArrayList<>();
            int end = (int) start + length;
            Reader reader = new Reader(bytes, (int) start, end);
            try {
                ParquetStructs.OFFSET_INDEX.checkStruct(new Reader(bytes, (int) start, end));
                reader.readStruct(
                        (id, type) -> {
                            if (id == 1) {
                                reader.readList((i, t) -> found.add(readLocation(reader)));
                            } else {
                                reader.skip(type);
                            }
                        });
            } catch (MalformedException problem) {
                throw damaged("page index: %s", problem.problem());
            }
            boolean same = found.size() == pages.size();
            long previousRow = -1;
            for (int i = 0; same && i < found.size(); i++) {
                Page page = pages.get(i);
                long[] location = found.get(i);
                int size = page.dataStart - page.headerStart + page.compressedSize;
                same =
                        location[0] == page.headerStart
                                && location[1] == size
                                && location[2] > previousRow
                                && location[2] < rows
                                && (i > 0 || location[2] == 0);
                previousRow = location[2];
            }
            if (!same) {
                throw damaged("its page index does not tell the pages that are there");
            }
        }

        private long[] readLocation(Reader reader) throws MalformedException {
            long[] location = {-1, -1, -1};
            reader.readStruct(
                    (id, t) -> {
                        if (id <= 3) {
                            location[id - 1] = reader.readI64();
                        } else {
                            reader.skip(t);
                        }
                    });
            return location;
        }

        private DataFormatException damaged(String problem, Object... values) {
            return new DataFormatException(
                    file, "column '%s': %s".formatted(name(column), problem.formatted(values)));
        }
    }
}
