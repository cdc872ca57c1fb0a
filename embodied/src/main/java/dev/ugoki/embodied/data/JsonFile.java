package dev.ugoki.embodied.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The JSON files of data sets, read leniently in what they hold and strictly in what is asked for.
 *
 * <p>Every complaint names the file and the key.
 */
record JsonFile(Path file, JsonNode root) {
    /** Metadata beyond this is not metadata. */
    private static final long MAX_BYTES = 256L << 20;

    /** Python writes NaN and Infinity as bare words; the depth bound keeps recursion shallow. */
    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(64)
                                                    .build())
                                    .build())
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    static JsonFile read(Path file) throws IOException {
        return new JsonFile(file, parse(file, readAll(file), ""));
    }

    /** One JSON object a line; empty lines don't count. */
    static List<JsonFile> readLines(Path file) throws IOException {
        List<JsonFile> lines = new ArrayList<>();
        byte[] bytes = readAll(file);
        int line = 1;
        for (int start = 0, end; start < bytes.length; start = end + 1, line++) {
            end = start;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            if (!new String(bytes, start, end - start, StandardCharsets.UTF_8).isBlank()) {
                byte[] text = Arrays.copyOfRange(bytes, start, end);
                lines.add(new JsonFile(file, parse(file, text, "line " + line + ": ")));
            }
        }
        return lines;
    }

    private static byte[] readAll(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new DataFormatException(file, "is missing");
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new DataFormatException(file, "larger than 256 MiB: no metadata is so long");
        }
        return Files.readAllBytes(file);
    }

    private static JsonNode parse(Path file, byte[] text, String where) throws IOException {
        try {
            JsonNode node = MAPPER.readTree(text);
            if (node.isObject()) {
                return node;
            }
            throw new DataFormatException(file, where + "not a JSON object");
        } catch (JsonProcessingException problem) {
            throw new DataFormatException(
                    file, where + "not valid JSON: " + problem.getOriginalMessage(), problem);
        } catch (DataFormatException problem) {
            throw problem;
        } catch (IOException problem) {
            throw new DataFormatException(file, where + problem.getMessage(), problem);
        }
    }

    static byte[] toBytes(JsonNode node) throws IOException {
        DefaultIndenter indent = new DefaultIndenter("    ", "\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentObjectsWith(indent);
        printer.indentArraysWith(indent);
        return MAPPER.writer(printer).writeValueAsBytes(node);
    }

    /** The same in one line. */
    static String toLine(JsonNode node) throws IOException {
        return MAPPER.writeValueAsString(node);
    }

    DataFormatException wrong(String key, String problem) {
        return new DataFormatException(file, "\"" + key + "\" " + problem);
    }

    boolean has(String key) {
        return !node(key).isMissingNode() && !node(key).isNull();
    }

    JsonNode node(String key) {
        JsonNode node = root.get(key);
        return node == null ? MissingNode.getInstance() : node;
    }

    /** A whole number within bounds. */
    long integer(String key, long least, long most) throws DataFormatException {
        return integer(node(key), key, least, most);
    }

    long integer(JsonNode node, String key, long least, long most) throws DataFormatException {
        if (!node.isNumber() || node.doubleValue() != Math.rint(node.doubleValue())) {
            throw wrong(key, "is " + brief(node) + ", not a whole number");
        }
        double value = node.doubleValue();
        if (value < least || value > most) {
            throw wrong(key, "is %s, not within %d and %d".formatted(brief(node), least, most));
        }
        return node.longValue();
    }

    String text(String key) throws DataFormatException {
        if (!node(key).isTextual()) {
            throw wrong(key, "is " + brief(node(key)) + ", not a string");
        }
        return node(key).textValue();
    }

    /** All numbers in nested lists, one after the other; booleans count as 0 and 1. */
    double[] numbers(String key) throws DataFormatException {
        List<Double> values = new ArrayList<>();
        collect(node(key), key, values);
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private void collect(JsonNode node, String key, List<Double> values)
            throws DataFormatException {
        if (node.isArray()) {
            for (JsonNode child : node) {
                collect(child, key, values);
            }
        } else if (node.isNumber()) {
            values.add(node.doubleValue());
        } else if (node.isBoolean()) {
            values.add(node.booleanValue() ? 1.0 : 0.0);
        } else {
            throw wrong(key, "holds " + brief(node) + ", not a number");
        }
    }

    /** The object under a key, as a document whose complaints name this file. */
    JsonFile object(String key) throws DataFormatException {
        if (!node(key).isObject()) {
            throw wrong(key, "is " + brief(node(key)) + ", not an object");
        }
        return new JsonFile(file, node(key));
    }

    static String brief(JsonNode node) {
        if (node.isMissingNode()) {
            return "missing";
        }
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
