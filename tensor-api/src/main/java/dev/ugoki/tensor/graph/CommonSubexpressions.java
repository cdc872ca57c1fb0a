package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.op.Op;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Computes what a program computes twice only once: nodes of one operation and the same operands.
 * Every operation gives the same bits whenever it runs, random draws too, whose keys are operands.
 */
public final class CommonSubexpressions implements GraphPass {
    private record Expression(Op op, List<Integer> operands) {}

    public CommonSubexpressions() {}

    @Override
    public Graph apply(Graph graph) {
        Map<Expression, List<Integer>> known = new HashMap<>();
        return GraphPass.rewritten(
                graph,
                (node, operands, types, target) ->
                        known.computeIfAbsent(
                                new Expression(node.op(), operands),
                                _ -> target.add(node.op(), operands, types)));
    }
}
