package dev.ugoki.embodied.onnx;

import dev.ugoki.tensor.graph.NamedGraph;
import dev.ugoki.tensor.io.FileFormatException;
import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * ONNX files as graphs, and graphs as ONNX files.
 *
 * <pre>{@code
 * NamedGraph policy = OnnxFile.read(Path.of("go1_policy.onnx"));
 * Tensor[] actions = policy.graph().evaluate(observation);
 *
 * OnnxFile.write(Path.of("policy.onnx"), NamedGraph.of(graph).withInputs("observation"));
 * }</pre>
 *
 * <p>Source: onnx.ai, Open Neural Network Exchange Intermediate Representation Specification.
 */
public final class OnnxFile {
    private static final long LARGEST_MESSAGE = Integer.MAX_VALUE;

    private OnnxFile() {}

    /**
     * Reads a model; dimensions that the file leaves free, such as a batch, have extent 1. The
     * weights go to the current device.
     *
     * @throws FileFormatException if the file is damaged, or uses what is not supported: then all
     *     such operators are named
     */
    public static NamedGraph read(Path file) throws IOException {
        return read(file, Map.of());
    }

    /**
     * Reads a model.
     *
     * @param dimensions extents for the names that the file gives to free dimensions; those that
     *     are not in it have extent 1
     * @throws FileFormatException as {@link #read(Path)}
     */
    public static NamedGraph read(Path file, Map<String, Long> dimensions) throws IOException {
        requireLittleEndian();
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "there is no such file");
        }
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            OnnxModel model = OnnxParser.parse(file, bytes);
            try {
                return OnnxImport.importModel(file, model, dimensions);
            } catch (IllegalArgumentException e) {
                throw new FileFormatException(file, String.valueOf(e.getMessage()));
            }
        }
    }

    /**
     * Writes a program, whole or not at all, for operator set 18, which ONNX Runtime has known
     * since 1.14.
     *
     * @throws UnsupportedOperationException if operations have no counterpart in ONNX; all of them
     *     are named
     */
    public static void write(Path file, NamedGraph graph) throws IOException {
        requireLittleEndian();
        ProtobufMessage model = OnnxExport.model(graph);
        if (model.size() > LARGEST_MESSAGE) {
            throw new IllegalArgumentException(
                    "onnx: the program has "
                            + model.size()
                            + " bytes, and a file of one message holds 2 GB; save it with"
                            + " SavedGraph instead");
        }
        WholeFile.writeThroughChannel(file, model::writeTo);
    }

    private static void requireLittleEndian() {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException(
                    "ONNX files are little-endian, and this machine is not: reading and writing"
                            + " them is not supported here");
        }
    }
}
