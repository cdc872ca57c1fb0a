package dev.ugoki.embodied.train;

import dev.ugoki.embodied.act.NetworkConfig;
import dev.ugoki.embodied.act.PolicyConfig;
import dev.ugoki.embodied.act.PolicyFeature;
import dev.ugoki.embodied.act.PolicyNetwork;
import dev.ugoki.embodied.data.Column;
import dev.ugoki.embodied.data.Feature;
import dev.ugoki.embodied.data.FeatureType;
import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.Normalization;
import dev.ugoki.nn.policy.FlowPolicy;
import dev.ugoki.tensor.Key;

import java.util.List;
import java.util.Random;

/** A point that is told to circle a mark: small enough to train in a test. */
public final class SmallTask {
    /** A few steps with batches of 16. */
    public static final TrainingSettings SETTINGS =
            TrainingSettings.DEFAULT
                    .withBatchSize(16)
                    .withSteps(40)
                    .withWarmupSteps(5)
                    .withIntervals(10, 20)
                    .withSeed(7);

    /** One forward pass. */
    public static final NetworkConfig REGRESSION = new NetworkConfig.Regression(16, 2);

    /** Draws noise when it is trained and when it acts. */
    public static final NetworkConfig FLOW =
            new NetworkConfig.Flow(16, 2, 8, FlowPolicy.Config.DEFAULT.withSteps(3));

    private static final int EPISODES = 4;
    private static final int LENGTH = 30;

    private SmallTask() {}

    /** Sees two steps of a mark [3] and the point [2]; chunks of 8, relative to the point. */
    public static PolicyConfig config(NetworkConfig network) {
        return PolicyConfig.of(
                        List.of(
                                PolicyFeature.environment("observation.environment_state", 3),
                                PolicyFeature.state("observation.state", 2)),
                        PolicyFeature.action("action", 2),
                        Normalization.MIN_MAX,
                        4,
                        new PolicyNetwork.Chunk(2, 8, network))
                .withActionsRelativeTo("observation.state");
    }

    /** Recorded circles. */
    public static FrameTable frames(long seed) {
        Random random = new Random(seed);
        int count = EPISODES * LENGTH;
        float[] mark = new float[3 * count];
        float[] point = new float[2 * count];
        float[] action = new float[2 * count];
        int[] ends = new int[EPISODES];
        for (int frame = 0; frame < count; frame++) {
            int first = frame - frame % LENGTH;
            for (int i = 0; i < 3; i++) {
                mark[3 * frame + i] =
                        frame == first ? 100 * random.nextFloat() : mark[3 * first + i];
            }
            double angle = 0.2 * (frame - first) + mark[3 * frame + 2];
            point[2 * frame] = mark[3 * frame] + (float) (20 * Math.cos(angle));
            point[2 * frame + 1] = mark[3 * frame + 1] + (float) (20 * Math.sin(angle));
            action[2 * frame] = mark[3 * frame] + (float) (20 * Math.cos(angle + 0.4));
            action[2 * frame + 1] = mark[3 * frame + 1] + (float) (20 * Math.sin(angle + 0.4));
            ends[frame / LENGTH] = frame + 1;
        }
        return FrameTable.of(
                List.of(
                        column("observation.environment_state", 3, mark),
                        column("observation.state", 2, point),
                        column("action", 2, action)),
                ends);
    }

    private static Column column(String name, int width, float[] values) {
        return Column.of(Feature.vector(name, FeatureType.FLOAT32, width), values);
    }

    /** The task with fresh weights. */
    public static ImitationTask task(NetworkConfig network) {
        return ImitationTask.of(frames(1), config(network), Key.of(SETTINGS.seed()));
    }
}
