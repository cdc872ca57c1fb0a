package dev.ugoki.embodied.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ugoki.embodied.act.PolicyGraph;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.SharedData;
import dev.ugoki.nn.HostTensors;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;
import dev.ugoki.tensor.io.WholeFile;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

class OnnxFileTest {
    private static final int MUTATIONS = Integer.getInteger("ugoki.mutations", 2000);
    private static final TensorType ROW = new TensorType(DType.F32, Shape.of(1, 3));

    @TempDir Path folder;

    /** Policies of other people, and what ONNX Runtime says they do. */
    @ParameterizedTest
    @ValueSource(strings = {"go1", "g1", "t1", "apollo", "bh", "leap_reorient"})
    void publishedPoliciesActAsTheyDoElsewhere(String robot) throws IOException {
        Path data = SharedData.dataSet("mujoco_playground_onnx");
        NamedGraph policy = OnnxFile.read(data.resolve(robot + "_policy.onnx"));
        JsonNode golden =
                new ObjectMapper().readTree(data.resolve("golden_onnxruntime.json").toFile());
        int cases = 0;
        for (JsonNode each : golden.get(robot)) {
            float[] observation = floats(each.get("obs"));
            Tensor actions =
                    policy.graph().evaluate(Tensor.of(observation, 1, observation.length))[0];

            assertArrayEquals(floats(each.get("action")), actions.toFloatArray(), 1e-5f);
            cases++;
        }
        assertEquals(4, cases);
        assertEquals(List.of("obs"), policy.inputs());
    }

    /** LeRobot's own checkpoints: loaded, traced, exported, read back, compared with PyTorch. */
    @ParameterizedTest
    @ValueSource(strings = {"act", "diffusion"})
    void checkpointsOfLeRobotActAsInPyTorchAfterAnExport(String kind) throws IOException {
        Path checkpoint = SharedData.dataSet("lerobot_checkpoints/" + kind);
        NamedGraph graph = PolicyGraph.of(RobotPolicy.load(checkpoint.resolve("current")));
        Path file = folder.resolve("policy.onnx");
        OnnxFile.write(file, graph);
        NamedGraph read = OnnxFile.read(file);
        Map<String, HostArray> golden =
                SafetensorsFile.read(checkpoint.resolve("golden.safetensors"));
        for (int row = 0; row < 5; row++) {
            Tensor[] inputs = new Tensor[read.inputs().size()];
            for (int i = 0; i < inputs.length; i++) {
                String name = read.inputs().get(i);
                inputs[i] =
                        switch (name) {
                            case "key" -> Key.of(0).asTensor();
                            case "noise" -> row(golden, "start_noise", row);
                            default -> row(golden, name, row);
                        };
            }
            OnnxComparison.assertNear(
                    new Tensor[] {row(golden, "action_chunk", row)},
                    read.graph().evaluate(inputs),
                    1e-4,
                    kind);
        }
    }

    private static Tensor row(Map<String, HostArray> golden, String name, int row) {
        HostArray found = golden.get(name);
        assertNotNull(found, name);
        return HostTensors.fromHost(found).slice(0, row, row + 1);
    }

    private static float[] floats(JsonNode numbers) {
        float[] floats = new float[numbers.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers.get(i).doubleValue();
        }
        return floats;
    }

    /** What cannot be exported is a list that shall only become shorter. */
    @Test
    void everyOperationComesBackOrIsKnownToHaveNoCounterpart() throws IOException {
        Set<String> refused = new TreeSet<>();
        List<String> different = new ArrayList<>();
        int compared = 0;
        for (OnnxPrograms.Program program : OnnxPrograms.operations()) {
            try (TensorScope _ = TensorScope.open()) {
                Path file = folder.resolve("operation.onnx");
                try {
                    OnnxFile.write(file, program.graph());
                } catch (UnsupportedOperationException e) {
                    refused.add(program.graph().graph().nodes().getFirst().op().name());
                    continue;
                }
                NamedGraph read = OnnxFile.read(file);
                Tensor[] actual = read.graph().evaluate(program.inputs());
                try {
                    OnnxComparison.assertNear(
                            program.expected(), actual, program.tolerance(), program.name());
                    compared++;
                } catch (AssertionError e) {
                    different.add(e.getMessage());
                }
            }
        }
        assertEquals(List.of(), different);
        assertEquals(Set.of("scan", "shiftLeft", "shiftRight", "shiftRightUnsigned"), refused);
        assertTrue(compared > 150, "compared " + compared);
    }

    @Test
    void aLoopComesBackAsALoop() throws IOException {
        OnnxPrograms.Program program = OnnxPrograms.loop();
        Path file = folder.resolve("loop.onnx");
        OnnxFile.write(file, program.graph());

        NamedGraph read = OnnxFile.read(file);

        assertTrue(
                read.graph().nodes().stream().anyMatch(node -> node.op() instanceof Prim.Loop),
                read.graph()::toString);
        OnnxComparison.assertNear(
                program.expected(), read.graph().evaluate(program.inputs()), 1e-6, "loop");
    }

    @Test
    void policiesComeBackWithNormalizationAndSampler() throws IOException {
        List<OnnxPrograms.Program> programs = new ArrayList<>(OnnxPrograms.policies());
        programs.addAll(OnnxPrograms.diffusion());
        programs.addAll(OnnxPrograms.visual());
        for (OnnxPrograms.Program program : programs) {
            Path file = folder.resolve(program.name() + ".onnx");
            OnnxFile.write(file, program.graph());

            NamedGraph read = OnnxFile.read(file);

            assertEquals(program.graph().inputs(), read.inputs());
            assertEquals(program.graph().results(), read.results());
            OnnxComparison.assertNear(
                    program.expected(),
                    read.graph().evaluate(program.inputs()),
                    1e-5,
                    program.name());
        }
    }

    @Test
    void weightsKeepTheirNamesAndAreWrittenOnce() throws IOException {
        Tensor weight = Tensor.of(new float[300], 100, 3);
        Graph graph =
                Graph.trace(
                        in ->
                                new Tensor[] {
                                    in[0].linear(weight, null)
                                            .linear(weight.transpose(0, 1).copy(), null)
                                },
                        ROW);
        Path file = folder.resolve("twice.onnx");
        OnnxFile.write(file, NamedGraph.of(graph).withWeights(Map.of("layer.weight", weight)));

        assertTrue(OnnxFile.read(file).weights().contains("layer.weight"));
        assertTrue(Files.size(file) < 2 * 1200, "size " + Files.size(file));
    }

    @Test
    void whatCannotBeExportedIsNamedAllAtOnce() {
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor noise = Random.normal(Key.of(in[1]), DType.F32, 1, 3);
                            return new Tensor[] {in[0].add(noise).cumprod(1)};
                        },
                        ROW,
                        new TensorType(DType.I32, Shape.of(4)));

        String message =
                assertThrows(
                                UnsupportedOperationException.class,
                                () ->
                                        OnnxFile.write(
                                                folder.resolve("x.onnx"), NamedGraph.of(graph)))
                        .getMessage();

        assertTrue(message.contains("randomBits"), message);
        assertTrue(message.contains("scan"), message);
        assertFalse(Files.exists(folder.resolve("x.onnx")));
    }

    /** A model as bytes, so that what we do not write can be read. */
    private Path model(long version, ProtobufMessage... nodes) throws IOException {
        ProtobufMessage program = new ProtobufMessage();
        for (ProtobufMessage node : nodes) {
            program.message(1, node);
        }
        program.message(11, floats("x", "batch", 4)).message(12, floats("y", "batch", 4));
        ProtobufMessage model =
                new ProtobufMessage()
                        .integer(1, 8)
                        .message(7, program)
                        .message(8, new ProtobufMessage().integer(2, version));
        Path file = folder.resolve("model.onnx");
        WholeFile.writeThroughChannel(file, model::writeTo);
        return file;
    }

    private static ProtobufMessage floats(String name, String rows, long columns) {
        ProtobufMessage shape =
                new ProtobufMessage()
                        .message(1, new ProtobufMessage().text(2, rows))
                        .message(1, new ProtobufMessage().integer(1, columns));
        ProtobufMessage tensor = new ProtobufMessage().integer(1, 1).message(2, shape);
        return new ProtobufMessage()
                .text(1, name)
                .message(2, new ProtobufMessage().message(1, tensor));
    }

    private static ProtobufMessage node(
            String operator, String name, String in, String out, ProtobufMessage... settings) {
        ProtobufMessage node =
                new ProtobufMessage().text(1, in).text(2, out).text(3, name).text(4, operator);
        for (ProtobufMessage setting : settings) {
            node.message(5, setting);
        }
        return node;
    }

    @Test
    void unknownOperatorsAreAllNamedWithTheirNodes() throws IOException {
        Path file =
                model(
                        13,
                        node("Hough", "lines", "x", "a"),
                        node("Relu", "fine", "a", "b"),
                        node("Teleport", "away", "b", "y"));

        String message =
                assertThrows(FileFormatException.class, () -> OnnxFile.read(file)).getMessage();

        assertTrue(message.contains("Hough 'lines', Teleport 'away'"), message);
    }

    @Test
    void freeDimensionsAreOneOrWhatTheCallerSays() throws IOException {
        Path file = model(13, node("Relu", "relu", "x", "y"));

        assertEquals(Shape.of(1, 4), OnnxFile.read(file).graph().inputTypes()[0].shape());
        assertEquals(
                Shape.of(7, 4),
                OnnxFile.read(file, Map.of("batch", 7L)).graph().inputTypes()[0].shape());
    }

    @Test
    void shapesThatAModelComputesOfShapesAreKnown() throws IOException {
        ProtobufMessage last =
                new ProtobufMessage().text(1, "value_ints").integer(8, 1).integer(20, 7);
        Path file =
                model(
                        13,
                        node("Shape", "shape", "x", "s"),
                        new ProtobufMessage().text(2, "one").text(4, "Constant").message(5, last),
                        new ProtobufMessage()
                                .text(1, "s")
                                .text(1, "one")
                                .text(2, "columns")
                                .text(4, "Gather"),
                        new ProtobufMessage()
                                .text(1, "x")
                                .text(1, "columns")
                                .text(2, "flat")
                                .text(4, "Reshape"),
                        new ProtobufMessage()
                                .text(1, "flat")
                                .text(1, "s")
                                .text(2, "y")
                                .text(4, "Reshape"));

        Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 4);

        assertArrayEquals(
                x.toFloatArray(), OnnxFile.read(file).graph().evaluate(x)[0].toFloatArray());
    }

    @Test
    void anOldSoftmaxGoesOverAllDimensionsFromItsAxis() throws IOException {
        Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 4);
        Path file = model(11, node("Softmax", "softmax", "x", "y", OnnxExport.whole("axis", 0)));

        float[] actual = OnnxFile.read(file).graph().evaluate(x)[0].toFloatArray();

        assertArrayEquals(x.softmax(1).toFloatArray(), actual, 1e-6f);
    }

    @Test
    void aNodeThatDoesNotFitIsNamed() throws IOException {
        Path file =
                model(13, node("Transpose", "turned", "x", "y", OnnxExport.wholes("perm", 0, 2)));

        String message =
                assertThrows(FileFormatException.class, () -> OnnxFile.read(file)).getMessage();

        assertTrue(message.contains("Transpose 'turned': axis 2"), message);
    }

    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        Path file = folder.resolve("policy.onnx");
        OnnxFile.write(file, OnnxPrograms.policies().getFirst().graph());
        byte[] whole = Files.readAllBytes(file);
        OnnxFile.write(file, OnnxPrograms.loop().graph());
        byte[] loop = Files.readAllBytes(file);
        java.util.Random random = new java.util.Random(3);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            Files.write(file, damaged(i % 4 == 0 ? whole : loop, random));
            try (TensorScope _ = TensorScope.open()) {
                OnnxFile.read(file);
            } catch (FileFormatException e) {
                refused++;
                assertTrue(e.getMessage().contains("policy.onnx"), e.getMessage());
            }
        }
        assertTrue(refused > MUTATIONS / 3, "refused " + refused);
    }

    private static byte[] damaged(byte[] whole, java.util.Random random) {
        byte[] damaged = whole.clone();
        for (int left = 1 + random.nextInt(3); left > 0; left--) {
            int at = random.nextInt(damaged.length);
            switch (random.nextInt(3)) {
                case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> damaged = Arrays.copyOf(damaged, at + 1);
                default ->
                        Arrays.fill(
                                damaged,
                                at,
                                Math.min(at + 9, damaged.length),
                                (byte) random.nextInt());
            }
        }
        return damaged;
    }

    @Test
    void aTextIsNoModel() throws IOException {
        Path file = folder.resolve("readme.onnx");
        Files.write(file, "a policy, hopefully".getBytes(StandardCharsets.UTF_8));

        String message =
                assertThrows(FileFormatException.class, () -> OnnxFile.read(file)).getMessage();

        assertTrue(message.contains("is no ONNX model"), message);
    }
}
