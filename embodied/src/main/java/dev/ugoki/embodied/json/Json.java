package dev.ugoki.embodied.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reading and writing of whole JSON files of settings. */
public final class Json {
    /** Settings beyond this are no settings. */
    private static final long MAX_BYTES = 16L << 20;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(64)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private Json() {}

    /** A new object to fill. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /**
     * Reads a file that holds one object.
     *
     * @throws FileFormatException if it is missing, too large, or no JSON object
     */
    public static JsonSettings read(Path file) throws IOException {
        return read(file, MAX_BYTES);
    }

    /** As above, of at most so many bytes. */
    public static JsonSettings read(Path file, long mostBytes) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new FileFormatException(file, "is missing");
        }
        if (Files.size(file) > mostBytes) {
            throw new FileFormatException(
                    file, "is larger than " + (mostBytes >> 20) + " MiB, too large for settings");
        }
        try {
            JsonNode node = MAPPER.readTree(Files.readAllBytes(file));
            if (node instanceof ObjectNode object) {
                return new JsonSettings(file, "", object);
            }
            throw new FileFormatException(file, "holds no JSON object");
        } catch (JsonProcessingException problem) {
            throw new FileFormatException(
                    file, "is not valid JSON: " + problem.getOriginalMessage());
        }
    }

    /** Writes a node to a file, indented, whole or not at all. */
    public static void write(Path file, JsonNode node) throws IOException {
        DefaultIndenter indent = new DefaultIndenter("    ", "\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentObjectsWith(indent);
        printer.indentArraysWith(indent);
        WholeFile.writeString(file, MAPPER.writer(printer).writeValueAsString(node) + "\n");
    }

    /** A node in one line. */
    public static String line(JsonNode node) throws IOException {
        return MAPPER.writeValueAsString(node);
    }

    /**
     * The object in a line of text.
     *
     * @throws IOException if it is none
     */
    public static ObjectNode parseLine(String line) throws IOException {
        if (MAPPER.readTree(line) instanceof ObjectNode object) {
            return object;
        }
        throw new IOException("no JSON object: " + line);
    }
}
