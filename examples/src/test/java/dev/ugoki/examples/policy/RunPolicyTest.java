package dev.ugoki.examples.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.LeRobotConfig;
import dev.ugoki.embodied.act.LeRobotFeature;
import dev.ugoki.embodied.act.LeRobotNetwork;
import dev.ugoki.embodied.act.LeRobotPolicy;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDatasetWriter;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.nn.policy.ActPolicy;
import dev.ugoki.nn.policy.Backbone;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.HostArray;
import dev.ugoki.tensor.io.SafetensorsFile;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import picocli.CommandLine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import javax.imageio.ImageIO;

class RunPolicyTest {
    private static final int EPISODES = 3;
    private static final int LENGTH = 11;

    @TempDir private Path folder;

    private record Result(int status, String text) {}

    private static Result run(Object... arguments) {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String[] texts = new String[arguments.length];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = arguments[i].toString();
        }
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            int status = new CommandLine(new RunPolicy()).execute(texts);
            return new Result(status, bytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(before);
        }
    }

    private static Path checkpoints(String kind) {
        Path root = Path.of("").toAbsolutePath();
        while (root != null && !Files.isDirectory(root.resolve("bom"))) {
            root = root.getParent();
        }
        Assumptions.assumeTrue(root != null, "not inside the project");
        Path found =
                root.resolveSibling("shared").resolve("data/lerobot_checkpoints").resolve(kind);
        Assumptions.assumeTrue(Files.exists(found), "skipped: there is no " + found);
        return found;
    }

    // ---- golden actions ----

    @ParameterizedTest
    @CsvSource({"act, current", "act, legacy", "diffusion, current", "diffusion, legacy"})
    void theActionsOfTheOriginalAreItsOwn(String kind, String layout) {
        Path golden = checkpoints(kind).resolve("golden.safetensors");
        Result result = run(checkpoints(kind).resolve(layout), "--golden", golden);
        assertEquals(0, result.status(), result.text());
        assertTrue(result.text().contains("the worst difference is"), result.text());
    }

    @Test
    void otherActionsAreNot() throws IOException {
        Path original = checkpoints("act");
        Map<String, HostArray> tensors =
                new LinkedHashMap<>(SafetensorsFile.read(original.resolve("golden.safetensors")));
        HostArray actions = tensors.get("action_chunk");
        float[] changed = actions.toFloats();
        changed[changed.length - 1] += 0.5f;
        tensors.put("action_chunk", HostArray.of(actions.shape(), changed));
        Path file = folder.resolve("changed.safetensors");
        SafetensorsFile.write(file, tensors);
        Result result = run(original.resolve("current"), "--golden", file);
        assertEquals(1, result.status(), result.text());
    }

    // ---- a data set of our own ----

    private FrameTable frames() {
        int count = EPISODES * LENGTH;
        float[] states = new float[2 * count];
        float[] actions = new float[3 * count];
        for (int i = 0; i < states.length; i++) {
            states[i] = (float) Math.sin(i);
        }
        for (int i = 0; i < actions.length; i++) {
            actions[i] = (float) (10 * Math.cos(i * i));
        }
        return FrameTable.of(
                List.of(
                        Column.of(
                                Feature.vector("observation.state", FeatureType.FLOAT32, 2),
                                states),
                        Column.of(Feature.vector("action", FeatureType.FLOAT32, 3), actions)),
                new int[] {LENGTH, 2 * LENGTH, 3 * LENGTH});
    }

    private LeRobotPolicy policy(FrameTable frames) {
        return policy(frames, 4, null);
    }

    private LeRobotPolicy policy(FrameTable frames, int actionSteps, @Nullable Double coefficient) {
        LeRobotConfig config =
                LeRobotConfig.of(
                        List.of(
                                new LeRobotFeature(
                                        "observation.state",
                                        LeRobotFeature.Kind.STATE,
                                        List.of(2))),
                        new LeRobotFeature("action", LeRobotFeature.Kind.ACTION, List.of(3)),
                        Map.of(
                                LeRobotFeature.Kind.STATE, Normalization.MEAN_STD,
                                LeRobotFeature.Kind.ACTION, Normalization.MEAN_STD),
                        actionSteps,
                        new LeRobotNetwork.Act(
                                6,
                                new ActPolicy.Layers(
                                        16, 2, 24, ActPolicy.Nonlinearity.RELU, 1, 1, false, 0),
                                new ActPolicy.Vae(false, 4, 1, 10),
                                Backbone.RESNET18,
                                coefficient));
        return LeRobotPolicy.create(config, DatasetStatistics.of(frames), Key.of(1));
    }

    @Test
    void predictedActionsStandBesideRecordedOnes() throws IOException {
        FrameTable frames = frames();
        Path data = folder.resolve("data");
        LeRobotDatasetWriter.write(
                data,
                frames,
                new LeRobotDatasetWriter.Recording(10, "robot", List.of("Do something.")));
        Path checkpoint = Files.createDirectory(folder.resolve("policy"));
        policy(frames).save(checkpoint);
        Path plot = folder.resolve("plot.png");
        Result result = run(checkpoint, "--data", data, "--episode", "1", "--plot", plot);
        assertEquals(0, result.status(), result.text());
        List<String> lines =
                result.text().lines().filter(line -> line.startsWith("frame ")).toList();
        assertEquals(LENGTH, lines.size());
        int frame = LENGTH + 3;
        String recorded =
                String.format(java.util.Locale.ROOT, "%9.4f", frames.column("action").at(frame, 0));
        assertTrue(lines.get(3).contains("recorded [" + recorded), lines.get(3));
        // Frame 3 is the last of the first decision's actions, frame 4 begins another's.
        var comparison =
                RecordedEpisode.read(data, 1, LoadedPolicy.load(checkpoint))
                        .predict(LoadedPolicy.load(checkpoint), 0);
        assertEquals(LENGTH, comparison.predicted().length);
        assertNotEquals(comparison.predicted()[3][0], comparison.predicted()[4][0]);
        var image = ImageIO.read(plot.toFile());
        assertEquals(3 * 480, image.getWidth());
        assertEquals(260, image.getHeight());
    }

    @Test
    void chunksAreAveragedWhereTheCheckpointSaysSo() {
        FrameTable frames = frames();
        RecordedEpisode episode = new RecordedEpisode(1, frames);
        LoadedPolicy each = new LoadedPolicy.OfLeRobot(policy(frames, 1, null));
        LoadedPolicy averaged = new LoadedPolicy.OfLeRobot(policy(frames, 1, 0.0));
        double[][] single = episode.predict(each, 0).predicted();
        double[][] mean = episode.predict(averaged, 0).predicted();
        assertEquals(single[0][2], mean[0][2], 1e-5);
        assertNotEquals(single[5][2], mean[5][2]);
    }

    @Test
    void anEpisodeThatIsNotThereIsRefused() throws IOException {
        FrameTable frames = frames();
        Path data = folder.resolve("data");
        LeRobotDatasetWriter.write(
                data,
                frames,
                new LeRobotDatasetWriter.Recording(10, "robot", List.of("Do something.")));
        Path checkpoint = Files.createDirectory(folder.resolve("policy"));
        policy(frames).save(checkpoint);
        LoadedPolicy loaded = LoadedPolicy.load(checkpoint);
        assertThrows(IllegalArgumentException.class, () -> RecordedEpisode.read(data, 3, loaded));
    }

    @Test
    void chosenEpisodesKeepTheirFrames() {
        FrameTable frames = frames();
        FrameTable chosen = EpisodeChoice.of(frames, episode -> episode != 1);
        assertEquals(2 * LENGTH, chosen.frameCount());
        assertEquals(
                frames.column("action").at(2 * LENGTH + 4, 2),
                chosen.column("action").at(LENGTH + 4, 2));
    }

    @Test
    void holdingAndNeighboursAreMeasuredAsDefined() {
        FrameTable frames = frames();
        FrameTable training = EpisodeChoice.of(frames, episode -> episode < 2);
        LoadedPolicy policy = new LoadedPolicy.OfLeRobot(policy(frames));
        // On what was learned from, the nearest frame is the frame itself.
        HeldOutErrors own = HeldOutErrors.measure(policy, training, training, 6, 1);
        assertEquals(0, own.neighbour());
        assertEquals(2 * (LENGTH - 1), own.frames());
        double[] scale =
                DatasetStatistics.of(training)
                        .feature("action")
                        .get(dev.ugoki.embodied.data.Statistic.STD);
        double sum = 0;
        int count = 0;
        for (int episode = 0; episode < 2; episode++) {
            for (int frame = episode * LENGTH + 1; frame < (episode + 1) * LENGTH; frame++) {
                for (int at = frame; at < Math.min(frame + 6, (episode + 1) * LENGTH); at++) {
                    for (int i = 0; i < 3; i++) {
                        double held = training.column("action").at(frame - 1, i);
                        sum += Math.abs(training.column("action").at(at, i) - held) / scale[i];
                        count++;
                    }
                }
            }
        }
        assertEquals(sum / count, own.holding(), 1e-5);
    }
}
