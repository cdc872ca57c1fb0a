package dev.ugoki.embodied.control;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import java.lang.foreign.MemorySegment;

/** A program that is run again and again on memory that stays: what a compiled plan is. */
@FunctionalInterface
public interface BufferProgram {
    /**
     * Runs it.
     *
     * @param inputs one for each input, row-major, of exactly its bytes
     * @param result receives the one result
     */
    void run(MemorySegment[] inputs, MemorySegment result);

    /**
     * A graph as a plan on the current device, which is ready when this returns: a run allocates
     * nothing. One thread at a time may run it.
     *
     * @throws IllegalArgumentException if it has more than one result
     */
    static BufferProgram compiled(Graph graph) {
        return TensorScope.outside(() -> new CompiledProgram(requireOneResult(graph)));
    }

    private static Graph requireOneResult(Graph graph) {
        if (graph.resultTypes().length != 1) {
            throw new IllegalArgumentException(
                    "a program of " + graph.resultTypes().length + " results; one is needed");
        }
        return graph;
    }

    /**
     * A graph that is run operation by operation on the current device. It allocates, so it is for
     * programs that need not be in time.
     *
     * @throws IllegalArgumentException if it has more than one result
     */
    static BufferProgram of(Graph graph) {
        TensorType[] types = requireOneResult(graph).inputTypes();
        return (inputs, result) -> {
            try (TensorScope _ = TensorScope.open()) {
                Tensor[] tensors = new Tensor[types.length];
                for (int i = 0; i < tensors.length; i++) {
                    tensors[i] = Tensor.of(types[i], inputs[i]);
                }
                MemorySegment made = graph.evaluate(tensors)[0].toMemory();
                MemorySegment.copy(made, 0, result, 0, made.byteSize());
            }
        };
    }
}
