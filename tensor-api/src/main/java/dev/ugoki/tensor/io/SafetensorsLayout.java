package dev.ugoki.tensor.io;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a safetensors file lies on the disk: eight bytes that tell the header's length, the header,
 * padded with spaces so that the data is aligned to eight bytes, and the data.
 *
 * @param header the header with its padding
 * @param data the tensors in their order
 */
record SafetensorsLayout(byte[] header, List<MemorySegment> data) {
    /** Bytes of the number that a file begins with. */
    static final int LENGTH_SIZE = 8;

    /** The longest header that the format allows. */
    private static final int MOST_HEADER_BYTES = 100_000_000;

    private static final int ALIGNMENT = 8;

    /** The header of a mapped file: its length is checked, its content not yet. */
    static byte[] headerOf(Path path, MemorySegment file) throws FileFormatException {
        if (file.byteSize() < LENGTH_SIZE) {
            throw new FileFormatException(
                    path,
                    "is not safetensors: it has %d bytes, fewer than the 8 of the header's length;"
                                    .formatted(file.byteSize())
                            + " if it was one, fetch or write it again");
        }
        long length = file.get(Elements.LONG, 0);
        if (length < 0 || length > MOST_HEADER_BYTES) {
            throw new FileFormatException(
                    path,
                    ("is not safetensors: its first 8 bytes announce a header of %s bytes, but the"
                                    + " format allows %d; name another file")
                            .formatted(Long.toUnsignedString(length), MOST_HEADER_BYTES));
        }
        if (length > file.byteSize() - LENGTH_SIZE) {
            throw new FileFormatException(
                    path,
                    ("is cut off, or is not safetensors: its first 8 bytes announce a header of %d"
                                    + " bytes, but only %d follow; fetch or write it again")
                            .formatted(length, file.byteSize() - LENGTH_SIZE));
        }
        return file.asSlice(LENGTH_SIZE, length).toArray(Elements.BYTE);
    }

    /** Lays out tensors for writing. */
    static SafetensorsLayout of(Map<String, HostArray> tensors, Map<String, String> metadata) {
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException(
                    "a tensor may not be named __metadata__, which the format keeps for itself;"
                            + " rename it");
        }
        List<Map.Entry<String, HostArray>> ordered = new ArrayList<>(tensors.entrySet());
        ordered.sort(
                Comparator.comparing((Map.Entry<String, HostArray> e) -> type(e.getValue()))
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()));
        StringBuilder json = new StringBuilder("{");
        if (!metadata.isEmpty()) {
            appendMetadata(json, metadata);
        }
        List<MemorySegment> data = new ArrayList<>();
        long offset = 0;
        for (Map.Entry<String, HostArray> named : ordered) {
            HostArray array = named.getValue();
            appendSeparator(json);
            appendString(json, named.getKey());
            long end = Math.addExact(offset, array.bytes().byteSize());
            // appended, not formatted: a locale may have digits of its own
            json.append(":{\"dtype\":\"").append(type(array));
            json.append("\",\"shape\":").append(array.shape());
            json.append(",\"data_offsets\":[").append(offset).append(',').append(end).append("]}");
            data.add(array.bytes());
            offset = end;
        }
        return new SafetensorsLayout(padded(json.append('}')), data);
    }

    private static SafetensorsType type(HostArray array) {
        return SafetensorsType.of(array.dtype());
    }

    private static void appendMetadata(StringBuilder json, Map<String, String> metadata) {
        appendString(json, SafetensorsHeader.METADATA);
        json.append(":{");
        new TreeMap<>(metadata)
                .forEach(
                        (key, text) -> {
                            appendSeparator(json);
                            appendString(json, key);
                            json.append(':');
                            appendString(json, text);
                        });
        json.append('}');
    }

    private static void appendSeparator(StringBuilder json) {
        if (json.charAt(json.length() - 1) != '{') {
            json.append(',');
        }
    }

    private static void appendString(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> json.append('\\').append(c);
                case '\b' -> json.append("\\b");
                case '\f' -> json.append("\\f");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < ' ') {
                        json.append("\\u").append(HexFormat.of().toHexDigits(c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
    }

    private static byte[] padded(StringBuilder json) {
        ByteBuffer encoded;
        try {
            encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(json));
        } catch (CharacterCodingException halfPair) {
            throw new IllegalArgumentException(
                    "a name or a text of the metadata holds half a surrogate pair, which UTF-8"
                            + " cannot hold; mend it",
                    halfPair);
        }
        int length = encoded.remaining();
        int paddedLength = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (paddedLength > MOST_HEADER_BYTES) {
            throw new IllegalArgumentException(
                    "the header takes %d bytes, but the format allows %d; write several files"
                            .formatted(paddedLength, MOST_HEADER_BYTES));
        }
        byte[] header = new byte[paddedLength];
        encoded.get(header, 0, length);
        Arrays.fill(header, length, paddedLength, (byte) ' ');
        return header;
    }

    void writeTo(OutputStream out) throws IOException {
        byte[] length = new byte[LENGTH_SIZE];
        ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length);
        out.write(length);
        out.write(header);
        for (MemorySegment tensor : data) {
            Elements.writeTo(out, tensor);
        }
    }
}
