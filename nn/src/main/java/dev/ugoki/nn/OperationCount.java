package dev.ugoki.nn;

import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import java.util.List;

/**
 * How many floating-point operations an operation takes: 2 for each multiplication with its
 * addition in products and convolutions, 1 for each element that a reduction reads, 1 for each
 * element that anything else computes, and nothing for what only moves elements. A composite takes
 * what its decomposition takes.
 */
final class OperationCount {
    private OperationCount() {}

    static long of(Op op, TensorType[] operands, TensorType[] results) {
        return switch (op) {
            case Composite composite -> of(Graph.trace(composite::decompose, operands));
            case Prim prim -> of(prim, operands, results);
        };
    }

    private static long of(Graph graph) {
        long sum = 0;
        for (Graph.Node node : graph.nodes()) {
            sum += of(node.op(), types(graph, node.operands()), types(graph, node.results()));
        }
        return sum;
    }

    private static TensorType[] types(Graph graph, List<Integer> numbers) {
        return numbers.stream().map(graph::typeOf).toArray(TensorType[]::new);
    }

    private static long of(Prim prim, TensorType[] in, TensorType[] out) {
        return switch (prim) {
            case Prim.Fill _, Prim.Iota _, Prim.Cast _, Prim.CopyTo _ -> 0;
            case Prim.Reshape _, Prim.Permute _, Prim.Expand _, Prim.Slice _ -> 0;
            case Prim.Pad _, Prim.Concat _, Prim.Gather _ -> 0;
            case Prim.RandomBits _, Prim.Unary _, Prim.Binary _ -> size(out[0]);
            case Prim.Compare _, Prim.Select _ -> size(out[0]);
            case Prim.Reduce _, Prim.ArgReduce _, Prim.Scan _, Prim.ArgSort _ -> size(in[0]);
            case Prim.Scatter _ -> size(in[in.length - 1]);
            case Prim.MatMul _ -> 2 * size(out[0]) * in[0].shape().extent(-1);
            // Of each element of the convolution's result: a multiplication with every weight of
            // its channel.
            case Prim.Conv _ -> 2 * size(out[0]) * weightsOfChannel(in[1]);
            case Prim.ConvDataGrad _ -> 2 * size(in[0]) * weightsOfChannel(in[1]);
            case Prim.ConvFilterGrad _ -> 2 * size(in[1]) * weightsOfChannel(out[0]);
            case Prim.Cholesky _ -> size(in[0]) * in[0].shape().extent(-1) / 3;
            case Prim.TriangularSolve _ -> size(in[1]) * in[0].shape().extent(-1);
            case Prim.Solve _ ->
                    2 * size(in[0]) * in[0].shape().extent(-1) / 3
                            + 2 * size(in[1]) * in[0].shape().extent(-1);
            case Prim.Determinant _ -> 2 * size(in[0]) * in[0].shape().extent(-1) / 3;
            case Prim.Loop loop -> loop.steps() * of(loop.body());
        };
    }

    private static long weightsOfChannel(TensorType weight) {
        return size(weight) / Math.max(1, weight.shape().extent(0));
    }

    private static long size(TensorType type) {
        return type.shape().elementCount();
    }

    /** Whether the results are views of the operands, or constants: no memory of their own. */
    static boolean isWithoutMemory(Op op) {
        return op instanceof Prim.Reshape
                || op instanceof Prim.Permute
                || op instanceof Prim.Expand
                || op instanceof Prim.Slice
                || op instanceof Prim.Fill
                || op instanceof Prim.Iota;
    }
}
