package dev.ugoki.examples.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.act.PolicyScales;
import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.DatasetStatistics;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDatasetWriter;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.examples.CommandRun;
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

import java.io.IOException;
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

    private static CommandRun run(Object... arguments) {
        return CommandRun.of(new RunPolicy(), arguments);
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
        CommandRun result = run(checkpoints(kind).resolve(layout), "--golden", golden);
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
        CommandRun result = run(original.resolve("current"), "--golden", file);
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

    private RobotPolicy policy(FrameTable frames) {
        return policy(frames, 4, null);
    }

    private RobotPolicy policy(FrameTable frames, int actionSteps, @Nullable Double coefficient) {
        PolicyConfig config =
                PolicyConfig.of(
                        List.of(
                                new PolicyFeature(
                                        "observation.state", PolicyFeature.Kind.STATE, List.of(2))),
                        new PolicyFeature("action", PolicyFeature.Kind.ACTION, List.of(3)),
                        Map.of(
                                PolicyFeature.Kind.STATE, Normalization.MEAN_STD,
                                PolicyFeature.Kind.ACTION, Normalization.MEAN_STD),
                        actionSteps,
                        new PolicyNetwork.Act(
                                6,
                                new ActPolicy.Layers(
                                        16, 2, 24, ActPolicy.Nonlinearity.RELU, 1, 1, false, 0),
                                new ActPolicy.Vae(false, 4, 1, 10),
                                Backbone.RESNET18,
                                coefficient));
        return RobotPolicy.create(config, PolicyScales.of(config, frames), Key.of(1));
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
        CommandRun result = run(checkpoint, "--data", data, "--episode", "1", "--plot", plot);
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
                RecordedEpisode.read(data, 1, RobotPolicy.load(checkpoint))
                        .predict(RobotPolicy.load(checkpoint), 0);
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
        RobotPolicy each = policy(frames, 1, null);
        RobotPolicy averaged = policy(frames, 1, 0.0);
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
        RobotPolicy loaded = RobotPolicy.load(checkpoint);
        assertThrows(IllegalArgumentException.class, () -> RecordedEpisode.read(data, 3, loaded));
    }

    @Test
    void aHistoryIsThatOfTheSameEpisode() {
        FrameTable one = frames();
        FrameTable frames =
                History.addTo(
                        FrameTable.of(
                                List.of(
                                        one.column("action"),
                                        Column.of(
                                                Feature.vector(
                                                        "observation.state",
                                                        FeatureType.FLOAT32,
                                                        3),
                                                shifted(one.column("action").floats()))),
                                one.episodeEnds()));
        Column state = frames.column(History.STATE);
        Column action = frames.column(History.ACTION);
        Column history = frames.column(History.NAME);
        assertEquals(9, history.width());
        // At the first frame the state stands for what was not told yet.
        assertEquals(state.at(LENGTH, 1), history.at(LENGTH, 1));
        assertEquals(state.at(LENGTH, 1), history.at(LENGTH, 4));
        assertEquals(state.at(LENGTH, 1), history.at(LENGTH, 7));
        assertEquals(action.at(LENGTH, 2), history.at(LENGTH + 1, 2));
        assertEquals(state.at(LENGTH, 2), history.at(LENGTH + 1, 5));
        assertEquals(action.at(LENGTH + 4, 0), history.at(LENGTH + 5, 0));
        assertEquals(action.at(LENGTH + 3, 0), history.at(LENGTH + 5, 3));
        assertEquals(state.at(LENGTH + 4, 0), history.at(LENGTH + 5, 6));
        assertThrows(IllegalArgumentException.class, () -> History.addTo(one));
    }

    private static float[] shifted(float[] values) {
        float[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += 100;
        }
        return moved;
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
        RobotPolicy policy = policy(frames);
        // On what was learned from, the nearest frame is the frame itself.
        HeldOutErrors own = HeldOutErrors.measure(policy, training, training, 1);
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
