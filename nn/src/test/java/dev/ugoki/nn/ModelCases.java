package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tck.conformance.JsonLines;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Assumptions;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Cases of {@code models.jsonl}: what the original implementations computed. */
public final class ModelCases {
    private ModelCases() {}

    /** A file of the shared data; the test is skipped where there is none. */
    public static Path sharedFile(String path) {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.isDirectory(folder.resolve("bom"))) {
            folder = folder.getParent();
        }
        Assumptions.assumeTrue(folder != null, "not inside the project");
        Path file = folder.resolveSibling("shared").resolve(path);
        Assumptions.assumeTrue(Files.exists(file), "skipped: there is no " + file);
        return file;
    }

    /** The case with an id. */
    public static Case read(String id) throws IOException {
        for (JsonNode node : JsonLines.read(sharedFile("conformance/models.jsonl"))) {
            if (node.get("id").asText().equals(id)) {
                Map<String, HostArray> tensors = new LinkedHashMap<>();
                try (var file =
                        SafetensorsFile.open(sharedFile("conformance/models.safetensors"))) {
                    for (String part : List.of("inputs", "outputs")) {
                        for (var entry : node.get(part).properties()) {
                            String key = entry.getValue().asText();
                            tensors.put(entry.getKey(), file.array(key).copy());
                        }
                    }
                }
                return new Case(node, tensors);
            }
        }
        throw new IOException("no case " + id);
    }

    /** A case, with its inputs and outputs by their names. */
    public record Case(JsonNode json, Map<String, HostArray> arrays) {
        public JsonNode config() {
            return json.get("config");
        }

        public Tensor tensor(String name) {
            return HostTensors.fromHost(arrays.get(name));
        }

        /** The parameters, filled by the formula of the format. */
        public Map<String, HostArray> parameters() {
            Map<String, HostArray> filled = new LinkedHashMap<>();
            for (JsonNode each : json.get("parameters")) {
                List<Long> extents = new ArrayList<>();
                each.get("shape").forEach(extent -> extents.add(extent.asLong()));
                Shape shape = Shape.of(extents.stream().mapToLong(Long::longValue).toArray());
                double scale = each.get("scale").asDouble();
                double offset = each.get("offset").asDouble();
                String name = each.get("name").asText();
                filled.put(name, HostArray.of(shape, fill(name, shape, scale, offset)));
            }
            return filled;
        }

        /** Asserts that {@code actual} is the output with a name. */
        public void assertOutput(String name, Tensor actual) {
            HostArray expected = arrays.get(name);
            assertEquals(expected.shape(), actual.shape(), name);
            assertClose(name, expected.toDoubles(), actual.toDoubleArray());
        }

        /** Asserts the loss, and its gradient in each parameter by norm, sum and probe. */
        public void assertLossAndGradients(Module module, Supplier<Tensor> loss) {
            var named = module.namedParameters();
            var found = Autograd.valueAndGrad(loss, List.copyOf(named.values()));
            assertClose("loss", json.get("loss").asDouble(), found.value().item());
            int i = 0;
            for (Map.Entry<String, Parameter> entry : named.entrySet()) {
                double[] gradient = found.gradients().get(i++).toDoubleArray();
                JsonNode expected = json.get("gradients").get(entry.getKey());
                if (expected == null) {
                    continue;
                }
                Shape shape = entry.getValue().type().shape();
                float[] probe = fill("probe/" + entry.getKey(), shape, 1, 0);
                double squares = 0;
                double sum = 0;
                double dot = 0;
                for (int k = 0; k < gradient.length; k++) {
                    squares += gradient[k] * gradient[k];
                    sum += gradient[k];
                    dot += gradient[k] * probe[k];
                }
                String name = "gradient of " + entry.getKey();
                // Sums cancel, so that their error is as the norm's, not as their own size.
                double scale = expected.get("norm").asDouble() * Math.sqrt(gradient.length);
                assertNear(name + ": norm", expected.get("norm").asDouble(), Math.sqrt(squares), 0);
                assertNear(name + ": sum", expected.get("sum").asDouble(), sum, scale);
                assertNear(name + ": dot", expected.get("dot").asDouble(), dot, scale);
            }
        }

        private void assertClose(String what, double[] expected, double[] actual) {
            for (int i = 0; i < expected.length; i++) {
                assertClose(what + "[" + i + "]", expected[i], actual[i]);
            }
        }

        private void assertClose(String what, double expected, double actual) {
            assertNear(what, expected, actual, 0);
        }

        private void assertNear(String what, double expected, double actual, double scale) {
            double relative = json.get("rtol").asDouble();
            double tolerance =
                    json.get("atol").asDouble() + relative * Math.max(Math.abs(expected), scale);
            assertTrue(
                    Math.abs(actual - expected) <= tolerance,
                    () -> what + ": expected " + expected + ", was " + actual);
        }
    }

    /** {@code offset + scale * (2 u - 1)}, u from the hash of name and place. */
    public static float[] fill(String name, Shape shape, double scale, double offset) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
        }
        float[] values = new float[(int) shape.elementCount()];
        for (int i = 0; i < values.length; i++) {
            double u = (mix(hash + i) >>> 40) * 0x1p-24;
            values[i] = (float) (offset + scale * (2 * u - 1));
        }
        return values;
    }

    private static long mix(long state) {
        long z = state + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
