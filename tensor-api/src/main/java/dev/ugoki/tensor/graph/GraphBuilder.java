package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.TypeRules;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes a program value by value: inputs, then captured tensors, then operations.
 *
 * <pre>{@code
 * GraphBuilder builder = new GraphBuilder();
 * int x = builder.input(type);
 * int y = builder.add(new Prim.Unary(Prim.Unary.Kind.EXP), List.of(x)).getFirst();
 * Graph graph = builder.build(List.of(y), List.of());
 * }</pre>
 */
public final class GraphBuilder {
    private final List<TensorType> types = new ArrayList<>();
    private final List<Graph.Capture> captures = new ArrayList<>();
    private final List<Graph.Node> nodes = new ArrayList<>();
    private int inputCount;

    public GraphBuilder() {}

    /** The next input. */
    public int input(TensorType type) {
        if (types.size() > inputCount) {
            throw new IllegalStateException("graph: inputs come before all other values");
        }
        inputCount++;
        return newValue(type);
    }

    /** A tensor that is read anew at each run. */
    public int capture(Tensor tensor) {
        int value = newValue(tensor.type());
        captures.add(new Graph.Capture(value, tensor));
        return value;
    }

    /** The results of an operation on earlier values; their types are checked. */
    public List<Integer> add(Op op, List<Integer> operands) {
        TensorType[] operandTypes = operands.stream().map(types::get).toArray(TensorType[]::new);
        return add(op, operands, List.of(TypeRules.infer(op, operandTypes)));
    }

    /** The results of an operation whose types are known. */
    List<Integer> add(Op op, List<Integer> operands, List<TensorType> resultTypes) {
        List<Integer> results = resultTypes.stream().map(this::newValue).toList();
        nodes.add(new Graph.Node(op, List.copyOf(operands), results));
        return results;
    }

    /** The type of a value. */
    public TensorType typeOf(int value) {
        return types.get(value);
    }

    private int newValue(TensorType type) {
        types.add(type);
        return types.size() - 1;
    }

    /** The program. */
    public Graph build(List<Integer> results, List<Graph.Update> updates) {
        return new Graph(
                List.copyOf(types),
                inputCount,
                List.copyOf(captures),
                List.copyOf(nodes),
                List.copyOf(results),
                List.copyOf(updates));
    }
}
