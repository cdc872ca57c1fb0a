package dev.ugoki.tensor.io;

import static dev.ugoki.tensor.io.FileFormatException.quote;

import dev.ugoki.tensor.Shape;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, read and checked.
 *
 * <pre>{@code
 * {"__metadata__":{"format":"pt"},
 *  "fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, ...}
 * }</pre>
 *
 * <p>Checked are: that the JSON is whole and has these keys only, each once; that dtypes are of the
 * format; that a tensor's offsets span as many bytes as its dtype and shape take; and that the
 * tensors, ordered by offset, fill the data without gap, overlap or rest.
 *
 * @param metadata the {@code __metadata__}, in the order of the header
 * @param tensors the tensors by name, in the order of the header
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> tensors) {
    static final String METADATA = "__metadata__";

    private static final int MOST_DIMENSIONS = 64;
    private static final String BROKEN =
            "; the file is corrupt or was not written by a correct writer: write it anew";

    /**
     * One tensor.
     *
     * @param begin offset of its first byte, counted from the end of the header
     * @param end offset after its last byte
     */
    record Entry(SafetensorsType type, Shape shape, long begin, long end) {}

    /**
     * Reads and checks a header.
     *
     * @param file named in errors
     * @param json the header
     * @param dataSize the number of bytes that follow it in the file
     */
    static SafetensorsHeader parse(Path file, byte[] json, long dataSize)
            throws FileFormatException {
        if (json.length == 0 || json[0] != '{') {
            throw new FileFormatException(
                    file,
                    "is not safetensors: the header does not begin with '{'; name another file");
        }
        JsonReader reader = new JsonReader(file, json);
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> tensors = new LinkedHashMap<>();
        reader.readObject(
                key -> {
                    if (key.equals(METADATA)) {
                        reader.readObject(name -> metadata.put(name, reader.readString()));
                    } else {
                        tensors.put(key, new EntryParser(file, key, reader).parse());
                    }
                });
        reader.expectEnd();
        checkLayout(file, tensors, dataSize);
        return new SafetensorsHeader(
                Collections.unmodifiableMap(metadata), Collections.unmodifiableMap(tensors));
    }

    private static void checkLayout(Path file, Map<String, Entry> tensors, long dataSize)
            throws FileFormatException {
        List<Map.Entry<String, Entry>> byOffset = new ArrayList<>(tensors.entrySet());
        byOffset.sort(
                Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
                        .thenComparingLong(e -> e.getValue().end()));
        long filled = 0;
        String previous = "the header";
        for (Map.Entry<String, Entry> named : byOffset) {
            Entry entry = named.getValue();
            if (entry.begin() != filled) {
                throw tensorError(
                        file,
                        named.getKey(),
                        "begins at offset %d, but %s ends at %d: %s"
                                        .formatted(
                                                entry.begin(),
                                                previous,
                                                filled,
                                                entry.begin() < filled ? "an overlap" : "a gap")
                                + BROKEN);
            }
            filled = entry.end();
            previous = quote(named.getKey());
        }
        if (filled > dataSize) {
            throw new FileFormatException(
                    file,
                    ("is cut off: its tensors take %d bytes, but only %d follow the header;"
                                    + " fetch or write the file again")
                            .formatted(filled, dataSize));
        }
        if (filled < dataSize) {
            throw new FileFormatException(
                    file, "%d bytes follow the last tensor%s".formatted(dataSize - filled, BROKEN));
        }
    }

    private static FileFormatException tensorError(Path file, String name, String problem) {
        return new FileFormatException(file, "tensor " + quote(name) + " " + problem);
    }

    /** Reads and checks one tensor's object. */
    private static final class EntryParser {
        private final Path file;
        private final String name;
        private final JsonReader json;
        private @Nullable SafetensorsType type;
        private long @Nullable [] extents;
        private long @Nullable [] offsets;

        EntryParser(Path file, String name, JsonReader json) {
            this.file = file;
            this.name = name;
            this.json = json;
        }

        Entry parse() throws FileFormatException {
            json.readObject(
                    key -> {
                        switch (key) {
                            case "dtype" -> type = readType();
                            case "shape" -> extents = readLongs(key, MOST_DIMENSIONS);
                            case "data_offsets" -> offsets = readLongs(key, 2);
                            default ->
                                    throw error(
                                            "has the key "
                                                    + quote(key)
                                                    + ", but the format knows dtype, shape and"
                                                    + " data_offsets only"
                                                    + BROKEN);
                        }
                    });
            if (type == null || extents == null || offsets == null) {
                String missing =
                        type == null ? "dtype" : extents == null ? "shape" : "data_offsets";
                throw error("has no " + missing + BROKEN);
            }
            return check(type, extents, offsets);
        }

        private SafetensorsType readType() throws FileFormatException {
            String typeName = json.readString();
            SafetensorsType known = SafetensorsType.named(typeName);
            if (known == null) {
                throw error(
                        "has the dtype " + quote(typeName) + ", which the format lacks" + BROKEN);
            }
            return known;
        }

        private long[] readLongs(String key, int most) throws FileFormatException {
            List<Long> values = new ArrayList<>();
            json.readArray(
                    () -> {
                        long value = json.readLong();
                        if (value < 0) {
                            throw error("has the negative number " + value + " in " + key + BROKEN);
                        }
                        if (values.size() == most) {
                            throw error(
                                    "has more than %d numbers in %s%s"
                                            .formatted(most, key, BROKEN));
                        }
                        values.add(value);
                    });
            return values.stream().mapToLong(Long::longValue).toArray();
        }

        private Entry check(SafetensorsType type, long[] extents, long[] offsets)
                throws FileFormatException {
            if (offsets.length != 2) {
                throw error("has data_offsets that are not [begin, end]" + BROKEN);
            }
            long begin = offsets[0];
            long end = offsets[1];
            if (end < begin) {
                throw error(
                        "ends at offset %d before it begins at %d%s".formatted(end, begin, BROKEN));
            }
            Shape shape;
            long bits;
            try {
                shape = CheckedShape.of(extents);
                bits = Math.multiplyExact(shape.elementCount(), type.bits());
            } catch (ArithmeticException overflow) {
                throw error(
                        "has a shape of more bits than 64-bit numbers can count: "
                                + Arrays.toString(extents)
                                + BROKEN);
            }
            if (bits % 8 != 0 || bits / 8 != end - begin) {
                throw error(
                        "takes %s bytes as %s%s, but its offsets [%d, %d] span %d%s"
                                .formatted(
                                        bits % 8 == 0 ? Long.toString(bits / 8) : bits + "/8",
                                        type,
                                        shape,
                                        begin,
                                        end,
                                        end - begin,
                                        BROKEN));
            }
            return new Entry(type, shape, begin, end);
        }

        private FileFormatException error(String problem) {
            return tensorError(file, name, problem);
        }
    }
}
