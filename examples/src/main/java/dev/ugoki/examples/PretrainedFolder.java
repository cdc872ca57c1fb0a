package dev.ugoki.examples;

import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.TrainingRun;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a policy's files are, given what a user names. */
public final class PretrainedFolder {
    private PretrainedFolder() {}

    /**
     * The folder with {@code config.json}: the named one, that of a checkpoint, or that of a run's
     * best checkpoint, or the last where none was measured.
     */
    public static Path of(Path named) throws IOException {
        if (Files.exists(named.resolve("config.json"))) {
            return named;
        }
        Path inCheckpoint = Checkpoints.pretrainedModel(named);
        return Files.isDirectory(inCheckpoint)
                ? inCheckpoint
                : Checkpoints.pretrainedModel(TrainingRun.bestCheckpoint(named));
    }
}
