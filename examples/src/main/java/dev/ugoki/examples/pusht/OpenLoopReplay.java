package dev.ugoki.examples.pusht;

/**
 * Replays recorded actions from each episode's first state, without looking at the recording again:
 * how far the simulator is from the one that the recording was made in.
 */
public final class OpenLoopReplay {
    private OpenLoopReplay() {}

    /**
     * The replay's deviations.
     *
     * @param maximumError per episode, the largest distance between the block's replayed and
     *     recorded position over the whole episode, pixels
     */
    public record Report(double[] maximumError) {
        /** How many episodes stay below a distance from first to last frame. */
        public int within(double pixels) {
            int count = 0;
            for (double error : maximumError) {
                if (error < pixels) {
                    count++;
                }
            }
            return count;
        }
    }

    /** Replays all episodes. */
    public static Report run(Demonstrations recorded) {
        double[] errors = new double[recorded.episodes()];
        for (int episode = 0; episode < errors.length; episode++) {
            errors[episode] = maximumError(recorded, episode);
        }
        return new Report(errors);
    }

    private static double maximumError(Demonstrations recorded, int episode) {
        var environment = new PushTEnvironment();
        environment.reset(recorded.state(recorded.start(episode)));
        double maximum = 0;
        for (int frame = recorded.start(episode); frame + 1 < recorded.end(episode); frame++) {
            environment.advance(recorded.actions()[2 * frame], recorded.actions()[2 * frame + 1]);
            PushTState replayed = environment.state();
            PushTState expected = recorded.state(frame + 1);
            double distance =
                    Math.hypot(
                            replayed.blockX() - expected.blockX(),
                            replayed.blockY() - expected.blockY());
            maximum = Math.max(maximum, distance);
        }
        return maximum;
    }
}
