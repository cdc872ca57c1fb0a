package dev.ugoki.examples.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDatasetWriter;
import dev.ugoki.examples.CommandRun;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** From a data set and a small file to a policy, and from that to another. */
class TrainPolicyTest {
    private static final int EPISODES = 6;
    private static final int LENGTH = 40;

    @TempDir private Path folder;
    private Path data = Path.of("");

    /** Actions go on as they went, along circles of several sizes. */
    @BeforeEach
    void record() throws IOException {
        data = folder.resolve("data");
        int count = EPISODES * LENGTH;
        float[] states = new float[2 * count];
        float[] actions = new float[2 * count];
        int[] ends = new int[EPISODES];
        for (int frame = 0; frame < count; frame++) {
            double size = 1 + frame / LENGTH;
            for (int i = 0; i < 2; i++) {
                double phase = i * Math.PI / 2;
                states[2 * frame + i] = (float) (size * Math.sin(0.2 * frame + phase));
                actions[2 * frame + i] = (float) (size * Math.sin(0.2 * (frame + 1) + phase));
            }
            ends[frame / LENGTH] = frame + 1;
        }
        FrameTable frames =
                FrameTable.of(
                        List.of(
                                Column.of(
                                        Feature.vector("observation.state", FeatureType.FLOAT32, 2),
                                        states),
                                Column.of(
                                        Feature.vector("action", FeatureType.FLOAT32, 2), actions)),
                        ends);
        LeRobotDatasetWriter.write(
                data,
                frames,
                new LeRobotDatasetWriter.Recording(10, "robot", List.of("Go round.")));
    }

    private Path config(String text) throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, text.replace("DATA", data.toString()));
        return file;
    }

    private static double number(String text, String label) {
        String line =
                text.lines()
                        .filter(each -> each.strip().startsWith(label))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(label + " is not in: " + text));
        return Double.parseDouble(line.strip().substring(label.length()).strip());
    }

    @Test
    void aPolicyThatIsTrainedBeatsHoldingAndItsAdapterLearnsOn() throws IOException {
        Path before = folder.resolve("before");
        CommandRun trained =
                CommandRun.of(
                        new TrainPolicy(),
                        "--config",
                        config(
                                """
                                {"policy": "l1", "data": "DATA", "steps": 150, "batch_size": 32,
                                 "precision": "bf16", "grad_accum_steps": 2,
                                 "validation_episodes": 1, "log_freq": 50, "save_freq": 50,
                                 "scheduler": {"num_warmup_steps": 10},
                                 "network": {"width": 32, "blocks": 1}}
                                """),
                        "--chunk",
                        5,
                        "--held-out",
                        3,
                        "--out",
                        before);
        assertEquals(0, trained.status(), trained.text());
        double policy = number(trained.text(), "this policy");
        assertTrue(policy < 0.8 * number(trained.text(), "last action held"), trained.text());
        assertTrue(Files.readString(before.resolve("metrics.jsonl")).contains("validation_loss"));

        CommandRun evaluated =
                CommandRun.of(new EvalPolicy(), before, "--data", data, "--held-out", 3);
        assertEquals(0, evaluated.status(), evaluated.text());
        assertEquals(policy, number(evaluated.text(), "this policy"));

        Path after = folder.resolve("after");
        CommandRun adapted =
                CommandRun.of(
                        new TrainPolicy(),
                        "--config",
                        config(
                                """
                                {"policy": "l1", "data": "DATA", "steps": 20,
                                 "batch_size": 32, "gradient_checkpointing": true,
                                 "lora": {"from": "%s", "rank": 2, "layers": ["up", "down"]}}
                                """
                                        .formatted(before)),
                        "--chunk",
                        5,
                        "--held-out",
                        3,
                        "--out",
                        after);
        assertEquals(0, adapted.status(), adapted.text());
        // Two layers of 32 by 32, each with a pair of 2 by 32.
        assertTrue(adapted.text().contains("training ugoki_chunk: 256 of "), adapted.text());

        for (Path run : List.of(before, after)) {
            String measured = run.equals(before) ? trained.text() : adapted.text();
            CommandRun resumed = CommandRun.of(new TrainPolicy(), "--resume", run);
            assertEquals(0, resumed.status(), resumed.text());
            assertTrue(resumed.text().contains("resuming at step"), resumed.text());
            assertEquals(number(measured, "this policy"), number(resumed.text(), "this policy"));
        }
        CommandRun ignored = CommandRun.of(new TrainPolicy(), "--resume", before, "--chunk", 5);
        assertTrue(ignored.text().contains("--resume: the run goes on with"), ignored.text());

        Path table = folder.resolve("table.md");
        CommandRun results = CommandRun.of(new ResultsPolicy(), table, before, after);
        assertEquals(0, results.status(), results.text());
        for (CommandRun run : List.of(trained, adapted)) {
            String measured = "| **%.4f** |".formatted(number(run.text(), "this policy"));
            assertTrue(Files.readString(table).contains(measured), measured + results.text());
        }
    }

    @Test
    void aSettingThatIsNotKnownEndsTheCommand() throws IOException {
        CommandRun result =
                CommandRun.of(
                        new TrainPolicy(),
                        "--config",
                        config("{\"polcy\": \"l1\", \"data\": \"DATA\"}"));
        assertTrue(result.status() != 0);
        assertTrue(result.text().contains("\"policy\""), result.text());
    }
}
