package dev.ugoki.embodied.control;

/** Actions that are to come, the next one first. Nothing is allocated after it is made. */
sealed interface PendingActions permits ActionBuffer, EnsembleBuffer {
    int size();

    void clear();

    /** Takes a chunk, from its action {@code skip} on, which belongs to the present step. */
    void take(float[] chunk, int skip);

    /** Takes the next action out. There must be one. */
    void pop(float[] action);

    /** Lets a step pass whose action is not carried out. */
    void skip();

    /** Copies what is pending, and repeats its last action to the end; how many are pending. */
    int copyTo(float[] chunk);
}
