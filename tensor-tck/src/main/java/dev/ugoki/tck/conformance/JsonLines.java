package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Files with a JSON object on each line. */
public final class JsonLines {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private JsonLines() {}

    /**
     * The objects of a file, none where there is no such file.
     *
     * @throws IOException if a line is no JSON object, with its number
     */
    public static List<JsonNode> read(Path file) throws IOException {
        List<JsonNode> objects = new ArrayList<>();
        if (!Files.exists(file)) {
            return objects;
        }
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                objects.add(object(file, i + 1, lines.get(i)));
            }
        }
        return objects;
    }

    private static JsonNode object(Path file, int number, String line) throws IOException {
        try {
            JsonNode node = MAPPER.readTree(line);
            if (node.isObject()) {
                return node;
            }
        } catch (JsonProcessingException e) {
            throw new IOException(
                    file + ": line " + number + " is no JSON: " + e.getOriginalMessage(), e);
        }
        throw new IOException(file + ": line " + number + " is no JSON object");
    }
}
