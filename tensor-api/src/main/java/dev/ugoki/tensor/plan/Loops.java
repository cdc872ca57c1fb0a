package dev.ugoki.tensor.plan;

import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Which step follows which, with the numbers of the runs that loops are in. */
final class Loops {
    /** A loop between its begin and its end. */
    private static final class Loop {
        final int begin;
        final Step.LoopBegin step;
        int end;
        long turn;
        final List<Slot> slots = new ArrayList<>();
        final List<Stored[]> views = new ArrayList<>(); // for each slot one for each turn
        @Nullable Stored numbers;

        Loop(int begin, Step.LoopBegin step) {
            this.begin = begin;
            this.step = step;
        }

        void take(long newTurn) {
            turn = newTurn;
            for (int i = 0; i < slots.size(); i++) {
                slots.get(i).set(views.get(i)[(int) newTurn]);
            }
        }
    }

    private final @Nullable Loop[] beginsAt;
    private final @Nullable Loop[] endsAt;
    private final Map<Storage, Loop> byNumber = new IdentityHashMap<>();

    Loops(List<Step> steps) {
        beginsAt = new @Nullable Loop[steps.size()];
        endsAt = new @Nullable Loop[steps.size()];
        Deque<Loop> open = new ArrayDeque<>();
        for (int at = 0; at < steps.size(); at++) {
            if (steps.get(at) instanceof Step.LoopBegin begin) {
                Loop loop = new Loop(at, begin);
                open.push(loop);
                beginsAt[at] = loop;
                byNumber.put(begin.number().storage(), loop);
            } else if (steps.get(at) instanceof Step.LoopEnd) {
                Loop loop = open.pop();
                loop.end = at;
                endsAt[at] = loop;
            }
        }
    }

    /** Says where the numbers of the loop that begins at a step are. */
    void place(int at, Stored numbers) {
        Loop loop = beginsAt[at];
        if (loop != null) {
            loop.numbers = numbers;
        }
    }

    /** Whether a slot views a loop's number, and so is set anew with each turn. */
    boolean follows(int at, Slot slot) {
        Loop loop = byNumber.get(slot.stored().storage());
        if (loop == null) {
            return false;
        }
        Stored numbers = loop.numbers;
        if (numbers == null) {
            throw new IllegalStateException(
                    "plan: step " + at + " uses the number of a later loop");
        }
        Stored layout = slot.stored();
        Stored[] views = new Stored[Math.toIntExact(loop.step.count())];
        for (int turn = 0; turn < views.length; turn++) {
            views[turn] =
                    new Stored(
                            numbers.storage(),
                            layout.type(),
                            numbers.offset() + turn + layout.offset(),
                            layout.toStrides());
        }
        slot.set(views[0]);
        loop.slots.add(slot);
        loop.views.add(views);
        return true;
    }

    /** Before a run: all loops are at their first turn. */
    void reset() {
        for (Loop loop : beginsAt) {
            if (loop != null) {
                loop.take(0);
            }
        }
    }

    /** The step after that at {@code at}. */
    int next(int at) {
        Loop begun = beginsAt[at];
        if (begun != null) {
            begun.take(0);
        }
        Loop ended = endsAt[at];
        if (ended != null && ended.turn + 1 < ended.step.count()) {
            ended.take(ended.turn + 1);
            return ended.begin + 1;
        }
        return at + 1;
    }
}
