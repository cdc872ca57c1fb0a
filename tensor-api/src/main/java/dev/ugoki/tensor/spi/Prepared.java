package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.op.Op;

import java.util.concurrent.CompletableFuture;

/** A step of a plan, with all that can be decided before it runs decided. */
public interface Prepared {
    /** Runs it on what its slots hold now. */
    void run();

    /**
     * Done when it runs at full speed; what warms up does so in the background. False where it
     * never will, as without a JIT.
     */
    default CompletableFuture<Boolean> ready() {
        return CompletableFuture.completedFuture(true);
    }

    /** Bytes of device memory that it holds besides what its slots do. */
    default long ownBytes() {
        return 0;
    }

    /** Gives that memory back; it is not run any more. */
    default void close() {}

    /** A line or more about what it runs, for people. */
    default String describe() {
        return "";
    }

    /** A step that calls {@link Backend#execute}, which may allocate, and says so. */
    static Prepared ofExecute(Backend backend, Op op, Slot[] operands, Slot[] results) {
        Stored[] in = new Stored[operands.length];
        Stored[] out = new Stored[results.length];
        return new Prepared() {
            @Override
            public void run() {
                for (int i = 0; i < in.length; i++) {
                    in[i] = operands[i].stored();
                }
                for (int i = 0; i < out.length; i++) {
                    out[i] = results[i].stored();
                }
                backend.execute(op, in, out);
            }

            @Override
            public String describe() {
                return "decides anew in each run";
            }
        };
    }
}
