package dev.ugoki.embodied.control;

/** What the action of a step is. */
public enum Outcome {
    /** The policy's. */
    ACTED,
    /** None came in time; the last one again. */
    HELD,
    /** None came in time; continued from the last two. */
    EXTRAPOLATED,
    /** The stop action. */
    STOPPED,
    /** None: the first chunk has not come yet. The action was not written. */
    WAITING
}
