package dev.ugoki.benchmarks;

import dev.ugoki.embodied.onnx.OnnxFile;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.graph.NamedGraph;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A network of ours as a file for ONNX Runtime, its weights in it.
 *
 * @param dataCount how many of the measurement's inputs the program takes
 * @param network the program that takes them, once all inputs are there: those after the data are
 *     its weights
 */
record OnnxProgram(int dataCount, Function<Tensor[], Graph.Program> network) implements Rival {
    /** The name of the result. */
    static final String RESULT = "y";

    @Override
    public Library library() {
        return Library.ONNX_RUNTIME;
    }

    /** Writes the file; inputs have the names that {@link TorchScript#name} gives them. */
    void write(Path file, Tensor[] inputs) throws IOException {
        TensorType[] types =
                Arrays.stream(inputs, 0, dataCount).map(Tensor::type).toArray(TensorType[]::new);
        Graph graph = Graph.trace(network.apply(inputs), types);
        NamedGraph named =
                NamedGraph.of(graph)
                        .withInputs(
                                IntStream.range(0, dataCount)
                                        .mapToObj(TorchScript::name)
                                        .toArray(String[]::new))
                        .withResults(RESULT);
        OnnxFile.write(file, named);
    }
}
