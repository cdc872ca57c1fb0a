package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Stands in for cases that nobody can run yet: each line of their file is a case that fails.
 *
 * @param name by which it is chosen
 * @param fileName of the cases in a folder
 * @param groupKey the key of a line's group
 */
public record MissingSuite(String name, String fileName, String groupKey)
        implements ConformanceSuite {
    @Override
    public List<ConformanceCase> cases(Path folder) throws IOException {
        List<ConformanceCase> cases = new ArrayList<>();
        for (JsonNode line : JsonLines.read(folder.resolve(fileName))) {
            cases.add(new Unrunnable(line.path("id").asText(), line.path(groupKey).asText()));
        }
        return cases;
    }

    private record Unrunnable(String id, String group) implements ConformanceCase {
        @Override
        public Deviation run() {
            throw new UnsupportedOperationException("cases of this kind cannot be run yet");
        }
    }
}
