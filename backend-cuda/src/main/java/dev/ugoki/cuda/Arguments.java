package dev.ugoki.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The structure that a kernel takes, written member by member into memory that a thread uses again
 * and again: launching copies it. All members have eight bytes.
 */
final class Arguments {
    private static final int WORDS = 512;
    private static final ThreadLocal<Arguments> OF_THREAD = ThreadLocal.withInitial(Arguments::new);

    private final MemorySegment memory = Arena.ofAuto().allocate(8L * WORDS, 8);
    private int words;

    private Arguments() {}

    /** An empty structure; the thread's last one is given up. */
    static Arguments begin() {
        Arguments arguments = OF_THREAD.get();
        arguments.words = 0;
        return arguments;
    }

    Arguments add(long value) {
        memory.setAtIndex(ValueLayout.JAVA_LONG, words++, value);
        return this;
    }

    Arguments addDouble(double value) {
        return add(Double.doubleToRawLongBits(value));
    }

    /** An array of {@code length} members, of which the first {@code used} are given. */
    Arguments add(long[] values, int used, int length) {
        for (int i = 0; i < length; i++) {
            add(i < used ? values[i] : 0);
        }
        return this;
    }

    long address() {
        return memory.address();
    }

    int bytes() {
        return 8 * words;
    }
}
