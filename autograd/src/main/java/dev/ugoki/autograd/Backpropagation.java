package dev.ugoki.autograd;

import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * One backward pass: walks the steps from the last to the first, and hands each one's cotangents on
 * to its operands by the rule of its operation.
 *
 * <p>What has no rule of its own (a composite, a loop, a checkpoint) is computed again in smaller
 * operations; these steps are the newest, so the walk goes on through them before it comes to
 * anything older.
 */
final class Backpropagation {
    private final boolean differentiable;
    private final Gradients gradients = new Gradients();
    private final Map<Step, @Nullable Tensor[]> cotangents = new IdentityHashMap<>();
    private final PriorityQueue<Step> pending =
            new PriorityQueue<>(Comparator.comparingLong(Step::number).reversed());

    private Backpropagation(boolean differentiable) {
        this.differentiable = differentiable;
    }

    /**
     * @param differentiable whether the gradients are to be followed in turn
     */
    static Gradients run(List<Tensor> outputs, List<Tensor> seeds, boolean differentiable) {
        Backpropagation pass = new Backpropagation(differentiable);
        return Recording.on(
                () -> {
                    for (int i = 0; i < outputs.size(); i++) {
                        pass.send(outputs.get(i).lineage(), seeds.get(i));
                    }
                    pass.walk();
                    return pass.gradients;
                });
    }

    private void walk() {
        for (Step step = pending.poll(); step != null; step = pending.poll()) {
            @Nullable Tensor[] arrived = cotangents.remove(step);
            if (arrived == null) {
                throw new IllegalStateException("a step is pending without a cotangent");
            }
            propagate(step, arrived);
        }
    }

    private void propagate(Step step, @Nullable Tensor[] arrived) {
        switch (step.op()) {
            case Prim.Loop loop -> throughProgram(step, Unrolled.of(loop), arrived);
            case Prim prim -> {
                Tensor cotangent = arrived[0];
                if (cotangent != null) {
                    deliver(step, throughRule(step, prim, cotangent));
                }
            }
            case Checkpoint checkpoint -> throughProgram(step, checkpoint.program(), arrived);
            case Composite composite -> {
                @Nullable Tensor @Nullable [] given =
                        differentiable
                                ? null
                                : composite.backward(
                                        step.detachedOperands(), step.forward(), arrived);
                if (given == null) {
                    throughProgram(step, composite::decompose, arrived);
                } else {
                    deliver(step, given);
                }
            }
        }
    }

    private @Nullable Tensor[] throughRule(Step step, Prim prim, Tensor cotangent) {
        return differentiable
                ? GradientRules.of(
                        prim,
                        step.operands(),
                        step.followedForward()[0],
                        cotangent,
                        step::isFollowed)
                : GradientRules.of(
                        prim,
                        step.detachedOperands(),
                        step.forward()[0],
                        cotangent,
                        step::isFollowed);
    }

    private void throughProgram(
            Step step, dev.ugoki.tensor.graph.Graph.Program program, @Nullable Tensor[] arrived) {
        Tensor[] again = program.apply(step.operands());
        for (int i = 0; i < step.resultCount(); i++) {
            Tensor cotangent = arrived[i];
            if (cotangent != null) {
                send(again[i].lineage(), cotangent);
            }
        }
    }

    private void deliver(Step step, @Nullable Tensor[] given) {
        for (int i = 0; i < given.length; i++) {
            Tensor cotangent = given[i];
            if (cotangent != null) {
                send(step.lineageOfOperand(i), cotangent);
            }
        }
    }

    private void send(@Nullable Lineage lineage, Tensor cotangent) {
        switch (lineage) {
            case null -> {}
            case Leaf leaf -> gradients.add(leaf, cotangent);
            case Step.Result(Step step, int index) -> {
                @Nullable Tensor[] arrived = cotangents.get(step);
                if (arrived == null) {
                    arrived = new Tensor[step.resultCount()];
                    cotangents.put(step, arrived);
                    pending.add(step);
                }
                Tensor before = arrived[index];
                arrived[index] = before == null ? cotangent : before.add(cotangent);
            }
            default ->
                    throw new IllegalStateException(
                            "a tensor is followed by somebody else: " + lineage);
        }
    }
}
