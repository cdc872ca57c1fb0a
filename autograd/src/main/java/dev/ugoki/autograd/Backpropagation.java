package dev.ugoki.autograd;

import dev.ugoki.tensor.Inspector;
import dev.ugoki.tensor.Lineage;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * One backward pass: walks the steps from the last to the first, and hands each one's cotangents on
 * to its operands by the rule of its operation. It goes only where a wanted variable can be
 * reached.
 *
 * <p>What has no rule of its own (a composite, a loop, a checkpoint) is computed again in smaller
 * operations; these steps are the newest, so the walk goes on through them before it comes to
 * anything older, and then they are released.
 *
 * <p>Where nobody asks for another pass, it takes the forward pass apart on its way: what was
 * computed after a step, that step and all before it cannot know, so when the walk comes to it, all
 * that is released.
 */
final class Backpropagation {
    /** The cotangents of a step's operands, or null where it has no rule of its own. */
    @FunctionalInterface
    interface Rule {
        @Nullable Tensor @Nullable [] apply();
    }

    /** Elements of a step up to which a scope of its own costs more than what it gives back. */
    private static final long SMALL = 1 << 12;

    private final boolean differentiable;
    private final Wanted wanted;
    private final @Nullable AnomalyDetector detector = AnomalyDetector.current();
    private final CotangentMemory memory = new CotangentMemory();

    /** The scope of the forward pass, if this pass is the last that needs it. */
    private final @Nullable TensorScope forward;

    /** What the forward pass made and is needed all the same. */
    private final Set<Storage> staying = Collections.newSetFromMap(new IdentityHashMap<>());

    private final Gradients gradients = new Gradients();
    private final Map<Step, @Nullable Tensor[]> cotangents = new IdentityHashMap<>();
    private final PriorityQueue<Step> pending =
            new PriorityQueue<>(Comparator.comparingLong(Step::number).reversed());

    private Backpropagation(Wanted wanted, boolean differentiable, @Nullable TensorScope forward) {
        this.wanted = wanted;
        this.differentiable = differentiable;
        this.forward = forward;
    }

    /**
     * @param differentiable whether the gradients are to be followed in turn
     */
    static Gradients run(
            List<Tensor> outputs, List<Tensor> seeds, Wanted wanted, boolean differentiable) {
        return new Backpropagation(wanted, differentiable, null).run(outputs, seeds);
    }

    /**
     * The gradients of {@code output}, of which this is the last pass.
     *
     * @param forward the scope, not the innermost one, that the output was computed in; of what was
     *     computed there, only the output and what became a gradient outlive the pass
     */
    static Gradients runLast(Tensor output, Tensor seed, Wanted wanted, TensorScope forward) {
        Backpropagation pass = new Backpropagation(wanted, false, forward);
        pass.keep(output);
        return pass.run(List.of(output), List.of(seed));
    }

    private Gradients run(List<Tensor> outputs, List<Tensor> seeds) {
        Supplier<Gradients> walk =
                () -> {
                    for (int i = 0; i < outputs.size(); i++) {
                        send(outputs.get(i).lineage(), seeds.get(i));
                    }
                    walk(0);
                    return gradients;
                };
        // The detector looks at what each rule gives, not at the operations inside it.
        Gradients found =
                detector == null ? Recording.on(walk) : Inspector.none(() -> Recording.on(walk));
        return differentiable ? found : found.detached();
    }

    /** Through all pending steps whose number is above {@code limit}. */
    private void walk(long limit) {
        for (Step step = pending.peek();
                step != null && step.number() > limit;
                step = pending.peek()) {
            pending.remove();
            if (forward != null && step.scope() == forward) {
                forward.releaseFrom(step.sizeOfScope(), staying::contains);
            }
            @Nullable Tensor[] arrived = cotangents.remove(step);
            if (arrived == null) {
                throw new IllegalStateException("a step is pending without a cotangent");
            }
            for (int i = 0; i < arrived.length; i++) {
                Tensor cotangent = arrived[i];
                if (cotangent != null && wanted.isVariable(step.result(i))) {
                    answer(step.result(i), cotangent);
                }
            }
            if (wanted.leadsOn(step)) {
                propagate(step, arrived);
            }
            for (Tensor cotangent : arrived) {
                if (cotangent != null) {
                    memory.drop(cotangent);
                }
            }
        }
    }

    private void propagate(Step step, @Nullable Tensor[] arrived) {
        switch (step.op()) {
            case Prim.Loop loop -> throughProgram(step, Unrolled.of(loop), arrived);
            case Prim prim -> {
                Tensor cotangent = arrived[0];
                if (cotangent != null) {
                    deliver(step, arrived, () -> throughRule(step, prim, cotangent));
                }
            }
            case Checkpoint checkpoint -> throughProgram(step, checkpoint::decompose, arrived);
            case Composite composite -> {
                if (!deliver(step, arrived, () -> throughBackward(step, composite, arrived))) {
                    throughProgram(step, composite::decompose, arrived);
                }
            }
        }
    }

    private @Nullable Tensor[] throughRule(Step step, Prim prim, Tensor cotangent) {
        IntPredicate isUseful = operand -> wanted.isUseful(step.lineageOfOperand(operand));
        return differentiable
                ? GradientRules.of(
                        prim, step.operands(), step.followedForward()[0], cotangent, isUseful)
                : GradientRules.of(
                        prim, step.detachedOperands(), step.forward()[0], cotangent, isUseful);
    }

    private @Nullable Tensor @Nullable [] throughBackward(
            Step step, Composite composite, @Nullable Tensor[] arrived) {
        IntPredicate isUseful = operand -> wanted.isUseful(step.lineageOfOperand(operand));
        if (!differentiable) {
            return composite.backward(
                    step.detachedOperands(), step.forward(), arrived.clone(), isUseful);
        }
        Tensor[] operands = step.operands();
        // Residuals were saved as constants: to be differentiated they are computed again.
        Tensor[] forward =
                step.hasResiduals()
                        ? composite.forwardWithResiduals(operands)
                        : step.followedForward();
        return composite.backward(operands, forward, arrived.clone(), isUseful);
    }

    private void throughProgram(Step step, Graph.Program program, @Nullable Tensor[] arrived) {
        if (differentiable) {
            computeAgain(step, program, arrived);
            return;
        }
        memory.inScope(
                true,
                () -> {
                    computeAgain(step, program, arrived);
                    walk(step.number());
                });
    }

    private void computeAgain(Step step, Graph.Program program, @Nullable Tensor[] arrived) {
        Supplier<Tensor[]> compute = () -> program.apply(step.operands());
        Tensor[] again = detector == null ? compute.get() : detector.partOf(step, compute);
        if (step.op() instanceof Checkpoint) {
            requireSame(step, again);
        }
        for (int i = 0; i < step.resultCount(); i++) {
            Tensor cotangent = arrived[i];
            if (cotangent != null) {
                send(again[i].lineage(), cotangent);
            }
        }
    }

    private void requireSame(Step step, Tensor[] again) {
        Tensor[] forward = step.forward();
        for (int i = 0; i < forward.length; i++) {
            if (i >= again.length || !again[i].type().equals(forward[i].type())) {
                throw new IllegalStateException(
                        "checkpoint: result "
                                + i
                                + " was "
                                + forward[i].type()
                                + ", and is "
                                + (i < again.length ? again[i].type() : "missing")
                                + " when the program is computed again for the gradient; a"
                                + " checkpoint's program must compute the same each time");
            }
        }
        if (detector != null) {
            detector.requireSameValues(step, forward, again);
        }
    }

    /** Hands on what a rule gives; false if it gives nothing, and the step has no rule. */
    private boolean deliver(Step step, @Nullable Tensor[] arrived, Rule rule) {
        if (differentiable || step.elementCount() <= SMALL) {
            return deliverHere(step, arrived, rule);
        }
        boolean[] delivered = new boolean[1];
        memory.inScope(false, () -> delivered[0] = deliverHere(step, arrived, rule));
        return delivered[0];
    }

    private boolean deliverHere(Step step, @Nullable Tensor[] arrived, Rule rule) {
        @Nullable Tensor @Nullable [] given =
                detector == null ? rule.apply() : detector.gradientOf(step, rule);
        if (given == null) {
            return false;
        }
        for (int i = 0; i < given.length; i++) {
            Tensor cotangent = given[i];
            if (cotangent != null
                    && i < step.operandCount()
                    && wanted.isUseful(step.lineageOfOperand(i))) {
                requireTypeOf(step, i, cotangent);
                if (detector != null) {
                    detector.checkGradient(step, i, cotangent, arrived, rule);
                }
                send(step.lineageOfOperand(i), cotangent);
            }
        }
        return true;
    }

    private static void requireTypeOf(Step step, int operand, Tensor cotangent) {
        if (!cotangent.type().equals(step.typeOfOperand(operand))) {
            throw new IllegalStateException(
                    step.op().name()
                            + ": its backward gives "
                            + cotangent.type()
                            + " for operand "
                            + operand
                            + ", which is "
                            + step.typeOfOperand(operand)
                            + "; a gradient has the type of its operand");
        }
    }

    private void send(@Nullable Lineage lineage, Tensor given) {
        if (lineage == null || !wanted.isUseful(lineage)) {
            return;
        }
        Tensor cotangent = differentiable ? given : given.withLineage(null);
        keep(cotangent);
        switch (lineage) {
            case Leaf leaf -> answer(leaf, sum(gradients.get(leaf), cotangent, null));
            case Step.Result(Step step, int index) -> {
                @Nullable Tensor[] arrived = cotangents.get(step);
                if (arrived == null) {
                    arrived = new Tensor[step.resultCount()];
                    cotangents.put(step, arrived);
                    pending.add(step);
                }
                Tensor sum = sum(arrived[index], cotangent, step);
                arrived[index] = sum;
                memory.hold(sum);
            }
            default ->
                    throw new IllegalStateException(
                            "a tensor is followed by somebody else: " + lineage);
        }
    }

    /** Does not release {@code tensor} with the forward pass, if that made it. */
    private void keep(Tensor tensor) {
        if (forward != null
                && tensor.payload() instanceof Stored stored
                && stored.storage().owner() == forward) {
            staying.add(stored.storage());
        }
    }

    private void answer(Lineage variable, Tensor gradient) {
        memory.hold(gradient);
        gradients.put(variable, gradient);
    }

    /** What arrived before, whose use ends, and a further cotangent. */
    private Tensor sum(@Nullable Tensor before, Tensor cotangent, @Nullable Step of) {
        if (before == null) {
            return cotangent;
        }
        Tensor sum = before.add(cotangent);
        if (detector != null) {
            detector.checkSum(before, cotangent, sum, of);
        }
        memory.drop(before);
        return sum;
    }
}
