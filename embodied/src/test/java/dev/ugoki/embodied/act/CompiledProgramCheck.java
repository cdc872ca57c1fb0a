package dev.ugoki.embodied.act;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.embodied.control.BufferProgram;
import dev.ugoki.tck.Allocation;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.NamedGraph;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** What every compiled program of a policy must do. */
final class CompiledProgramCheck {
    private CompiledProgramCheck() {}

    /** The bits of the operations one after the other, and no garbage. */
    static void check(NamedGraph graph, int calls) {
        Random random = new Random(5);
        TensorType[] types = graph.graph().inputTypes();
        MemorySegment[] inputs = new MemorySegment[types.length];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = Arena.ofAuto().allocate(types[i].byteSize(), 64);
            for (long at = 0; at < types[i].shape().elementCount(); at++) {
                if (types[i].dtype() == DType.F32) {
                    inputs[i].setAtIndex(ValueLayout.JAVA_FLOAT, at, random.nextFloat());
                } else {
                    inputs[i].setAtIndex(ValueLayout.JAVA_INT, at, random.nextInt());
                }
            }
        }
        long bytes = graph.graph().resultTypes()[0].byteSize();
        MemorySegment expected = Arena.ofAuto().allocate(bytes, 64);
        MemorySegment actual = Arena.ofAuto().allocate(bytes, 64);
        BufferProgram.of(graph.graph()).run(inputs, expected);
        BufferProgram compiled = BufferProgram.compiled(graph.graph());
        compiled.run(inputs, actual);

        assertEquals(-1, expected.mismatch(actual), "the bits differ from this byte on");
        assertEquals(0, Allocation.bytesPerCall(calls, () -> compiled.run(inputs, actual)));
    }
}
