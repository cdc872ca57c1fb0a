package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A program as steps over views of storages.
 *
 * @param inputs where the program's inputs are: placeholders, bound at each run
 * @param constants steps that run once, when a plan's memory is laid out
 * @param steps those that run each time
 * @param results where the program's results are
 * @param updates what stored tensors get at the end
 * @param captures the stored tensors that are read, or written
 */
record Steps(
        Backend backend,
        List<Stored> inputs,
        List<Step> constants,
        List<Step> steps,
        List<Stored> results,
        List<Assignment> updates,
        List<Stored> captures) {
    /** A stored tensor, and the value that it gets at the end of a run. */
    record Assignment(Stored target, Stored value) {}

    Steps withSteps(List<Step> constants, List<Step> steps) {
        return new Steps(backend, inputs, constants, steps, results, updates, captures);
    }

    static Set<Storage> storages() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    static Set<Storage> storagesOf(List<Stored> views) {
        Set<Storage> storages = storages();
        views.forEach(view -> storages.add(view.storage()));
        return storages;
    }

    /** What must stand when the program has run: results and new values of updated tensors. */
    Set<Storage> kept() {
        Set<Storage> kept = storagesOf(results);
        updates.forEach(update -> kept.add(update.value().storage()));
        return kept;
    }
}
