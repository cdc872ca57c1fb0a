package dev.ugoki.embodied.train;

import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.HostArray;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A process that trains and writes a checkpoint after every step, again and again until it is
 * killed. It prints {@code .} here and there while it writes, and the step's number once {@code
 * last} points to it.
 */
final class KilledTraining {
    private KilledTraining() {}

    /** Arguments: the folder of the run. */
    public static void main(String... arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        TrainingTask task = new Telling(SmallTask.task(SmallTask.FLOW));
        TrainingRun run =
                Files.exists(folder.resolve("checkpoints/last"))
                        ? TrainingRun.resume(folder, task)
                        : TrainingRun.start(
                                folder,
                                task,
                                SmallTask.SETTINGS.withSteps(100_000).withIntervals(1, 1));
        run.train(
                new TrainingListener() {
                    @Override
                    public void onStep(Progress progress) {
                        System.out.println(".");
                    }

                    @Override
                    public void onCheckpoint(Path checkpoint) {
                        System.out.println(checkpoint.getFileName());
                    }
                });
    }

    /** Tells when a checkpoint has been begun, and when its first part is written. */
    private record Telling(TrainingTask task) implements TrainingTask {
        @Override
        public Module network() {
            return task.network();
        }

        @Override
        public int sampleCount() {
            return task.sampleCount();
        }

        @Override
        public String fingerprint() {
            return task.fingerprint();
        }

        @Override
        public Tensor loss(int[] samples, Key key) {
            return task.loss(samples, key);
        }

        @Override
        public void savePretrained(Path folder, Map<String, HostArray> weights) throws IOException {
            System.out.println(".");
            task.savePretrained(folder, weights);
            System.out.println(".");
        }
    }
}
