package dev.ugoki.embodied.train;

import java.nio.file.Path;

/** Is told how training goes, on the thread that trains. */
public interface TrainingListener {
    /** Hears nothing. */
    TrainingListener NONE = progress -> {};

    /** A step was made. */
    void onStep(Progress progress);

    /** A checkpoint is on the disk. */
    default void onCheckpoint(Path checkpoint) {}
}
