package dev.ugoki.embodied.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ugoki.tensor.io.SafetensorsFile;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class EnsembleTest {
    /** Straight from the definition: all predictions of a step, the oldest first. */
    private static double average(List<float[]> chunks, int step, double coefficient) {
        double sum = 0;
        double weights = 0;
        int rank = 0;
        for (int made = Math.max(0, step - 4); made <= step && made < chunks.size(); made++) {
            double weight = Math.exp(-coefficient * rank++);
            sum += weight * chunks.get(made)[step - made];
            weights += weight;
        }
        return sum / weights;
    }

    @Test
    void anEnsembleIsTheAverageOfAllPredictionsOfAStep() {
        for (double coefficient : new double[] {0.01, 0, -0.5}) {
            Random random = new Random(2);
            List<float[]> chunks = new ArrayList<>();
            ChunkController controller =
                    ChunkController.of(
                                    (_, chunk) -> {
                                        for (int i = 0; i < chunk.length; i++) {
                                            chunk[i] = random.nextFloat();
                                        }
                                        chunks.add(chunk.clone());
                                    },
                                    5,
                                    1)
                            .withExecution(new Execution.TemporalEnsemble(coefficient))
                            .withClock(new SimulatedClock())
                            .build();
            float[] action = new float[1];
            for (int step = 0; step < 30; step++) {
                controller.act(action);
                assertEquals(average(chunks, step, coefficient), action[0], 1e-6, "step " + step);
            }
        }
    }

    private static Path conformance() {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        Assumptions.assumeTrue(root != null, "not run within the repository");
        Path folder = root.resolveSibling("shared").resolve("conformance");
        Assumptions.assumeTrue(Files.isDirectory(folder), () -> folder + " is absent");
        return folder;
    }

    private static List<JsonNode> cases(Path folder, String kind) throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        ObjectMapper json = new ObjectMapper();
        for (String line : Files.readAllLines(folder.resolve("models.jsonl"))) {
            JsonNode each = json.readTree(line);
            if (each.get("kind").asText().equals(kind)) {
                cases.add(each);
            }
        }
        return cases;
    }

    @Test
    void anEnsembleDoesAsLeRobots() throws IOException {
        Path folder = conformance();
        int count = 0;
        try (SafetensorsFile tensors = SafetensorsFile.open(folder.resolve("models.safetensors"))) {
            for (JsonNode each : cases(folder, "TemporalEnsembler")) {
                int length = each.get("config").get("chunkSize").intValue();
                float[] chunks =
                        tensors.array(each.get("inputs").get("chunks").asText()).toFloats();
                float[] expected =
                        tensors.array(each.get("outputs").get("actions").asText()).toFloats();
                int steps =
                        (int) tensors.shape(each.get("inputs").get("chunks").asText()).extent(0);
                int width = expected.length / steps;
                ChunkController controller =
                        ChunkController.of(
                                        (observation, chunk) ->
                                                System.arraycopy(
                                                        chunks,
                                                        (int) observation.step() * chunk.length,
                                                        chunk,
                                                        0,
                                                        chunk.length),
                                        length,
                                        width)
                                .withExecution(
                                        new Execution.TemporalEnsemble(
                                                each.get("config")
                                                        .get("coefficient")
                                                        .doubleValue()))
                                .withClock(new SimulatedClock())
                                .build();
                float[] action = new float[width];
                for (int step = 0; step < steps; step++) {
                    controller.act(action);
                    for (int i = 0; i < width; i++) {
                        assertEquals(expected[step * width + i], action[i], 1e-5, "step " + step);
                    }
                }
                count++;
            }
        }
        assertTrue(count > 0, "no case of an ensemble");
    }
}
