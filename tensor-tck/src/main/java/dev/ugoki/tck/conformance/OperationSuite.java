package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The cases of single operations: {@code cases.jsonl} and {@code tensors.safetensors}. */
public final class OperationSuite implements ConformanceSuite {
    /** A suite of the operations that the table here knows. */
    public OperationSuite() {}

    @Override
    public String name() {
        return "operations";
    }

    @Override
    public List<ConformanceCase> cases(Path folder) throws IOException {
        List<JsonNode> lines = JsonLines.read(folder.resolve("cases.jsonl"));
        if (lines.isEmpty()) {
            return List.of();
        }
        Map<String, HostArray> arrays = SafetensorsFile.read(folder.resolve("tensors.safetensors"));
        List<ConformanceCase> cases = new ArrayList<>();
        for (JsonNode line : lines) {
            cases.add(new OperationCase(line, arrays));
        }
        return cases;
    }
}
