package dev.ugoki.examples.pusht;

import dev.ugoki.embodied.act.RobotPolicy;
import dev.ugoki.nn.policy.ConditionedPolicy;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import java.util.Arrays;
import java.util.List;

/**
 * Finds the recorded frame that looks most like the present image to a trained policy's own eyes,
 * and does what was done there: what any policy on these features has to beat.
 *
 * <p>Likeness is the squared Euclidean distance between the features of the image, each in its
 * standard deviations, and the disc's place likewise, the features divided so that all together
 * weigh as much as the disc's two numbers.
 */
final class RetrievalPolicy implements ChunkPolicy {
    private static final int BATCH = 256;

    private final RobotPolicy policy;
    private final float[][] frames;
    private final float[] scales;
    private final float[][] chunks;

    /**
     * A policy over all frames of the demonstrations.
     *
     * @param chunkLength how many recorded actions to follow before looking again; an episode's
     *     last action is repeated beyond its end
     */
    RetrievalPolicy(
            RobotPolicy policy,
            Demonstrations demonstrations,
            PushTImages images,
            int chunkLength) {
        this.policy = policy;
        frames = new float[demonstrations.frames()][];
        chunks = new float[demonstrations.frames()][2 * chunkLength];
        for (int from = 0; from < frames.length; from += BATCH) {
            int to = Math.min(frames.length, from + BATCH);
            try (TensorScope _ = TensorScope.open()) {
                float[] seen = seen(images.tensors(from, to));
                int width = seen.length / (to - from);
                for (int frame = from; frame < to; frame++) {
                    int at = (frame - from) * width;
                    frames[frame] =
                            with(Arrays.copyOfRange(seen, at, at + width), demonstrations, frame);
                }
            }
        }
        for (int episode = 0; episode < demonstrations.episodes(); episode++) {
            int last = demonstrations.end(episode) - 1;
            for (int frame = demonstrations.start(episode); frame <= last; frame++) {
                for (int i = 0; i < chunkLength; i++) {
                    int source = Math.min(frame + i, last);
                    System.arraycopy(demonstrations.actions(), 2 * source, chunks[frame], 2 * i, 2);
                }
            }
        }
        scales = scales(frames);
        for (float[] frame : frames) {
            scale(frame);
        }
    }

    private float[] seen(Tensor images) {
        ConditionedPolicy network = (ConditionedPolicy) policy.network();
        return network.seen(new Observations(null, null, List.of(images), null))
                .contiguous()
                .toFloatArray();
    }

    private static float[] with(float[] seen, Demonstrations demonstrations, int frame) {
        return with(seen, demonstrations.agent()[2 * frame], demonstrations.agent()[2 * frame + 1]);
    }

    private static float[] with(float[] seen, double agentX, double agentY) {
        float[] all = Arrays.copyOf(seen, seen.length + 2);
        all[seen.length] = (float) agentX;
        all[seen.length + 1] = (float) agentY;
        return all;
    }

    private static float[] scales(float[][] frames) {
        int width = frames[0].length;
        float[] scales = new float[width];
        for (int i = 0; i < width; i++) {
            double sum = 0;
            double squares = 0;
            for (float[] frame : frames) {
                sum += frame[i];
                squares += (double) frame[i] * frame[i];
            }
            double mean = sum / frames.length;
            double deviation = Math.sqrt(Math.max(0, squares / frames.length - mean * mean));
            double weight = i < width - 2 ? Math.sqrt(2.0 / (width - 2)) : 1;
            scales[i] = deviation > 0 ? (float) (weight / deviation) : 0;
        }
        return scales;
    }

    private void scale(float[] features) {
        for (int i = 0; i < features.length; i++) {
            features[i] *= scales[i];
        }
    }

    @Override
    public float[] act(Observation observation) {
        PushTState now = observation.current();
        float[] wanted;
        try (TensorScope _ = TensorScope.open()) {
            wanted = with(seen(PushTImages.tensor(now)), now.agentX(), now.agentY());
        }
        scale(wanted);
        int nearest = 0;
        float least = Float.POSITIVE_INFINITY;
        for (int frame = 0; frame < frames.length; frame++) {
            float distance = 0;
            for (int i = wanted.length - 1; i >= 0 && distance < least; i--) {
                float difference = frames[frame][i] - wanted[i];
                distance += difference * difference;
            }
            if (distance < least) {
                least = distance;
                nearest = frame;
            }
        }
        return chunks[nearest].clone();
    }
}
