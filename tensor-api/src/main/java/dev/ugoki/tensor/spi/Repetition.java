package dev.ugoki.tensor.spi;

/**
 * All steps of a plan as one thing to run, which a backend may write down when it has seen them run
 * and then run by one call. Used by one thread at a time.
 */
public interface Repetition {
    /** Runs the steps. */
    void run();

    /** Says that some of the steps' memory is elsewhere from now on. */
    void moved();

    /** Gives back what this holds; it is not run any more. */
    void close();

    /** The steps, one after the other. */
    static Repetition of(Runnable steps) {
        return new Repetition() {
            @Override
            public void run() {
                steps.run();
            }

            @Override
            public void moved() {
                // The steps look for themselves.
            }

            @Override
            public void close() {
                // There is nothing to give back.
            }
        };
    }
}
