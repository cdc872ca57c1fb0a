package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;
import dev.ugoki.embodied.data.ReplayBuffer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Demonstrations of PushT from folders, and as features for a policy.
 *
 * <p>Read are Diffusion Policy's zarr replay buffer and LeRobot data sets (v2.1 or v3.0), if they
 * tell where the block is: by its pose or by its nine keypoints.
 */
public final class PushTData {
    /** What a policy sees of the block: x and y of nine keypoints, pixels. */
    public static final String KEYPOINTS = "observation.environment_state";

    /** What a policy sees of itself: the disc's x and y, pixels. */
    public static final String AGENT = "observation.state";

    /** What it says: x and y of the target position, pixels. */
    public static final String ACTION = "action";

    /** The block's x, y (pixels) and angle (radians), in data sets that have it. */
    public static final String BLOCK_POSE = "observation.block_pose";

    private static final double TURN = 2 * Math.PI;

    /** The disc's and the block's state in one vector, as the human demonstrations have it. */
    private static final int WHOLE_STATE = 5;

    private PushTData() {}

    /**
     * Reads demonstrations.
     *
     * @throws IOException if the folder is none that can be read, is damaged, or does not tell
     *     where the block is
     */
    public static Demonstrations read(Path folder) throws IOException {
        if (Files.exists(folder.resolve(".zgroup"))) {
            return readReplayBuffer(folder);
        }
        if (Files.exists(folder.resolve("meta").resolve("info.json"))) {
            return readLeRobot(folder);
        }
        throw new IOException(
                folder
                        + (Files.isDirectory(folder) ? "" : " is no folder, and")
                        + " holds no demonstrations: expected is a zarr replay buffer (.zgroup) or"
                        + " a LeRobot data set (meta/info.json)");
    }

    private static Demonstrations readReplayBuffer(Path folder) throws IOException {
        ReplayBuffer buffer = ReplayBuffer.open(folder);
        if (!buffer.keys().containsAll(List.of("state", ACTION))) {
            throw withoutBlock(folder, buffer.keys());
        }
        FrameTable frames = buffer.readFrames(List.of("state", ACTION));
        return fromWholeStates(folder, frames, "state");
    }

    private static Demonstrations readLeRobot(Path folder) throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(folder);
        if (widthOf(dataset, AGENT) == WHOLE_STATE) {
            return fromWholeStates(folder, dataset.readFrames(List.of(AGENT, ACTION)), AGENT);
        }
        Optional<String> block = Optional.empty();
        if (widthOf(dataset, BLOCK_POSE) == 3) {
            block = Optional.of(BLOCK_POSE);
        } else if (widthOf(dataset, KEYPOINTS) == 2 * TBlock.KEYPOINTS) {
            block = Optional.of(KEYPOINTS);
        }
        if (block.isEmpty() || widthOf(dataset, AGENT) != 2) {
            throw withoutBlock(folder, dataset.features().stream().map(Feature::name).toList());
        }
        FrameTable frames = dataset.readFrames(List.of(AGENT, block.get(), ACTION));
        requireActions(folder, frames);
        float[] found = toFloats(frames.column(block.get()));
        return Demonstrations.fromPoses(
                toFloats(frames.column(AGENT)),
                block.get().equals(BLOCK_POSE) ? found : poses(found),
                toFloats(frames.column(ACTION)),
                ends(frames));
    }

    private static int widthOf(LeRobotDataset dataset, String feature) {
        return dataset.features().stream()
                .filter(found -> found.name().equals(feature))
                .mapToInt(Feature::width)
                .findFirst()
                .orElse(0);
    }

    private static IOException withoutBlock(Path folder, Iterable<String> features) {
        return new IOException(
                folder
                        + " does not tell where the block is: training on states needs its pose or"
                        + " its nine keypoints, and there are only "
                        + String.join(", ", features)
                        + ". (Exports with pictures alone are such; Diffusion Policy's zarr buffer"
                        + " pusht_cchi_v7_replay.zarr has it all.)");
    }

    private static Demonstrations fromWholeStates(Path folder, FrameTable frames, String feature)
            throws IOException {
        requireActions(folder, frames);
        Column state = frames.column(feature);
        if (state.width() != WHOLE_STATE) {
            throw new IOException(
                    folder
                            + ": '"
                            + feature
                            + "' has "
                            + state.width()
                            + " numbers, not the disc's x, y and the block's x, y, angle");
        }
        float[] agent = new float[2 * state.frameCount()];
        float[] block = new float[3 * state.frameCount()];
        for (int frame = 0; frame < state.frameCount(); frame++) {
            for (int i = 0; i < WHOLE_STATE; i++) {
                float value = (float) state.at(frame, i);
                if (i < 2) {
                    agent[2 * frame + i] = value;
                } else {
                    block[3 * frame + i - 2] = value;
                }
            }
        }
        return Demonstrations.fromPoses(
                agent, block, toFloats(frames.column(ACTION)), ends(frames));
    }

    private static void requireActions(Path folder, FrameTable frames) throws IOException {
        int width = frames.column(ACTION).width();
        if (width != 2) {
            throw new IOException(
                    folder + ": actions have " + width + " numbers, not the target's x and y");
        }
    }

    private static float[] toFloats(Column column) {
        float[] values = new float[column.frameCount() * column.width()];
        for (int frame = 0; frame < column.frameCount(); frame++) {
            column.copyFrame(frame, values, frame * column.width());
        }
        return values;
    }

    private static int[] ends(FrameTable frames) {
        int[] ends = new int[frames.episodeCount()];
        for (int episode = 0; episode < ends.length; episode++) {
            ends[episode] = frames.episodeEnd(episode);
        }
        return ends;
    }

    private static float[] poses(float[] keypoints) {
        int width = 2 * TBlock.KEYPOINTS;
        float[] poses = new float[keypoints.length / width * 3];
        for (int frame = 0; frame < poses.length / 3; frame++) {
            TBlock.pose(keypoints, frame * width, poses, 3 * frame);
        }
        return poses;
    }

    /**
     * The demonstrations and their mirror images: the task is symmetric about the diagonal that the
     * goal lies on. {@code (x, y)} becomes {@code (512 - y, 512 - x)}, the angle {@code pi/2 -
     * angle}; keypoints follow from the pose.
     */
    public static Demonstrations withMirrorImages(Demonstrations recorded) {
        int frames = recorded.frames();
        float[] agent = mirrored(recorded.agent());
        float[] actions = mirrored(recorded.actions());
        float[] block = new float[3 * frames];
        for (int i = 0; i < block.length; i += 3) {
            block[i] = mirrored(recorded.block()[i + 1]);
            block[i + 1] = mirrored(recorded.block()[i]);
            double angle = (Math.PI / 2 - recorded.block()[i + 2]) % TURN;
            block[i + 2] = (float) (angle < 0 ? angle + TURN : angle);
        }
        int[] ends = new int[2 * recorded.episodes()];
        for (int i = 0; i < ends.length; i++) {
            boolean image = i >= recorded.episodes();
            ends[i] = image ? frames + recorded.end(i - recorded.episodes()) : recorded.end(i);
        }
        return Demonstrations.fromPoses(
                joined(recorded.agent(), agent),
                joined(recorded.block(), block),
                joined(recorded.actions(), actions),
                ends);
    }

    private static float mirrored(float coordinate) {
        return (float) PushTEnvironment.SIDE - coordinate;
    }

    private static float[] mirrored(float[] points) {
        float[] images = new float[points.length];
        for (int i = 0; i < points.length; i += 2) {
            images[i] = mirrored(points[i + 1]);
            images[i + 1] = mirrored(points[i]);
        }
        return images;
    }

    private static float[] joined(float[] first, float[] second) {
        float[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /** What a policy is trained on: {@link #KEYPOINTS}, {@link #AGENT} and {@link #ACTION}. */
    public static FrameTable features(Demonstrations demonstrations) {
        return FrameTable.of(
                List.of(
                        column(KEYPOINTS, 2 * TBlock.KEYPOINTS, demonstrations.keypoints()),
                        column(AGENT, 2, demonstrations.agent()),
                        column(ACTION, 2, demonstrations.actions())),
                demonstrations.episodeEnds());
    }

    private static Column column(String name, int width, float[] values) {
        return Column.of(Feature.vector(name, FeatureType.FLOAT32, width), values);
    }
}
