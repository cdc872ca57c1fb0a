package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.WholeFolder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** kill -9 during a checkpoint never costs the latest one. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KilledTrainingTest {
    private static final int RUNS = 2;
    private static final int KILLS_OF_EACH = 10;

    @TempDir private Path folder;

    @Test
    void theLatestCheckpointCanAlwaysBeUsedAndResumed() throws Exception {
        int killedWhileWriting = 0;
        try (ExecutorService both = Executors.newFixedThreadPool(RUNS)) {
            List<Future<Integer>> runs = new ArrayList<>();
            for (int i = 0; i < RUNS; i++) {
                int number = i;
                runs.add(both.submit(() -> killAndCheck(folder.resolve("run" + number), number)));
            }
            for (Future<Integer> run : runs) {
                killedWhileWriting += run.get();
            }
        }
        // otherwise they were killed between checkpoints only, and nothing is shown
        assertTrue(killedWhileWriting > 0, "no process was killed while it wrote");
    }

    /** Kills a run and its successors; how often a half-written checkpoint was left behind. */
    private static int killAndCheck(Path run, long seed) throws Exception {
        Random random = new Random(seed);
        ImitationTask task = SmallTask.task(SmallTask.FLOW);
        long announced = 0;
        int leftovers = 0;
        for (int kill = 0; kill < KILLS_OF_EACH; kill++) {
            announced = Math.max(announced, killAfter(1 + random.nextInt(12), run));
            leftovers += leftovers(run);
            Optional<Path> last = WholeFolder.pointedTo(run.resolve("checkpoints/last"));
            assertTrue(last.isPresent() || announced == 0, "the pointer is lost");
            if (last.isPresent()) {
                Path pretrained = Checkpoints.pretrainedModel(last.orElseThrow());
                RobotPolicy policy = RobotPolicy.load(pretrained);
                assertEquals(8, policy.act(new float[10], Key.of(1)).length);
                long resumed = Trainer.resume(task, last.orElseThrow()).stepCount();
                assertTrue(
                        resumed >= announced, resumed + " after " + announced + " was announced");
            }
        }
        assertTrue(announced > 0, "no process lived to finish a checkpoint");
        return leftovers;
    }

    private static int leftovers(Path run) throws IOException {
        Path checkpoints = run.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return 0;
        }
        try (Stream<Path> entries = Files.list(checkpoints)) {
            return (int)
                    entries.filter(entry -> entry.getFileName().toString().startsWith(".")).count();
        }
    }

    /** Starts training, kills it when it has printed so many lines; its last checkpoint. */
    private static long killAfter(int lines, Path run) throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--add-modules=jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                // starts in half the time that the other backend takes
                                "-Dugoki.device=reference",
                                "-cp",
                                System.getProperty("java.class.path"),
                                KilledTraining.class.getName(),
                                run.toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        long announced = 0;
        try (BufferedReader output = process.inputReader()) {
            for (int line = 0; line < lines; line++) {
                String text = output.readLine();
                assertTrue(text != null, "the process ended by itself");
                if (!text.equals(".")) {
                    announced = Long.parseLong(text);
                }
            }
        } finally {
            process.toHandle().destroyForcibly();
            process.waitFor();
        }
        return announced;
    }
}
