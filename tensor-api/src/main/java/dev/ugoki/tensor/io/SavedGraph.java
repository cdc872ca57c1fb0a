package dev.ugoki.tensor.io;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Decomposition;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Prim;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A program in a folder, with its weights: what a robot runs without the classes that it was traced
 * from.
 *
 * <pre>{@code
 * SavedGraph.write(folder, NamedGraph.of(graph));
 * Tensor[] results = SavedGraph.read(folder).graph().evaluate(inputs);
 * }</pre>
 *
 * <p>{@code graph.txt} is the program, one line for each operation: a version, then inputs,
 * weights, operations and results, with the type of every value. {@code weights.safetensors} holds
 * the weights by name. Primitives and the library's composites are written by name with their
 * attributes; composites of others as what they are made of.
 *
 * <p>What is read is checked line by line as if the program were being written: a file that is
 * damaged or malicious is refused with a {@link FileFormatException} that names the line.
 */
public final class SavedGraph {
    private static final String PROGRAM = "graph.txt";
    private static final String WEIGHTS = "weights.safetensors";

    /** Some millions of operations; what is larger is no program. */
    private static final long LARGEST_TEXT = 1L << 28;

    private SavedGraph() {}

    /**
     * Writes a folder, whole or not at all.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is something of that name
     * @throws IllegalArgumentException if a weight is a value of another trace
     */
    public static void write(Path folder, NamedGraph named) throws IOException {
        requireLittleEndian();
        NamedGraph portable = portable(named);
        Map<String, HostArray> weights = new LinkedHashMap<>();
        for (int i = 0; i < portable.weights().size(); i++) {
            Tensor tensor = portable.graph().captures().get(i).tensor().detach();
            weights.put(
                    portable.weights().get(i),
                    new HostArray(tensor.dtype(), tensor.shape(), tensor.toMemory()));
        }
        String text = GraphText.of(portable);
        WholeFolder.write(
                folder,
                inside -> {
                    WholeFile.writeString(inside.resolve(PROGRAM), text);
                    SafetensorsFile.write(inside.resolve(WEIGHTS), weights);
                });
    }

    /** The program as text: what {@code graph.txt} holds. */
    public static String describe(NamedGraph named) {
        return GraphText.of(portable(named));
    }

    private static NamedGraph portable(NamedGraph named) {
        if (isPortable(named.graph())) {
            return named;
        }
        Graph portable =
                new Decomposition((composite, _) -> OperationRecords.knows(composite))
                        .apply(named.graph());
        Map<Object, String> names = new IdentityHashMap<>();
        for (int i = 0; i < named.weights().size(); i++) {
            names.put(named.graph().captures().get(i).tensor().payload(), named.weights().get(i));
        }
        // What decompositions bring along, such as tables, has no name yet.
        List<String> weights = new ArrayList<>();
        int number = 0;
        for (Graph.Capture capture : portable.captures()) {
            String name = names.get(capture.tensor().payload());
            while (name == null) {
                String next = "constant" + number++;
                name = named.weights().contains(next) ? null : next;
            }
            weights.add(name);
        }
        return new NamedGraph(portable, named.inputs(), named.results(), weights);
    }

    private static boolean isPortable(Graph graph) {
        return graph.nodes().stream()
                .allMatch(
                        node ->
                                switch (node.op()) {
                                    case Prim.Loop loop -> isPortable(loop.body());
                                    case Prim _ -> true;
                                    case Composite each -> OperationRecords.knows(each);
                                });
    }

    /**
     * Reads a folder; the weights go to the current device.
     *
     * @throws FileFormatException if a file is no such file, of another version, or wrong
     */
    public static NamedGraph read(Path folder) throws IOException {
        requireLittleEndian();
        Path program = folder.resolve(PROGRAM);
        InputFile.check(program);
        if (Files.size(program) > LARGEST_TEXT) {
            throw new FileFormatException(program, "is larger than any program");
        }
        String text;
        try {
            text = Files.readString(program);
        } catch (CharacterCodingException e) {
            throw new FileFormatException(program, "is no text in UTF-8", e);
        }
        try (SafetensorsFile weights = SafetensorsFile.open(folder.resolve(WEIGHTS))) {
            return GraphParser.parse(
                    program,
                    text,
                    name -> {
                        if (!weights.names().contains(name)) {
                            return null;
                        }
                        HostArray array = weights.array(name);
                        return Tensor.of(
                                new TensorType(array.dtype(), array.shape()), array.bytes());
                    });
        }
    }

    private static void requireLittleEndian() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException(
                    "weights in files are little-endian, and this machine is not: reading and"
                            + " writing them is not supported here");
        }
    }
}
