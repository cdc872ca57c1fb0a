package dev.ugoki.embodied.control;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.plan.BoundPlan;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A plan whose inputs are copied in and whose result is copied out, by its backend. */
final class CompiledProgram implements BufferProgram {
    private final BoundPlan plan;
    private final Stored[] inputs;
    private final Stored result;

    CompiledProgram(Graph graph) {
        TensorType[] types = graph.inputTypes();
        Tensor[] tensors = new Tensor[types.length];
        inputs = new Stored[types.length];
        for (int i = 0; i < types.length; i++) {
            tensors[i] = Tensor.of(types[i], Arena.ofAuto().allocate(types[i].byteSize()));
            inputs[i] = stored(tensors[i]);
        }
        plan = Ugoki.compile(graph::evaluate).bind(tensors);
        plan.warmUp();
        plan.run();
        result = stored(plan.result(0));
        if (!result.isContiguous()) {
            throw new IllegalArgumentException(
                    "the program's result is a view of other memory; end it with copy()");
        }
    }

    private static Stored stored(Tensor tensor) {
        if (tensor.payload() instanceof Stored stored) {
            return stored;
        }
        throw new IllegalStateException("a plan cannot be made within a trace");
    }

    @Override
    public void run(MemorySegment[] buffers, MemorySegment to) {
        for (int i = 0; i < inputs.length; i++) {
            inputs[i].storage().backend().upload(buffers[i], inputs[i]);
        }
        plan.run();
        result.storage().backend().download(result, to);
    }
}
