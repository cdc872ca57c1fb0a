package dev.ugoki.embodied.control;

import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.NamedGraph;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A policy's program as what computes chunks for a {@link ChunkController}.
 *
 * <pre>{@code
 * NamedGraph graph = PolicyGraph.drawing(policy);
 * PolicyInference inference = PolicyInference.of(graph, BufferProgram.compiled(graph.graph()), Key.of(1));
 * ChunkController controller = inference.controller().onMiss(OnMiss.HOLD).build();
 * }</pre>
 *
 * <p>The program's inputs go by their names: {@code key} gets another key each time; {@code
 * previous} and {@code weights} what is left of the chunk before; all others are the observation's
 * buffers, in their order. The result is F32 {@code [1, length, width]}. Belongs to one thread at a
 * time, and allocates nothing of its own.
 */
public final class PolicyInference implements ChunkInference {
    private final BufferProgram program;
    private final MemorySegment[] inputs;
    private final MemorySegment result;
    private final List<TensorType> observed = new ArrayList<>();
    private final int[] observedInputs;
    private final int keyInput;
    private final int previousInput;
    private final int weightsInput;
    private final int length;
    private final int width;

    private PolicyInference(NamedGraph graph, BufferProgram program, Key key) {
        this.program = program;
        TensorType[] types = graph.graph().inputTypes();
        inputs = new MemorySegment[types.length];
        Arena arena = Arena.ofAuto();
        List<Integer> buffers = new ArrayList<>();
        keyInput = graph.inputs().indexOf("key");
        previousInput = graph.inputs().indexOf("previous");
        weightsInput = graph.inputs().indexOf("weights");
        for (int i = 0; i < types.length; i++) {
            if (i == keyInput || i == previousInput || i == weightsInput) {
                inputs[i] = arena.allocate(types[i].byteSize(), 64);
            } else {
                buffers.add(i);
                observed.add(types[i]);
            }
        }
        observedInputs = buffers.stream().mapToInt(Integer::intValue).toArray();
        if (keyInput >= 0) {
            int[] words = key.words();
            MemorySegment.copy(words, 0, inputs[keyInput], ValueLayout.JAVA_INT, 0, words.length);
        }
        TensorType made = graph.graph().resultTypes()[0];
        if (made.shape().rank() != 3 || made.shape().extent(0) != 1) {
            throw new IllegalArgumentException(
                    "a policy's result must be [1, length, width], and is " + made);
        }
        length = Math.toIntExact(made.shape().extent(1));
        width = Math.toIntExact(made.shape().extent(2));
        result = arena.allocate(made.byteSize(), 64);
    }

    /**
     * A policy.
     *
     * @param program runs {@code graph}
     * @param key of all that is drawn
     */
    public static PolicyInference of(NamedGraph graph, BufferProgram program, Key key) {
        return new PolicyInference(graph, program, key);
    }

    /** Begins to describe a controller of this policy, its inputs given. */
    public ChunkController.Builder controller() {
        ChunkController.Builder builder = ChunkController.of(this, length, width);
        observed.forEach(builder::withInput);
        return builder;
    }

    @Override
    public void infer(Observation observation, float[] chunk) {
        for (int i = 0; i < observedInputs.length; i++) {
            inputs[observedInputs[i]] = observation.buffer(i);
        }
        if (keyInput >= 0) {
            nextKey(inputs[keyInput]);
        }
        if (previousInput >= 0) {
            copy(observation.prefix().actions(), inputs[previousInput]);
        }
        if (weightsInput >= 0) {
            copy(observation.prefix().weights(), inputs[weightsInput]);
        }
        program.run(inputs, result);
        MemorySegment.copy(result, ValueLayout.JAVA_FLOAT, 0, chunk, 0, chunk.length);
    }

    /** Counts up the upper half of the generator's counter, which is the key's last two words. */
    private static void nextKey(MemorySegment words) {
        int next = words.getAtIndex(ValueLayout.JAVA_INT, 2) + 1;
        words.setAtIndex(ValueLayout.JAVA_INT, 2, next);
        if (next == 0) {
            words.setAtIndex(
                    ValueLayout.JAVA_INT, 3, words.getAtIndex(ValueLayout.JAVA_INT, 3) + 1);
        }
    }

    private static void copy(float[] from, MemorySegment to) {
        MemorySegment.copy(from, 0, to, ValueLayout.JAVA_FLOAT, 0, from.length);
    }
}
