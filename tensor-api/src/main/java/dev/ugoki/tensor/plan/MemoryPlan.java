package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Where in one slab of memory each intermediate value lies: values that are not needed at the same
 * time share places, and a kernel over elements writes its result over an operand that nobody needs
 * any more. The largest values choose first, each the lowest place that is free while it is needed.
 */
final class MemoryPlan {
    /** What every value's place is a multiple of: a cache line, and the widest vector. */
    static final long LINE = 64;

    /** The steps between which a value must stand. */
    private static final class Life {
        final long bytes;
        int from;
        int to;
        long offset = -1;

        Life(long bytes, int from) {
            this.bytes = bytes;
            this.from = from;
            this.to = from;
        }

        boolean overlaps(Life other) {
            return from <= other.to && other.from <= to;
        }
    }

    private final Map<Storage, Life> lives = new LinkedHashMap<>();
    private final Map<Storage, Storage> overwrites = new LinkedHashMap<>();
    private final List<Integer> loopBegins = new ArrayList<>();
    private final List<Integer> loopEnds = new ArrayList<>();
    private long size;

    private MemoryPlan() {}

    /** The plan for steps, of which {@code elsewhere} lie outside the slab. */
    static MemoryPlan of(List<Step> steps, Set<Storage> elsewhere) {
        MemoryPlan plan = new MemoryPlan();
        plan.findLoops(steps);
        plan.findLives(steps, elsewhere);
        plan.findOverwrites(steps);
        plan.place();
        return plan;
    }

    /** Bytes of the slab. */
    long size() {
        return size;
    }

    /** Where in the slab a storage begins; -1 where it lies elsewhere. */
    long offset(Storage storage) {
        Life life = lives.get(storage);
        return life == null ? -1 : life.offset;
    }

    /** The storage whose place a result takes over, or null. */
    @Nullable Storage overwrittenBy(Storage result) {
        return overwrites.get(result);
    }

    private void findLoops(List<Step> steps) {
        Deque<Integer> open = new ArrayDeque<>();
        for (int at = 0; at < steps.size(); at++) {
            if (steps.get(at) instanceof Step.LoopBegin) {
                open.push(at);
            } else if (steps.get(at) instanceof Step.LoopEnd) {
                loopBegins.add(open.pop());
                loopEnds.add(at);
            }
        }
    }

    private void findLives(List<Step> steps, Set<Storage> elsewhere) {
        for (int at = 0; at < steps.size(); at++) {
            for (Stored result : steps.get(at).results()) {
                if (!elsewhere.contains(result.storage())) {
                    int now = at;
                    lives.computeIfAbsent(
                            result.storage(), _ -> new Life(result.type().byteSize(), now));
                    need(result.storage(), at);
                }
            }
            for (Stored operand : steps.get(at).operands()) {
                need(operand.storage(), at);
            }
        }
    }

    /** What stands before a loop and is used inside it stands until its end. */
    private void need(Storage storage, int at) {
        Life life = lives.get(storage);
        if (life == null) {
            return;
        }
        int until = at;
        for (int i = 0; i < loopEnds.size(); i++) {
            if (life.from < loopBegins.get(i) && at > loopBegins.get(i) && at < loopEnds.get(i)) {
                until = Math.max(until, loopEnds.get(i));
            }
        }
        life.to = Math.max(life.to, until);
    }

    private void findOverwrites(List<Step> steps) {
        for (int at = 0; at < steps.size(); at++) {
            if (steps.get(at) instanceof Step.Joined joined) {
                Set<Storage> taken = Steps.storages();
                for (Stored result : joined.results()) {
                    for (Stored operand : joined.operands()) {
                        if (mayOverwrite(at, joined, operand, result)
                                && taken.add(operand.storage())) {
                            overwrites.put(result.storage(), operand.storage());
                            break;
                        }
                    }
                }
            }
        }
    }

    private boolean mayOverwrite(int at, Step.Joined step, Stored operand, Stored result) {
        Life old = lives.get(operand.storage());
        Life made = lives.get(result.storage());
        long uses = step.operands().stream().filter(o -> o.storage() == operand.storage()).count();
        return old != null
                && made != null
                && old.to == at
                && made.from == at
                && old.bytes == made.bytes
                && operand.type().byteSize() == old.bytes
                && operand.isContiguous()
                && operand.dtype().byteSize() == result.dtype().byteSize()
                && uses == 1;
    }

    private Life life(Storage storage) {
        return Objects.requireNonNull(lives.get(storage));
    }

    private void place() {
        // A result that takes over a place makes its owner live longer; chains have one owner.
        Map<Storage, Storage> owners = new LinkedHashMap<>();
        for (Storage result : overwrites.keySet()) {
            Storage owner = result;
            while (overwrites.containsKey(owner)) {
                owner = overwrites.get(owner);
            }
            owners.put(result, owner);
        }
        owners.forEach(
                (result, owner) -> {
                    Life life = life(owner);
                    life.to = Math.max(life.to, life(result).to);
                });
        List<Life> order = new ArrayList<>();
        lives.forEach(
                (storage, life) -> {
                    if (!owners.containsKey(storage)) {
                        order.add(life);
                    }
                });
        order.sort(
                Comparator.comparingLong((Life life) -> -life.bytes)
                        .thenComparingInt(life -> life.from)
                        .thenComparingInt(life -> life.to));
        List<Life> placed = new ArrayList<>();
        for (Life life : order) {
            place(life, placed);
        }
        owners.forEach((result, owner) -> life(result).offset = life(owner).offset);
    }

    private void place(Life life, List<Life> placed) {
        long bytes = roundUp(life.bytes);
        long at = 0;
        for (Life other : placed) { // in the order of their places
            if (life.overlaps(other) && at + bytes > other.offset) {
                at = Math.max(at, other.offset + roundUp(other.bytes));
            }
        }
        life.offset = at;
        int index = 0;
        while (index < placed.size() && placed.get(index).offset <= at) {
            index++;
        }
        placed.add(index, life);
        size = Math.max(size, at + bytes);
    }

    private static long roundUp(long bytes) {
        return Math.max(LINE, (bytes + LINE - 1) / LINE * LINE);
    }
}
