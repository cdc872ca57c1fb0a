package dev.ugoki.examples.policy;

import dev.ugoki.embodied.data.FrameTable;
import dev.ugoki.embodied.data.LeRobotDataset;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The episodes of a run of {@code ugoki train policy}, divided.
 *
 * @param known those that may be learned from
 * @param unseen those that are held out to measure with
 * @param training of those known, those that are learned from
 * @param validation the rest of these, to choose a checkpoint by; null for none
 */
record EpisodeSplit(
        FrameTable known, FrameTable unseen, FrameTable training, @Nullable FrameTable validation) {
    static EpisodeSplit of(TrainingOrder order) throws IOException {
        LeRobotDataset dataset = LeRobotDataset.open(Path.of(order.data()));
        List<String> own = List.of(History.STATE, History.ACTION);
        FrameTable all =
                order.absolute() ? dataset.readFrames(own) : History.addTo(dataset.readFrames(own));
        if (all.episodeCount() < order.heldOut()) {
            throw new IllegalArgumentException(
                    "--held-out %d: the data set has %d episodes"
                            .formatted(order.heldOut(), all.episodeCount()));
        }
        FrameTable known = EpisodeChoice.of(all, order::isKnown);
        FrameTable unseen = EpisodeChoice.of(all, episode -> !order.isKnown(episode));
        int count = order.config().validationEpisodes();
        if (count == 0) {
            return new EpisodeSplit(known, unseen, known, null);
        }
        if (count >= known.episodeCount()) {
            throw new IllegalArgumentException(
                    "validation_episodes: %d of %d leave none to learn from"
                            .formatted(count, known.episodeCount()));
        }
        int every = known.episodeCount() / count;
        return new EpisodeSplit(
                known,
                unseen,
                EpisodeChoice.of(known, episode -> !isValidated(episode, every, count)),
                EpisodeChoice.of(known, episode -> isValidated(episode, every, count)));
    }

    private static boolean isValidated(int episode, int every, int count) {
        return episode % every == 0 && episode / every < count;
    }
}
