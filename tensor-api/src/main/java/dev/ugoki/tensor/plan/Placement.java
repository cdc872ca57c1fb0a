package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Sees to it that results have memory of their own, and that updated tensors get their new values:
 * in place, where the step that computes them may write there, by a copy at the end otherwise.
 */
final class Placement {
    private final Steps program;
    private final List<Step> steps;
    private final Map<Storage, Stored> moved = new IdentityHashMap<>();

    private Placement(Steps program) {
        this.program = program;
        this.steps = new ArrayList<>(program.steps());
    }

    static Steps apply(Steps program) {
        return new Placement(program).run();
    }

    private Steps run() {
        Set<Storage> writable = Steps.storages();
        for (Step step : steps) {
            writable.addAll(Steps.storagesOf(step.results()));
        }
        List<Stored> results = new ArrayList<>();
        for (Stored result : program.results()) {
            results.add(writable.contains(result.storage()) ? result : copyOf(result));
        }
        Set<Storage> ofResults = Steps.storagesOf(results);
        List<Steps.Assignment> copied = new ArrayList<>();
        for (Steps.Assignment update : program.updates()) {
            if (!inPlace(update, ofResults)) {
                copied.add(update);
            }
        }
        List<Steps.Assignment> assignments = new ArrayList<>();
        Set<Storage> targets = Steps.storages();
        program.updates().forEach(update -> targets.add(update.target().storage()));
        for (Steps.Assignment update : copied) {
            Stored value = at(update.value());
            boolean changes = targets.contains(value.storage());
            assignments.add(new Steps.Assignment(update.target(), changes ? copyOf(value) : value));
        }
        for (Steps.Assignment update : assignments) {
            steps.add(copy(update.value(), update.target()));
        }
        return new Steps(
                program.backend(),
                program.inputs(),
                program.constants(),
                steps.stream().map(this::relocated).toList(),
                results,
                program.updates(),
                program.captures());
    }

    private Stored copyOf(Stored view) {
        Stored own = new Stored(Storage.placeholder(program.backend()), view.type());
        steps.add(copy(view, own));
        return own;
    }

    private static Step copy(Stored from, Stored to) {
        Op copy = new Prim.Reshape(to.shape());
        return new Step.Operation(copy, List.of(from), List.of(to));
    }

    /** Whether the value's step now writes to the tensor itself. */
    private boolean inPlace(Steps.Assignment update, Set<Storage> ofResults) {
        Storage value = update.value().storage();
        Storage target = update.target().storage();
        int writer = -1;
        int lastReader = -1;
        int writers = 0;
        for (int at = 0; at < steps.size(); at++) {
            Step step = steps.get(at);
            if (step instanceof Step.LoopBegin) {
                return false;
            }
            if (Steps.storagesOf(step.results()).contains(value)) {
                writer = at;
                writers++;
            }
            if (Steps.storagesOf(step.operands()).contains(target)) {
                lastReader = at;
            }
        }
        boolean whole = update.value().offset() == 0 && update.value().isContiguous();
        if (writers != 1
                || !whole
                || ofResults.contains(value)
                || moved.containsKey(value)
                || lastReader > writer
                || !mayOverwrite(steps.get(writer), update)) {
            return false;
        }
        moved.put(value, update.target());
        return true;
    }

    /**
     * Whether a step may write its result to the target, which it may read too. The target may be
     * part of a larger tensor, and only what declares to overwrite an operand keeps to its end.
     */
    private static boolean mayOverwrite(Step step, Steps.Assignment update) {
        boolean wholeLines = update.target().type().byteSize() % MemoryPlan.LINE == 0;
        return switch (step) {
            case Step.Operation each ->
                    declares(each, update)
                            || wholeLines
                                    && !Steps.storagesOf(each.operands())
                                            .contains(update.target().storage());
            case Step.Joined each ->
                    wholeLines
                            && each.operands().stream()
                                    .filter(o -> o.storage() == update.target().storage())
                                    .allMatch(o -> isAt(o, update.target()));
            case Step.Ended _, Step.Reduced _, Step.LoopBegin _, Step.LoopEnd _ -> false;
        };
    }

    private static boolean declares(Step.Operation step, Steps.Assignment update) {
        for (int i = 0; i < step.results().size(); i++) {
            if (step.results().get(i).storage() == update.value().storage()) {
                int operand = step.op().overwrites(i);
                return operand >= 0 && isOnly(step.operands(), operand, update.target());
            }
        }
        return false;
    }

    private static boolean isAt(Stored operand, Stored target) {
        return operand.offset() == target.offset()
                && operand.isContiguous()
                && operand.type().equals(target.type());
    }

    /** Whether operand {@code number} is the target, and no other shares its memory. */
    private static boolean isOnly(List<Stored> operands, int number, Stored target) {
        for (int i = 0; i < operands.size(); i++) {
            Stored operand = operands.get(i);
            if (operand.storage() == target.storage() && (i != number || !isAt(operand, target))) {
                return false;
            }
        }
        return operands.get(number).storage() == target.storage();
    }

    private Stored at(Stored view) {
        Stored target = moved.get(view.storage());
        return target == null
                ? view
                : new Stored(
                        target.storage(),
                        view.type(),
                        target.offset() + view.offset(),
                        view.toStrides());
    }

    private List<Stored> at(List<Stored> views) {
        return views.stream().map(this::at).toList();
    }

    private Step relocated(Step step) {
        return switch (step) {
            case Step.Operation each ->
                    new Step.Operation(each.op(), at(each.operands()), at(each.results()));
            case Step.Joined each ->
                    new Step.Joined(
                            each.kernel(), each.names(), at(each.operands()), at(each.results()));
            case Step.Ended each ->
                    new Step.Ended(
                            each.op(),
                            each.factors(),
                            each.kernel(),
                            each.input(),
                            each.place(),
                            each.names(),
                            at(each.operands()),
                            at(each.results()));
            case Step.Reduced each ->
                    new Step.Reduced(
                            each.kernel(),
                            each.tail(),
                            each.names(),
                            at(each.operands()),
                            at(each.results()));
            case Step.LoopBegin _, Step.LoopEnd _ -> step;
        };
    }
}
