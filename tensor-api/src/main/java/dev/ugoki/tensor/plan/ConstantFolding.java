package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Sets apart the steps that compute the same in every run, such as a table of positions or the
 * gradient that a backward pass begins with: they run once. Captured tensors are no constants,
 * since they may change between runs; large results are computed anew rather than kept.
 */
final class ConstantFolding {
    private static final long MOST_BYTES = 1 << 16;

    private ConstantFolding() {}

    static Steps apply(Steps program) {
        List<Step> constants = new ArrayList<>(program.constants());
        List<Step> rest = new ArrayList<>();
        Set<Storage> known = Steps.storages();
        constants.forEach(step -> known.addAll(Steps.storagesOf(step.results())));
        Set<Storage> written = writtenOften(program);
        for (Step step : program.steps()) {
            if (step instanceof Step.Operation operation
                    && known.containsAll(Steps.storagesOf(operation.operands()))
                    && operation.results().stream().noneMatch(r -> written.contains(r.storage()))
                    && isSmall(operation)) {
                constants.add(operation);
                known.addAll(Steps.storagesOf(operation.results()));
            } else {
                rest.add(step);
            }
        }
        return program.withSteps(List.copyOf(constants), List.copyOf(rest));
    }

    /** What loops carry is written before the loop and in it. */
    static Set<Storage> writtenOften(Steps program) {
        Set<Storage> once = Steps.storages();
        Set<Storage> often = Steps.storages();
        for (Step step : program.steps()) {
            for (Stored result : step.results()) {
                if (!once.add(result.storage())) {
                    often.add(result.storage());
                }
            }
        }
        return often;
    }

    private static boolean isSmall(Step.Operation step) {
        long most = step.op() instanceof Prim.Iota ? Long.MAX_VALUE : MOST_BYTES;
        return step.results().stream().allMatch(result -> result.type().byteSize() <= most);
    }
}
