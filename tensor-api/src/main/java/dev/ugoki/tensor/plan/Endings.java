package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Joins a product and the kernel over elements that follows on it: bias, activation, residual. The
 * kernel runs on each region of the product as soon as that is made, so what passes from one to the
 * other is never written out, and is no step of its own. Only where nobody else needs it.
 */
final class Endings {
    /** Shorter rows, if there are several, are faster as one long one. */
    private static final long FEWEST_COLUMNS = 64;

    private final Steps program;
    private final List<Step> steps;
    private final Map<Storage, List<Integer>> readers = new IdentityHashMap<>();
    private final Map<Storage, List<Integer>> writers = new IdentityHashMap<>();
    private final Set<Storage> kept;
    private final Set<Storage> updates = Steps.storages();

    /** Steps whose results are kept from run to run, where the backend has it so. */
    private final Set<Step> lasting;

    private Endings(Steps program) {
        this.program = program;
        this.steps = new ArrayList<>(program.steps());
        KeptSteps lasts =
                program.backend().keepsResults() ? KeptSteps.of(program) : KeptSteps.none(program);
        this.lasting = Collections.newSetFromMap(new IdentityHashMap<>());
        this.lasting.addAll(lasts.steps().subList(0, lasts.count()));
        this.kept = program.kept();
        program.updates().forEach(update -> updates.add(update.value().storage()));
        for (int at = 0; at < steps.size(); at++) {
            for (Stored operand : steps.get(at).operands()) {
                readers.computeIfAbsent(operand.storage(), _ -> new ArrayList<>()).add(at);
            }
            for (Stored result : steps.get(at).results()) {
                writers.computeIfAbsent(result.storage(), _ -> new ArrayList<>()).add(at);
            }
        }
    }

    static Steps apply(Steps program) {
        return new Endings(program).run();
    }

    private Steps run() {
        boolean[] gone = new boolean[steps.size()];
        for (int at = 0; at < steps.size(); at++) {
            if (steps.get(at) instanceof Step.Joined joined) {
                int last = -1;
                int input = -1;
                for (int i = 0; i < joined.operands().size(); i++) {
                    int product = product(joined, i, at);
                    if (product > last) {
                        last = product;
                        input = i;
                    }
                }
                Step.Ended ended = last < 0 ? null : ended(last, joined, input);
                if (ended != null) {
                    steps.set(at, ended);
                    gone[last] = true;
                }
            }
        }
        List<Step> rest = new ArrayList<>();
        for (int at = 0; at < steps.size(); at++) {
            if (!gone[at]) {
                rest.add(steps.get(at));
            }
        }
        return program.withSteps(program.constants(), List.copyOf(rest));
    }

    /** The product that is operand {@code number} of a kernel and of nothing else; -1 for none. */
    private int product(Step.Joined joined, int number, int at) {
        Stored value = joined.operands().get(number);
        List<Integer> written = writers.getOrDefault(value.storage(), List.of());
        if (value.dtype() != DType.F32
                || written.size() != 1
                || written.getFirst() > at
                || readers.getOrDefault(value.storage(), List.of()).size() != 1
                || kept.contains(value.storage())) {
            return -1;
        }
        int product = written.getFirst();
        boolean ends =
                steps.get(product) instanceof Step.Operation operation
                        && operation.results().size() == 1
                        && isWhole(value, operation.results().getFirst())
                        && program.backend()
                                .ends(operation.op(), operation.operands().toArray(Stored[]::new))
                        && lasting.contains(operation) == lasting.contains(joined)
                        && mayWait(operation, product, at);
        return ends ? product : -1;
    }

    private static boolean isWhole(Stored value, Stored result) {
        return value.isContiguous()
                && value.offset() == 0
                && value.elementCount() == result.elementCount();
    }

    /** Whether a step may run right before another: nothing between them is in its way. */
    private boolean mayWait(Step.Operation step, int from, int to) {
        Set<Storage> read = Steps.storagesOf(step.operands());
        for (int at = from + 1; at < to; at++) {
            Step between = steps.get(at);
            if (between instanceof Step.LoopBegin || between instanceof Step.LoopEnd) {
                return false;
            }
            for (Stored result : between.results()) {
                if (read.contains(result.storage())) {
                    return false;
                }
            }
        }
        return true;
    }

    private Step.@Nullable Ended ended(int product, Step.Joined joined, int input) {
        Step.Operation operation = (Step.Operation) steps.get(product);
        Shape shape = operation.results().getFirst().shape();
        long columns = shape.extent(-1);
        long rows = shape.elementCount() / columns;
        int place = -1;
        for (int i = joined.results().size() - 1; i >= 0; i--) {
            Stored result = joined.results().get(i);
            place = result.dtype() == DType.F32 ? i : place;
            if (updates.contains(result.storage())) {
                return null; // the kernel alone may write in place
            }
        }
        if (place < 0 || rows > 1 && columns < FEWEST_COLUMNS) {
            return null;
        }
        List<Stored> operands = new ArrayList<>(operation.operands());
        for (int i = 0; i < joined.operands().size(); i++) {
            if (i != input) {
                Stored inRows = inRows(joined.operands().get(i), rows, columns);
                if (inRows == null || inRows.stride(1) != 0 && inRows.stride(1) != 1) {
                    return null;
                }
                operands.add(inRows);
            }
        }
        List<Stored> results = new ArrayList<>();
        for (Stored result : joined.results()) {
            Shape inRows = Shape.of(rows, columns);
            results.add(new Stored(result.storage(), result.type().withShape(inRows)));
        }
        return new Step.Ended(
                operation.op(),
                operation.operands().size(),
                joined.kernel(),
                input,
                place,
                joined.names(),
                List.copyOf(operands),
                List.copyOf(results));
    }

    /** The same elements as rows and columns; null where it does not divide so. */
    private static @Nullable Stored inRows(Stored view, long rows, long columns) {
        long[] extents = rows == 1 ? new long[] {columns} : new long[] {rows, columns};
        long[] strides = columns == 1 ? null : Dims.strides(view, extents);
        if (strides == null) {
            return null;
        }
        return new Stored(
                view.storage(),
                view.type().withShape(Shape.of(rows, columns)),
                view.offset(),
                rows == 1 ? new long[] {0, strides[0]} : strides);
    }
}
