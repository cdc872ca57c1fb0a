package dev.ugoki.embodied.control;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Hands objects from one thread to another without locks, copies or garbage: of three, one is being
 * written, one being read, and the third lies between, the latest that was written. The reader gets
 * the latest; older ones that it never took are overwritten.
 *
 * @param <T> what is handed over; filled anew each time
 */
final class Handover<T> {
    private static final int FRESH = 4;

    private final T first;
    private final T second;
    private final T third;

    /** The number of the object that lies between, and whether the reader has not seen it. */
    private final AtomicInteger between = new AtomicInteger(2);

    private int written;
    private int read = 1;

    Handover(Supplier<T> make) {
        first = make.get();
        second = make.get();
        third = make.get();
    }

    private T at(int number) {
        return number == 0 ? first : number == 1 ? second : third;
    }

    /** What the writer may fill. */
    T writing() {
        return at(written);
    }

    /** The writer has filled it, and gets another to fill. */
    void publish() {
        written = between.getAndSet(written | FRESH) & ~FRESH;
    }

    /** Whether something new lies between, so that {@link #reading} may change. */
    boolean takeLatest() {
        if ((between.get() & FRESH) == 0) {
            return false;
        }
        read = between.getAndSet(read) & ~FRESH;
        return true;
    }

    /** What the reader took last. */
    T reading() {
        return at(read);
    }
}
