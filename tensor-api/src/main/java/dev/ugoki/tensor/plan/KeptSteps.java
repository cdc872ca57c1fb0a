package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Sets apart the steps that compute the same in every run until a captured tensor changes, such as
 * a decoder's queries that are learned: they run first, and again only when one of the tensors that
 * they read has another version. Large results are computed anew rather than kept, and so are those
 * that would make all of them large.
 *
 * @param steps all steps, those first whose results are kept
 * @param count how many these are
 * @param results what the other steps read of them
 * @param sources the captured tensors that they read
 */
record KeptSteps(List<Step> steps, int count, Set<Storage> results, Set<Storage> sources) {
    private static final long MOST_BYTES = 1 << 20;
    private static final long MOST_BYTES_IN_ALL = 16 << 20;

    /** All steps run each time. */
    static KeptSteps none(Steps program) {
        return new KeptSteps(program.steps(), 0, Steps.storages(), Steps.storages());
    }

    /** Captured tensors that a program does not change. */
    static Set<Storage> lasting(Steps program) {
        Set<Storage> lasting = Steps.storagesOf(program.captures());
        program.updates().forEach(update -> lasting.remove(update.target().storage()));
        return lasting;
    }

    /** Those of a program. */
    static KeptSteps of(Steps program) {
        Set<Storage> lasting = lasting(program);
        Set<Storage> known = Steps.storages();
        known.addAll(lasting);
        for (Step constant : program.constants()) {
            known.addAll(Steps.storagesOf(constant.results()));
        }
        Set<Storage> elsewhere = program.kept();
        elsewhere.addAll(Steps.storagesOf(program.captures()));
        elsewhere.addAll(ConstantFolding.writtenOften(program));
        List<Step> kept = new ArrayList<>();
        List<Step> rest = new ArrayList<>();
        int loops = 0;
        long bytes = 0;
        for (Step step : program.steps()) {
            loops += step instanceof Step.LoopBegin ? 1 : step instanceof Step.LoopEnd ? -1 : 0;
            if (loops == 0
                    && !(step instanceof Step.LoopEnd)
                    && known.containsAll(Steps.storagesOf(step.operands()))
                    && step.results().stream().allMatch(result -> mayStay(result, elsewhere))
                    && bytes + bytes(step) <= MOST_BYTES_IN_ALL) {
                kept.add(step);
                bytes += bytes(step);
                known.addAll(Steps.storagesOf(step.results()));
            } else {
                rest.add(step);
            }
        }
        Set<Storage> made = Steps.storages();
        Set<Storage> sources = Steps.storages();
        for (Step step : kept) {
            made.addAll(Steps.storagesOf(step.results()));
            sources.addAll(Steps.storagesOf(step.operands()));
        }
        sources.retainAll(lasting);
        Set<Storage> read = Steps.storages();
        rest.forEach(step -> read.addAll(Steps.storagesOf(step.operands())));
        made.retainAll(read);
        int count = kept.size();
        kept.addAll(rest);
        return new KeptSteps(List.copyOf(kept), count, made, sources);
    }

    private static long bytes(Step step) {
        return step.results().stream().mapToLong(result -> result.type().byteSize()).sum();
    }

    private static boolean mayStay(Stored result, Set<Storage> elsewhere) {
        return !elsewhere.contains(result.storage()) && result.type().byteSize() <= MOST_BYTES;
    }
}
