package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Ending;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Repetition;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Steps with memory: one slab for all intermediate values, and every step made ready by the
 * backend. Inputs and results are bound before a run, and stay bound for the next.
 */
final class Executable {
    /** A view whose storage changes with what is bound, in the slot of a step. */
    private record Bound(Slot slot, Stored layout) {}

    /** Steps of a program with larger weights, in all, keep no copies of them. */
    private static final long MOST_COPIED_BYTES = 64 << 20;

    private final Steps program;
    private final Backend backend;
    private final MemoryPlan memory;
    private final Storage slab;
    private final Map<Storage, Storage> constants = new LinkedHashMap<>();

    /** What runs do not change, and what is kept of them. */
    private final Set<Storage> lasting = Steps.storages();

    /** How many steps, the first ones, run only when what they read has changed. */
    private final int keptSteps;

    private final Storage[] keptFrom;
    private final int[] keptVersions;
    private final Storage[] keptResults;
    private boolean keepsResults;

    /** The slots that view an input, or a storage that holds results. */
    private final Map<Storage, List<Bound>> bound = new LinkedHashMap<>();

    private final List<Prepared> prepared = new ArrayList<>();
    private final Loops loops;
    private final Repetition all;
    private final Storage[] resultStorages;
    private final TensorType[] resultStorageTypes;
    private final Storage[] captures;
    private final Storage[] updated;
    private final long[] nanos;
    private final long[] allocated;
    private long runs;

    private final @Nullable Storage[] now;
    private final boolean[] pinned;

    /**
     * Lays out memory and makes the steps ready.
     *
     * @param keepsCopies whether steps may keep copies of weights in an order of their own
     */
    Executable(Steps given, boolean keepsCopies) {
        this.backend = given.backend();
        if (keepsCopies) {
            lasting.addAll(KeptSteps.lasting(given));
        }
        KeptSteps kept =
                keepsCopies && backend.keepsResults() ? KeptSteps.of(given) : KeptSteps.none(given);
        Steps program = given.withSteps(given.constants(), kept.steps());
        this.program = program;
        keptSteps = kept.count();
        keptFrom = kept.sources().toArray(Storage[]::new);
        keptVersions = new int[keptFrom.length];
        if (bytes(lasting) > MOST_COPIED_BYTES) {
            lasting.clear();
        } else {
            lasting.addAll(kept.results());
        }
        Map<Storage, TensorType> results = new LinkedHashMap<>();
        for (Stored result : program.results()) {
            results.putIfAbsent(result.storage(), result.type());
        }
        for (Step step : program.steps()) {
            for (Stored result : step.results()) {
                results.computeIfPresent(result.storage(), (_, _) -> result.type());
            }
        }
        resultStorages = results.keySet().toArray(Storage[]::new);
        resultStorageTypes = results.values().toArray(TensorType[]::new);
        captures = Steps.storagesOf(program.captures()).toArray(Storage[]::new);
        updated =
                program.updates().stream()
                        .map(update -> update.target().storage())
                        .distinct()
                        .toArray(Storage[]::new);
        var elsewhere = Steps.storagesOf(program.inputs());
        elsewhere.addAll(results.keySet());
        elsewhere.addAll(List.of(captures));
        for (Step step : program.constants()) {
            elsewhere.addAll(Steps.storagesOf(step.results()));
        }
        elsewhere.addAll(kept.results());
        memory = MemoryPlan.of(program.steps(), elsewhere);
        TensorType bytes = new TensorType(DType.U8, Shape.of(Math.max(1, memory.size())));
        slab = TensorScope.outside(() -> backend.memory().allocate(bytes, backend));
        program.constants().forEach(step -> compute((Step.Operation) step));
        now = new @Nullable Storage[program.inputs().size() + resultStorages.length];
        pinned = new boolean[now.length + captures.length];
        for (Stored input : program.inputs()) {
            bound.put(input.storage(), new ArrayList<>());
        }
        for (Storage result : resultStorages) {
            bound.put(result, new ArrayList<>());
        }
        List<Storage> ownOfKept = new ArrayList<>();
        for (Step step : program.steps().subList(0, keptSteps)) {
            for (Stored result : step.results()) {
                if (kept.results().contains(result.storage())) {
                    ownOfKept.add(own(result));
                }
            }
        }
        keptResults = ownOfKept.toArray(Storage[]::new);
        loops = new Loops(program.steps());
        for (int at = 0; at < program.steps().size(); at++) {
            prepared.add(prepare(at, program.steps().get(at)));
        }
        all = backend.repetition(() -> steps(false));
        nanos = new long[prepared.size()];
        allocated = new long[prepared.size()];
    }

    private void compute(Step.Operation step) {
        step.results().forEach(this::own);
        Stored[] in = step.operands().stream().map(this::placed).toArray(Stored[]::new);
        Stored[] out = step.results().stream().map(this::placed).toArray(Stored[]::new);
        backend.execute(step.op(), in, out);
    }

    private static long bytes(Set<Storage> storages) {
        return storages.stream().mapToLong(Storage::capacity).sum();
    }

    /** Memory of its own for a result. */
    private Storage own(Stored result) {
        Storage own = TensorScope.outside(() -> backend.memory().allocate(result.type(), backend));
        constants.put(result.storage(), own);
        return own;
    }

    private Prepared prepare(int at, Step step) {
        return switch (step) {
            case Step.Operation each ->
                    backend.prepare(
                            each.op(), slots(at, each.operands()), slots(at, each.results()));
            case Step.Joined each ->
                    backend.prepare(
                            each.kernel(), slots(at, each.operands()), slots(at, each.results()));
            case Step.Reduced each ->
                    backend.prepare(
                            each.kernel(),
                            each.tail(),
                            slots(at, each.operands()),
                            slots(at, each.results()));
            case Step.Ended each ->
                    ended(each, slots(at, each.operands()), slots(at, each.results()));
            case Step.LoopBegin begin -> {
                loops.place(at, placed(begin.numbers()));
                yield () -> {};
            }
            case Step.LoopEnd _ -> () -> {};
        };
    }

    private Prepared ended(Step.Ended step, Slot[] operands, Slot[] results) {
        Slot[] factors = Arrays.copyOf(operands, step.factors());
        List<Slot> others = List.of(operands).subList(step.factors(), operands.length);
        Ending ending =
                new Ending(step.kernel(), step.input(), others, List.of(results), step.place());
        return backend.prepare(step.op(), factors, ending);
    }

    private Slot[] slots(int at, List<Stored> views) {
        Slot[] slots = new Slot[views.size()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = slot(at, views.get(i));
        }
        return slots;
    }

    private Slot slot(int at, Stored view) {
        // Steps that run once need no copies that serve many runs.
        Slot slot = new Slot(view, at >= keptSteps && lasting.contains(view.storage()));
        List<Bound> places = bound.get(view.storage());
        if (places != null) {
            places.add(new Bound(slot, view));
        } else if (!loops.follows(at, slot)) {
            slot.set(placed(view));
        }
        return slot;
    }

    /** A view of the memory that was planned for its storage. */
    private Stored placed(Stored view) {
        Storage constant = constants.get(view.storage());
        if (constant != null) {
            return on(constant, 0, view);
        }
        long offset = memory.offset(view.storage());
        return offset < 0 ? view : on(slab, offset / view.dtype().byteSize(), view);
    }

    private static Stored on(Storage storage, long elements, Stored view) {
        return new Stored(storage, view.type(), elements + view.offset(), view.toStrides());
    }

    /** Runs that are at full speed; false where a kernel never will be. */
    CompletableFuture<Boolean> ready() {
        CompletableFuture<Boolean> all = CompletableFuture.completedFuture(true);
        for (Prepared each : prepared) {
            all = all.thenCombine(each.ready(), Boolean::logicalAnd);
        }
        return all;
    }

    /** Binds an input; its layout is that of the placeholder. */
    void bindInput(int number, Stored input) {
        bind(number, program.inputs().get(number).storage(), input.storage(), input.offset());
    }

    private void bind(int number, Storage placeholder, Storage storage, long offset) {
        List<Bound> places = bound.getOrDefault(placeholder, List.of());
        now[number] = storage;
        for (int i = 0; i < places.size(); i++) {
            Bound place = places.get(i);
            Stored held = place.slot().stored();
            if (held.storage() != storage || held.offset() != offset + place.layout().offset()) {
                place.slot().set(on(storage, offset, place.layout()));
                all.moved();
            }
        }
    }

    /** The types of the storages that hold results. */
    TensorType[] resultStorageTypes() {
        return resultStorageTypes;
    }

    /** Binds memory for results, one storage for each of {@link #resultStorageTypes}. */
    void bindResults(Storage[] storages) {
        for (int i = 0; i < storages.length; i++) {
            bind(program.inputs().size() + i, resultStorages[i], storages[i], 0);
        }
    }

    /** The results as views of what was bound for them. */
    Stored[] results(Storage[] storages) {
        Stored[] views = new Stored[program.results().size()];
        for (int i = 0; i < views.length; i++) {
            Stored result = program.results().get(i);
            for (int j = 0; j < resultStorages.length; j++) {
                if (resultStorages[j] == result.storage()) {
                    views[i] = on(storages[j], 0, result);
                }
            }
        }
        return views;
    }

    /** Runs all steps on what is bound. */
    void run(boolean timed) {
        int held = 0;
        try {
            for (; held < now.length + captures.length; held++) {
                pinned[held] = storage(held).enter();
            }
            refresh();
            if (timed) {
                steps(true);
            } else {
                all.run();
            }
            for (Storage storage : updated) {
                storage.touch();
            }
            for (int i = program.inputs().size(); i < now.length; i++) {
                storage(i).touch();
            }
        } finally {
            for (int i = 0; i < held; i++) {
                if (pinned[i]) {
                    storage(i).unpin();
                }
            }
        }
    }

    /** Runs the steps whose results are kept, where what they read has changed. */
    private void refresh() {
        boolean stands = keepsResults;
        for (int i = 0; i < keptFrom.length; i++) {
            int version = keptFrom[i].version();
            stands &= version == keptVersions[i];
            keptVersions[i] = version;
        }
        if (stands || keptSteps == 0) {
            return;
        }
        keepsResults = false;
        for (int at = 0; at < keptSteps; at++) {
            prepared.get(at).run();
        }
        for (Storage result : keptResults) {
            result.touch();
        }
        keepsResults = true;
    }

    private Storage storage(int number) {
        if (number >= now.length) {
            return captures[number - now.length];
        }
        Storage storage = now[number];
        if (storage == null) {
            throw new IllegalStateException("plan: an input or result is not bound");
        }
        return storage;
    }

    private void steps(boolean timed) {
        loops.reset();
        int at = keptSteps;
        int count = prepared.size();
        while (at < count) {
            long bytes = timed ? PlanDebug.allocatedBytes() : 0;
            long start = timed ? System.nanoTime() : 0;
            prepared.get(at).run();
            if (timed) {
                nanos[at] += System.nanoTime() - start;
                allocated[at] += PlanDebug.allocatedBytes() - bytes;
            }
            at = loops.next(at);
        }
        runs++;
        if (timed && runs == PlanDebug.RUNS) {
            PlanDebug.print("after " + runs + " runs\n" + describe());
            java.util.Arrays.fill(nanos, 0);
            java.util.Arrays.fill(allocated, 0);
            runs = 0;
        }
    }

    /** Whether a run changes what is in this storage, besides its results. */
    boolean updates(Storage storage) {
        return Arrays.asList(updated).contains(storage);
    }

    /** Forgets what was bound, so that it may be collected. */
    void release() {
        Arrays.fill(now, null);
        for (List<Bound> places : bound.values()) {
            for (Bound place : places) {
                place.slot().set(place.layout());
            }
        }
        all.moved();
    }

    /** Gives the slab back; it cannot run any more. */
    void close() {
        all.close();
        prepared.forEach(Prepared::close);
        slab.release();
        constants.values().forEach(Storage::release);
    }

    /** Bytes of the slab, and of what is kept from run to run. */
    long ownBytes() {
        long bytes = memory.size() + prepared.stream().mapToLong(Prepared::ownBytes).sum();
        for (int at = 0; at < keptSteps; at++) {
            for (Stored result : program.steps().get(at).results()) {
                bytes += constants.containsKey(result.storage()) ? result.type().byteSize() : 0;
            }
        }
        return bytes;
    }

    /**
     * A line for each step: what it is, what the backend says of it and, where that was measured,
     * how long it took on average and how many bytes of Java's heap it allocated.
     */
    String describe() {
        StringBuilder text = new StringBuilder();
        String indent = "  ";
        for (int at = 0; at < prepared.size(); at++) {
            Step step = program.steps().get(at);
            if (step instanceof Step.LoopEnd) {
                indent = indent.substring(2);
            }
            text.append(indent).append(at < keptSteps ? "kept: " : "");
            text.append(StepText.of(step, memory));
            String how = prepared.get(at).describe();
            text.append(how.isEmpty() ? "" : "  (" + how + ")");
            if (runs > 0 && nanos[at] > 0) {
                text.append("  %.1f us".formatted(nanos[at] / 1e3 / runs));
                text.append(", %d bytes".formatted(allocated[at] / runs));
            }
            text.append('\n');
            if (step instanceof Step.LoopBegin) {
                indent += "  ";
            }
        }
        return text.toString();
    }
}
