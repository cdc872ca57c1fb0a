package dev.ugoki.cpu;

/** What a warm call of a kernel allocates on the Java heap. */
final class Allocation {
    private static final int CALLS = 1_000;

    private Allocation() {}

    /** Bytes, of {@value #CALLS} calls a round; see the kit's class of this name. */
    static long bytesPerCall(Runnable action) {
        return dev.ugoki.tck.Allocation.bytesPerCall(CALLS, action);
    }
}
