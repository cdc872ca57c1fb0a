package dev.ugoki.examples.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDatasetWriter;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

    private record Result(int status, String text) {}

    private static Result run(Object command, Object... arguments) {
        PrintStream before = System.out;
        var bytes = new ByteArrayOutputStream();
        int status;
        try (var print = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            System.setOut(print);
            var line = new CommandLine(command);
            line.setErr(new java.io.PrintWriter(print, true));
            status =
                    line.execute(
                            Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new));
        } finally {
            System.setOut(before);
        }
        return new Result(status, bytes.toString(StandardCharsets.UTF_8));
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
        Result trained =
                run(
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

        Result evaluated = run(new EvalPolicy(), before, "--data", data, "--held-out", 3);
        assertEquals(0, evaluated.status(), evaluated.text());
        assertEquals(policy, number(evaluated.text(), "this policy"));

        Result adapted =
                run(
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
                        folder.resolve("after"));
        assertEquals(0, adapted.status(), adapted.text());
        // Two layers of 32 by 32, each with a pair of 2 by 32.
        assertTrue(adapted.text().contains("training ugoki_chunk: 256 of "), adapted.text());
    }

    @Test
    void aSettingThatIsNotKnownEndsTheCommand() throws IOException {
        Result result =
                run(
                        new TrainPolicy(),
                        "--config",
                        config("{\"polcy\": \"l1\", \"data\": \"DATA\"}"));
        assertTrue(result.status() != 0);
        assertTrue(result.text().contains("\"policy\""), result.text());
    }
}
