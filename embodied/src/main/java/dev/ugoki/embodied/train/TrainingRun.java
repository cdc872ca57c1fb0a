package dev.ugoki.embodied.train;

import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Training in a folder: {@code metrics.jsonl} and {@code checkpoints/}. What is killed or stopped
 * is resumed from its last checkpoint, with the same result bit for bit.
 *
 * <pre>{@code
 * TrainingRun run = TrainingRun.start(Path.of("runs/pusht"), task, settings);
 * Path checkpoint = run.train(listener);
 * ...
 * TrainingRun.resume(Path.of("runs/pusht"), task).train(listener);
 * }</pre>
 */
public final class TrainingRun {
    private static final double PACE_SECONDS = 1;

    private final Path folder;
    private final Trainer trainer;
    private final Checkpoints checkpoints;
    private @Nullable TrainingTask validation;
    private volatile boolean stopped;

    private TrainingRun(Path folder, Trainer trainer) {
        this.folder = folder;
        this.trainer = trainer;
        this.checkpoints = checkpointsOf(folder);
    }

    /**
     * A run from the first step.
     *
     * @param folder that holds no checkpoint; made if it does not exist
     * @throws IOException if there is one in it
     */
    public static TrainingRun start(Path folder, TrainingTask task, TrainingSettings settings)
            throws IOException {
        if (checkpointsOf(folder).last().isPresent()) {
            throw new FileFormatException(
                    folder, "holds a run already; resume that, or name another folder");
        }
        Files.createDirectories(folder);
        return new TrainingRun(folder, Trainer.start(task, settings));
    }

    /**
     * A run from its last checkpoint.
     *
     * @throws IOException if there is none, or it does not fit the task
     */
    public static TrainingRun resume(Path folder, TrainingTask task) throws IOException {
        return new TrainingRun(folder, Trainer.resume(task, lastCheckpoint(folder)));
    }

    /**
     * The last checkpoint of the run in a folder.
     *
     * @throws FileFormatException if there is none
     */
    public static Path lastCheckpoint(Path folder) throws IOException {
        return checkpointsOf(folder)
                .last()
                .orElseThrow(
                        () ->
                                new FileFormatException(
                                        folder, "holds no checkpoint; start the run anew"));
    }

    /**
     * The checkpoint of the run in a folder with the least loss on what was held out to validate
     * with; the last where nothing was.
     *
     * @throws FileFormatException if there is none
     */
    public static Path bestCheckpoint(Path folder) throws IOException {
        return checkpointsOf(folder).best().orElse(lastCheckpoint(folder));
    }

    /**
     * Measures the loss on samples that are held out at each checkpoint, writes it to the metrics,
     * and lets {@link #bestCheckpoint} be where it was least.
     *
     * @param heldOut a task of the same network
     */
    public TrainingRun withValidation(TrainingTask heldOut) {
        validation = heldOut;
        return this;
    }

    /** The settings of the run in a folder, as its last checkpoint has them. */
    public static TrainingSettings settings(Path folder) throws IOException {
        return TrainingSettings.read(
                Checkpoints.pretrainedModel(lastCheckpoint(folder)).resolve("train_config.json"));
    }

    private static Checkpoints checkpointsOf(Path folder) {
        return Checkpoints.in(folder.resolve("checkpoints"));
    }

    private static Path metricsOf(Path folder) {
        return folder.resolve("metrics.jsonl");
    }

    /** The file with a JSON object per line; see {@link MetricsLog}. */
    public Path metrics() {
        return metricsOf(folder);
    }

    public Trainer trainer() {
        return trainer;
    }

    /** Lets {@link #train} end after the present step, with a checkpoint; from any thread. */
    public void stop() {
        stopped = true;
    }

    /**
     * Trains until all steps are made, or {@link #stop} is called.
     *
     * @param listener that is told of each step, and may {@link Trainer#planSteps plan} the rest
     *     anew
     * @return the checkpoint of the last step
     */
    public Path train(TrainingListener listener) throws IOException {
        checkpoints.removeLeftovers();
        Pace pace = new Pace();
        try (MetricsLog log = MetricsLog.open(metrics(), trainer.stepCount())) {
            while (!trainer.isFinished() && !stopped) {
                pace.add(trainer.step());
                Progress progress = pace.progress();
                listener.onStep(progress);
                // The listener may have planned the steps anew.
                TrainingSettings settings = trainer.settings();
                if (trainer.stepCount() % settings.logEvery() == 0 || trainer.isFinished()) {
                    log.write(pace.line(progress));
                }
                if (trainer.stepCount() % settings.saveEvery() == 0) {
                    listener.onCheckpoint(save(log, settings));
                }
            }
            Path last = save(log, trainer.settings());
            listener.onCheckpoint(last);
            return last;
        }
    }

    private Path save(MetricsLog log, TrainingSettings settings) throws IOException {
        Path checkpoint = checkpoints.save(trainer, settings.steps());
        TrainingTask heldOut = validation;
        if (heldOut != null && log.validated() != trainer.stepCount()) {
            double least = log.leastValidationLoss();
            double loss = trainer.validationLoss(heldOut);
            log.writeValidation(trainer.stepCount(), loss);
            if (loss < least) {
                checkpoints.markBest(checkpoint);
            }
        }
        return checkpoint;
    }

    /** Clocks and means of this process. */
    private final class Pace {
        private final long start = System.nanoTime();
        private final long firstStep = trainer.stepCount();
        private double lossSum;
        private long lossCount;
        private long windowStart = start;
        private long windowStep = firstStep;
        private double samplesPerSecond = Double.NaN;

        void add(double loss) {
            lossSum += loss;
            lossCount++;
        }

        Progress progress() {
            long now = System.nanoTime();
            long step = trainer.stepCount();
            double inWindow = (now - windowStart) * 1e-9;
            if (inWindow >= PACE_SECONDS || Double.isNaN(samplesPerSecond)) {
                int batch = trainer.settings().batchSize();
                samplesPerSecond = (step - windowStep) * batch / inWindow;
                windowStart = now;
                windowStep = step;
            }
            double seconds = (now - start) * 1e-9;
            long left = trainer.settings().steps() - step;
            return new Progress(
                    step,
                    trainer.settings().steps(),
                    trainer.epoch(),
                    lossSum / lossCount,
                    trainer.learningRate(),
                    samplesPerSecond,
                    seconds,
                    seconds / (step - firstStep) * left);
        }

        MetricsLog.Line line(Progress progress) {
            lossSum = 0;
            lossCount = 0;
            return new MetricsLog.Line(
                    progress.step(),
                    progress.epoch(),
                    progress.loss(),
                    progress.learningRate(),
                    progress.samplesPerSecond(),
                    progress.seconds());
        }
    }
}
