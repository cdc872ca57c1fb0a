package dev.ugoki.examples.pusht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.train.Checkpoints;
import dev.ugoki.embodied.train.TrainingRun;
import dev.ugoki.examples.CommandRun;
import dev.ugoki.tensor.io.WholeFolder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The main job on its own demonstrations: from the start, gone on with, and with adapters. */
class TrainPushTTest {
    private static final String SMALL =
            "\"steps\": 4, \"batch_size\": 8, \"save_freq\": 2, \"log_freq\": 2, \"mirror\": false";

    @TempDir private Path folder;

    private CommandRun train(String policy, String settings, Path out) throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, settings);
        return CommandRun.of(
                new TrainPushT(),
                "--policy",
                policy,
                "--episodes",
                4,
                "--config",
                file,
                "--out",
                out,
                "--eval-seeds",
                1);
    }

    private static byte[] weights(Path run) throws IOException {
        return Files.readAllBytes(
                Checkpoints.pretrainedModel(TrainingRun.lastCheckpoint(run))
                        .resolve("model.safetensors"));
    }

    /** Lets a run's next-to-last checkpoint be its last. */
    private static void takeBack(Path run) throws IOException {
        Path checkpoints = run.resolve("checkpoints");
        WholeFolder.pointTo(checkpoints.resolve("last"), checkpoints.resolve("000002"));
        WholeFolder.delete(checkpoints.resolve("000004"));
    }

    private static void assertGoesOn(Path run) throws IOException {
        byte[] before = weights(run);
        takeBack(run);
        CommandRun resumed = CommandRun.of(new TrainPushT(), "--resume", run, "--eval-seeds", 1);
        assertEquals(0, resumed.status(), resumed.text());
        assertTrue(resumed.text().contains("resuming at step 2 of 4"), resumed.text());
        assertArrayEquals(before, weights(run));
    }

    @Test
    void aRunGoesOnWithItsSettingsAndAdaptersLearnInItsPolicy() throws IOException {
        Path first = folder.resolve("first");
        CommandRun trained =
                train(
                        "l1",
                        "{%s, \"network\": {\"width\": 16, \"blocks\": 1}, \"origin_noise\": 0.1}"
                                .formatted(SMALL),
                        first);
        assertEquals(0, trained.status(), trained.text());
        assertTrue(trained.text().contains("this policy (l1)"), trained.text());
        assertGoesOn(first);

        CommandRun other = CommandRun.of(new TrainPushT(), "--resume", first, "--policy", "flow");
        assertNotEquals(0, other.status());
        assertTrue(other.text().contains("--resume: the run goes on with"), other.text());

        String lora =
                "%s, \"lora\": {\"from\": \"%s\", \"rank\": 2, \"layers\": [\"up\"]}"
                        .formatted(SMALL, first);
        Path second = folder.resolve("second");
        CommandRun adapted = train("l1", "{" + lora + "}", second);
        assertEquals(0, adapted.status(), adapted.text());
        // One layer of 16 by 16, with a pair of 2 by 16.
        assertTrue(adapted.text().contains("training l1: 64 of "), adapted.text());
        assertGoesOn(second);

        Path third = folder.resolve("third");
        CommandRun another = train("flow", "{" + lora + "}", third);
        assertTrue(another.text().contains("is Regression of "), another.text());
        CommandRun changed = train("l1", "{" + lora + ", \"network\": {}}", third);
        assertTrue(changed.text().contains("cannot be set beside lora"), changed.text());
    }
}
