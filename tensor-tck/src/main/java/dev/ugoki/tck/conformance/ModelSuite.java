package dev.ugoki.tck.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The cases of modules, optimizers and policies: {@code models.jsonl} and {@code
 * models.safetensors}. The kit reads and compares; what is built for which kind, its user says.
 */
public final class ModelSuite implements ConformanceSuite {
    private final Map<String, ModelKind> kinds;

    /**
     * @param kinds by the name that a case gives its kind; cases of others fail
     */
    public ModelSuite(Map<String, ModelKind> kinds) {
        this.kinds = Map.copyOf(kinds);
    }

    @Override
    public String name() {
        return "models";
    }

    @Override
    public List<ConformanceCase> cases(Path folder) throws IOException {
        return List.copyOf(read(folder, kinds));
    }

    /** The cases of a folder for whoever computes them otherwise; they cannot be run. */
    public static List<ModelCase> read(Path folder) throws IOException {
        return read(folder, Map.of());
    }

    private static List<ModelCase> read(Path folder, Map<String, ModelKind> kinds)
            throws IOException {
        List<JsonNode> lines = JsonLines.read(folder.resolve("models.jsonl"));
        if (lines.isEmpty()) {
            return List.of();
        }
        Map<String, HostArray> arrays = SafetensorsFile.read(folder.resolve("models.safetensors"));
        List<ModelCase> cases = new ArrayList<>();
        for (JsonNode line : lines) {
            cases.add(new ModelCase(line, arrays, kinds));
        }
        return cases;
    }
}
