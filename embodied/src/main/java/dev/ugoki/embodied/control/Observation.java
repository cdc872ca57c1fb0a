package dev.ugoki.embodied.control;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * What a robot saw and felt at one step, in memory that is used again and again: one buffer for
 * each of the policy's inputs, in its type, row-major, on 64 bytes, outside of the Java heap. Fill
 * every buffer each time: what is in them is old.
 */
public final class Observation {
    private static final long ALIGNMENT = 64;

    private final MemorySegment[] buffers;
    private final ChunkPrefix prefix;
    private long step;
    private long consumed;
    private long episode;

    Observation(List<TensorType> inputs, int length, int width) {
        buffers = new MemorySegment[inputs.size()];
        Arena arena = Arena.ofAuto();
        for (int i = 0; i < buffers.length; i++) {
            buffers[i] = arena.allocate(inputs.get(i).byteSize(), ALIGNMENT);
        }
        prefix = new ChunkPrefix(length, width);
    }

    /** The memory of an input. */
    public MemorySegment buffer(int input) {
        return buffers[input];
    }

    /** Copies floats into an input, which is F32. */
    public void put(int input, float[] values) {
        MemorySegment.copy(values, 0, buffers[input], ValueLayout.JAVA_FLOAT, 0, values.length);
    }

    /** What is left of the chunk before, for policies that go on from it. */
    public ChunkPrefix prefix() {
        return prefix;
    }

    /** The number of the step that it was made at, from 0. */
    public long step() {
        return step;
    }

    /** How many actions had been carried out then. */
    long consumed() {
        return consumed;
    }

    /** How often the controller had been reset then. */
    long episode() {
        return episode;
    }

    void stamp(long newStep, long newConsumed, long newEpisode) {
        step = newStep;
        consumed = newConsumed;
        episode = newEpisode;
    }

    /** Vectors of F32, such as a robot's state. */
    public static TensorType vector(long... shape) {
        return new TensorType(DType.F32, Shape.of(shape));
    }
}
