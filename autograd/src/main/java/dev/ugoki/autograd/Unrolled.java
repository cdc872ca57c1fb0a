package dev.ugoki.autograd;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Prim;

/** A loop as the operations of all its steps. */
final class Unrolled {
    private Unrolled() {}

    static Graph.Program of(Prim.Loop loop) {
        return operands -> {
            Tensor[] inputs = new Tensor[operands.length + 1];
            System.arraycopy(operands, 0, inputs, 1, operands.length);
            for (long step = 0; step < loop.steps(); step++) {
                inputs[0] = Tensor.full(DType.I64, Shape.SCALAR, step);
                Tensor[] next = loop.body().evaluate(inputs);
                System.arraycopy(next, 0, inputs, 1, next.length);
            }
            Tensor[] results = new Tensor[loop.resultCount()];
            System.arraycopy(inputs, 1, results, 0, results.length);
            return results;
        };
    }
}
