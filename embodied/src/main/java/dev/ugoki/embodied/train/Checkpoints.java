package dev.ugoki.embodied.train;

import dev.ugoki.tensor.io.WholeFile;
import dev.ugoki.tensor.io.WholeFolder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The checkpoints of a run: a folder {@code 005000} for each step that was saved, and {@code last},
 * which points to the latest. Whatever happens to the process, {@code last} points to a checkpoint
 * that is whole, once there is one.
 */
public final class Checkpoints {
    private static final String LAST = "last";
    private static final String BEST = "best";
    private static final int LEAST_DIGITS = 6;

    private final Path folder;

    private Checkpoints(Path folder) {
        this.folder = folder;
    }

    /** The checkpoints in a folder, which need not exist yet. */
    public static Checkpoints in(Path folder) {
        return new Checkpoints(folder);
    }

    /** The latest checkpoint, if there is any. */
    public Optional<Path> last() throws IOException {
        return WholeFolder.pointedTo(folder.resolve(LAST));
    }

    /** The checkpoint that was marked best, if there is any. */
    public Optional<Path> best() throws IOException {
        return WholeFolder.pointedTo(folder.resolve(BEST));
    }

    /** Lets {@code best} point to a checkpoint. */
    public void markBest(Path checkpoint) throws IOException {
        WholeFolder.pointTo(folder.resolve(BEST), checkpoint);
    }

    /**
     * Writes a checkpoint and lets {@code last} point to it.
     *
     * @param totalSteps of the run, whose digits the name is padded to
     * @return its folder
     */
    public Path save(Trainer trainer, long totalSteps) throws IOException {
        Files.createDirectories(folder);
        int digits = Math.max(LEAST_DIGITS, Long.toString(totalSteps).length());
        Path checkpoint =
                folder.resolve(
                        String.format(Locale.ROOT, "%0" + digits + "d", trainer.stepCount()));
        // A run that was killed between writing a checkpoint and pointing to it comes here twice.
        if (!isLast(checkpoint)) {
            WholeFolder.delete(checkpoint);
            trainer.save(checkpoint);
            WholeFolder.pointTo(folder.resolve(LAST), checkpoint);
        }
        return checkpoint;
    }

    private boolean isLast(Path checkpoint) throws IOException {
        Optional<Path> last = last();
        return last.isPresent()
                && Files.exists(checkpoint)
                && Files.isSameFile(last.get(), checkpoint);
    }

    /** Removes what a killed process left half-written; only for whoever alone writes here. */
    public void removeLeftovers() throws IOException {
        if (Files.isDirectory(folder)) {
            WholeFile.removeLeftovers(folder);
        }
    }

    /** The part of a checkpoint that using the policy takes. */
    public static Path pretrainedModel(Path checkpoint) {
        return checkpoint.resolve(Checkpoint.PRETRAINED);
    }
}
