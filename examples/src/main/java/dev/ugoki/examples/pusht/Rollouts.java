package dev.ugoki.examples.pusht;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Episodes as animations. */
final class Rollouts {
    /** Width and height, pixels. */
    static final int SIDE = 288;

    private static final int FRAME_MILLIS = 50;
    private static final int LAST_FRAME_MILLIS = 1500;

    private Rollouts() {}

    /** A loop that plays twice as fast as the task runs. */
    static byte[] animation(Evaluation.Episode episode) {
        List<BufferedImage> frames = new ArrayList<>();
        for (int step = 0; step <= episode.steps(); step++) {
            float[] target = null;
            if (step < episode.steps()) {
                target = new float[] {episode.actions()[2 * step], episode.actions()[2 * step + 1]};
            }
            frames.add(PushTRenderer.picture(episode.states().get(step), SIDE, target));
        }
        return AnimatedGif.encode(frames, FRAME_MILLIS, LAST_FRAME_MILLIS);
    }

    static String caption(String which, Evaluation.Episode episode) {
        return String.format(
                Locale.ROOT,
                "%s: seed %d, largest reward %.3f, %d steps",
                which,
                episode.seed(),
                episode.maximumReward(),
                episode.steps());
    }

    /** The episode in the middle when sorted by largest reward. */
    static Evaluation.Episode median(Evaluation evaluation) {
        List<Evaluation.Episode> sorted = sorted(evaluation);
        return sorted.get(sorted.size() / 2);
    }

    /** The episode with the smallest largest reward. */
    static Evaluation.Episode worst(Evaluation evaluation) {
        return sorted(evaluation).getFirst();
    }

    private static List<Evaluation.Episode> sorted(Evaluation evaluation) {
        return evaluation.episodes().stream()
                .sorted(
                        Comparator.comparingDouble(Evaluation.Episode::maximumReward)
                                .thenComparing(
                                        Comparator.comparingInt(Evaluation.Episode::steps)
                                                .reversed()))
                .toList();
    }
}
