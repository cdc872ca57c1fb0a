package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.CompositeRows;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.SavedGraph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

@ExtendWith(OnReference.class)
final class SavedGraphTest {
    private static final int MUTATIONS = Integer.getInteger("ugoki.mutations", 1000);
    private static final TensorType ROW = new TensorType(DType.F32, Shape.of(1, 2));

    /** A composite that no other machine knows. */
    record Doubled() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            return new Tensor[] {operands[0].mul(2)};
        }
    }

    /** A composite of a composite that no other machine knows. */
    record Quadrupled() implements Composite {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            return Engine.apply(new Doubled(), Engine.apply(new Doubled(), operands));
        }
    }

    @TempDir Path folder;

    private NamedGraph readBack(NamedGraph graph) throws IOException {
        Path saved = folder.resolve("policy");
        SavedGraph.write(saved, graph);
        return SavedGraph.read(saved);
    }

    private static NamedGraph network() {
        Tensor weight = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
        Tensor bias = Tensor.of(new float[] {0.5f, -0.25f, 1}, 3);
        Graph graph =
                Graph.trace(
                        in ->
                                new Tensor[] {
                                    in[0].linear(weight, bias).geluTanh().slice(1, 0, 3, 2)
                                },
                        ROW);
        return NamedGraph.of(graph)
                .withInputs("observation")
                .withResults("action")
                .withWeights(Map.of("layer.weight", weight, "layer.bias", bias));
    }

    @Test
    void aProgramComputesTheSameBitsAfterItWasSavedAndLoaded() throws IOException {
        NamedGraph network = network();
        Tensor x = Tensor.of(new float[] {0.3f, -0.7f}, 1, 2);

        NamedGraph loaded = readBack(network);

        assertArrayEquals(
                network.graph().evaluate(x)[0].toFloatArray(),
                loaded.graph().evaluate(x)[0].toFloatArray());
        assertEquals(List.of("observation"), loaded.inputs());
        assertEquals(List.of("action"), loaded.results());
        assertEquals(List.of("layer.weight", "layer.bias"), loaded.weights());
        assertArrayEquals(
                new float[] {0.5f, -0.25f, 1}, loaded.weight("layer.bias").toFloatArray());
    }

    @Test
    void theTextIsReadable() throws IOException {
        assertEquals(
                """
                ugoki graph 1
                input %0 F32[1,2] "observation"
                weight %1 F32[3,2] "layer.weight"
                weight %2 F32[3] "layer.bias"
                %3 F32[1,3] = linear(%0, %1, %2)
                %4 F32[1,3] = geluTanh(%3)
                %5 F32[1,2] = slice[ranges=[range[start=0, step=1, count=1],\
                 range[start=0, step=2, count=2]]](%4)
                result %5 "action"
                """,
                SavedGraph.describe(network()));
    }

    @Test
    void aLoopKeepsItsBody() throws IOException {
        Graph body = Graph.trace(in -> new Tensor[] {in[1].mul(0.5).tanh()}, step(), ROW);
        Graph graph = Graph.trace(in -> Engine.apply(new Prim.Loop(body, 10), in), ROW);

        NamedGraph loaded = readBack(NamedGraph.of(graph));

        assertEquals(graph, loaded.graph());
    }

    private static TensorType step() {
        return new TensorType(DType.I64, Shape.SCALAR);
    }

    @Test
    void aWeightThatTheProgramChangesGoesOnFromWhereItWas() throws IOException {
        Tensor memory = Tensor.of(new float[] {1, 2}, 1, 2);
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor next = memory.mul(0.5).add(in[0]);
                            Engine.update(new Overwrite(), memory, next);
                            return new Tensor[] {next.neg()};
                        },
                        ROW);
        NamedGraph named = NamedGraph.of(graph).withWeights(Map.of("memory", memory));
        Tensor x = Tensor.of(new float[] {10, 20}, 1, 2);

        NamedGraph loaded = readBack(named);

        assertTrue(
                SavedGraph.describe(named)
                        .lines()
                        .anyMatch(line -> line.matches("update %\\d+ with %\\d+")));
        assertArrayEquals(new float[] {-10.5f, -21}, loaded.graph().evaluate(x)[0].toFloatArray());
        assertArrayEquals(new float[] {10.5f, 21}, loaded.weight("memory").toFloatArray());
        assertArrayEquals(
                new float[] {-15.25f, -30.5f}, loaded.graph().evaluate(x)[0].toFloatArray());
    }

    @Test
    void anUpdateOfAnInputIsRefused() throws IOException {
        String message = refusal("result %5", "update %0 with %4\nresult %5");

        assertTrue(message.contains("line 8: an update gives a weight"), message);
    }

    @Test
    void anotherLibrarysCompositeIsSavedAsWhatItIsMadeOf() throws IOException {
        Graph graph = Graph.trace(in -> Engine.apply(new Quadrupled(), in), ROW);

        NamedGraph loaded = readBack(NamedGraph.of(graph));

        assertFalse(SavedGraph.describe(NamedGraph.of(graph)).contains("quadrupled"));
        assertArrayEquals(
                new float[] {4, 8},
                loaded.graph().evaluate(Tensor.of(new float[] {1, 2}, 1, 2))[0].toFloatArray());
    }

    /** So an operation cannot be added that a file does not keep. */
    @Test
    void everyOperationOfTheLibraryComesBackEqual() throws IOException {
        List<Row> rows = new ArrayList<>(PrimitiveRows.all());
        rows.addAll(CompositeRows.all());
        List<TensorType> types = new ArrayList<>();
        for (Row row : rows) {
            row.operands()
                    .forEach(
                            operand ->
                                    types.add(
                                            new TensorType(
                                                    operand.dtypeIn(dtype(row)), operand.shape())));
        }
        Graph graph =
                Graph.trace(
                        in -> {
                            List<Tensor> results = new ArrayList<>();
                            int next = 0;
                            for (Row row : rows) {
                                int end = next + row.operands().size();
                                Tensor[] operands = Arrays.copyOfRange(in, next, end);
                                results.add(Engine.apply(row.op().apply(dtype(row)), operands)[0]);
                                next = end;
                            }
                            return results.toArray(Tensor[]::new);
                        },
                        types.toArray(TensorType[]::new));

        Graph loaded = readBack(NamedGraph.of(graph)).graph();

        assertEquals(rows.size(), loaded.nodes().size());
        for (int i = 0; i < rows.size(); i++) {
            assertEquals(graph.nodes().get(i), loaded.nodes().get(i), rows.get(i).name());
        }
    }

    private static DType dtype(Row row) {
        return row.dtypes().contains(DType.F32) ? DType.F32 : row.dtypes().iterator().next();
    }

    @Test
    void numbersComeBackToTheLastBit() throws IOException {
        double[] values = {0.1, -0.0, 1e-300, Double.NaN, Double.NEGATIVE_INFINITY, Math.PI};
        for (int i = 0; i < values.length; i++) {
            Prim.Fill fill = new Prim.Fill(DType.F64, Shape.of(1), values[i]);
            Graph graph = Graph.trace(_ -> Engine.apply(fill));
            Path saved = folder.resolve("number" + i);
            SavedGraph.write(saved, NamedGraph.of(graph));

            assertEquals(fill, SavedGraph.read(saved).graph().nodes().getFirst().op());
        }
    }

    @Test
    void namesMayHoldAnything() throws IOException {
        String name = "動き \"quoted\"\\\n\t";
        NamedGraph graph = network().withInputs(name);

        assertEquals(List.of(name), readBack(graph).inputs());
    }

    @Test
    void aFolderThatExistsIsNotTouched() throws IOException {
        Path saved = Files.createDirectory(folder.resolve("policy"));

        assertThrows(FileAlreadyExistsException.class, () -> SavedGraph.write(saved, network()));
        try (var files = Files.list(saved)) {
            assertEquals(0, files.count());
        }
    }

    private String refusal(String from, String to) throws IOException {
        Path saved = folder.resolve("policy");
        SavedGraph.write(saved, network());
        Path program = saved.resolve("graph.txt");
        String text = Files.readString(program);
        assertTrue(text.contains(from));
        Files.writeString(program, text.replace(from, to));
        return assertThrows(FileFormatException.class, () -> SavedGraph.read(saved)).getMessage();
    }

    @Test
    void aTypeThatDoesNotFollowIsRefusedWithItsLine() throws IOException {
        String message = refusal("%4 F32[1,3]", "%4 F32[1,4]");

        assertTrue(
                message.endsWith(
                        "graph.txt: line 6: geluTanh gives F32[1,3], but F32[1,4] stands here"),
                message);
    }

    @Test
    void anUnknownOperationIsNamed() throws IOException {
        String message = refusal("geluTanh", "quantumLeap");

        assertTrue(message.contains("line 6: there is no operation 'quantumLeap'"), message);
    }

    @Test
    void anotherVersionIsRefused() throws IOException {
        String message = refusal("graph 1", "graph 2");

        assertTrue(message.contains("is of version 2, and this release reads version 1"), message);
    }

    @Test
    void aMissingWeightIsNamed() throws IOException {
        String message = refusal("\"layer.bias\"", "\"layer.tias\"");

        assertTrue(
                message.contains("line 4: the weights hold no tensor named 'layer.tias'"), message);
    }

    @Test
    void aValueThatIsNotMadeYetIsRefused() throws IOException {
        String message = refusal("geluTanh(%3)", "geluTanh(%9)");

        assertTrue(message.contains("line 6: value %9 is used before it is made"), message);
    }

    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        Path saved = folder.resolve("policy");
        Graph body = Graph.trace(in -> new Tensor[] {in[1].mul(0.5).tanh()}, step(), ROW);
        Graph graph =
                Graph.trace(
                        in -> {
                            Tensor looped = Engine.apply(new Prim.Loop(body, 3), in)[0];
                            return new Tensor[] {
                                looped.softmax(-1).pad(1, 1, 2, 0.5).permute(1, 0)
                            };
                        },
                        ROW);
        SavedGraph.write(saved, NamedGraph.of(graph));
        Path program = saved.resolve("graph.txt");
        byte[] whole = Files.readAllBytes(program);
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            Files.write(program, damaged(whole, random));
            try {
                SavedGraph.read(saved);
            } catch (FileFormatException e) {
                refused++;
                assertTrue(e.getMessage().contains("graph.txt"), e.getMessage());
            }
        }
        assertTrue(refused > MUTATIONS / 2, "refused " + refused);
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] damaged = whole.clone();
        for (int left = 1 + random.nextInt(3); left > 0; left--) {
            int at = random.nextInt(damaged.length);
            switch (random.nextInt(4)) {
                case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
                case 1 ->
                        damaged[at] =
                                (byte) " %[](){}=,\"0123456789-.\n".charAt(random.nextInt(24));
                case 2 -> damaged = Arrays.copyOf(damaged, at + 1);
                default -> {
                    byte[] number = "9223372036854775807".getBytes(StandardCharsets.US_ASCII);
                    byte[] longer = new byte[damaged.length + number.length];
                    System.arraycopy(damaged, 0, longer, 0, at);
                    System.arraycopy(number, 0, longer, at, number.length);
                    System.arraycopy(damaged, at, longer, at + number.length, damaged.length - at);
                    damaged = longer;
                }
            }
        }
        return damaged;
    }

    @Test
    void endlessNestingIsRefused() throws IOException {
        String message = refusal("ranges=[", "ranges=" + "[".repeat(100_000));

        assertTrue(message.contains("nested deeper than 32 levels"), message);
    }
}
