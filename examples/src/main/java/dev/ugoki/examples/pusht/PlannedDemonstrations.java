package dev.ugoki.examples.pusht;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Demonstrations that nobody had to give: a planner drives PushT from the start states of given
 * seeds. The same numbers give the same demonstrations, bit for bit.
 *
 * <pre>{@code
 * PlannedDemonstrations planned = PlannedDemonstrations.plan();
 * Demonstrations demonstrations = planned.make(600, 0, made -> {});
 * }</pre>
 */
public final class PlannedDemonstrations {
    /** An episode goes on to this coverage, a little beyond what counts as success. */
    public static final double GOAL_COVERAGE = 0.975;

    /** Episodes longer than this many steps are left out. */
    public static final int MAXIMUM_STEPS = 280;

    private static final long EVALUATION_SEEDS = 500;

    private final PushTimes times;

    private PlannedDemonstrations(PushTimes times) {
        this.times = times;
    }

    /** Prepares the planner, which takes some seconds. */
    public static PlannedDemonstrations plan() {
        return new PlannedDemonstrations(new PushTimes(GOAL_COVERAGE));
    }

    /** The planner itself, ready for one episode: to be evaluated like any other policy. */
    public ChunkPolicy newPlanner() {
        return new PushPlanner(times);
    }

    /**
     * Makes demonstrations from the seeds from {@code firstSeed} on; those few that the planner does
     * not solve in time are passed over.
     *
     * @param progress told the number of episodes made so far, after each
     * @throws IllegalArgumentException if a seed of the standard evaluation would be among them
     */
    public Demonstrations make(int episodes, long firstSeed, IntConsumer progress) {
        if (episodes < 1) {
            throw new IllegalArgumentException("at least one episode is needed, not " + episodes);
        }
        List<Evaluation.Episode> made = new ArrayList<>();
        for (long seed = firstSeed; made.size() < episodes; seed++) {
            if (seed >= Evaluation.STANDARD_SEED
                    && seed < Evaluation.STANDARD_SEED + EVALUATION_SEEDS) {
                throw new IllegalArgumentException(
                        "seed "
                                + seed
                                + " belongs to the standard evaluation; demonstrate from others");
            }
            var episode =
                    Evaluation.runEpisode(newPlanner(), seed, GOAL_COVERAGE, MAXIMUM_STEPS);
            if (episode.states().getLast().coverage() > GOAL_COVERAGE) {
                made.add(episode);
                progress.accept(made.size());
            }
        }
        return gather(made);
    }

    private static Demonstrations gather(List<Evaluation.Episode> episodes) {
        int frames = episodes.stream().mapToInt(Evaluation.Episode::steps).sum();
        float[] agent = new float[2 * frames];
        float[] block = new float[3 * frames];
        float[] actions = new float[2 * frames];
        int[] ends = new int[episodes.size()];
        int frame = 0;
        for (int i = 0; i < ends.length; i++) {
            Evaluation.Episode episode = episodes.get(i);
            System.arraycopy(episode.actions(), 0, actions, 2 * frame, 2 * episode.steps());
            for (int step = 0; step < episode.steps(); step++, frame++) {
                PushTState state = episode.states().get(step);
                agent[2 * frame] = (float) state.agentX();
                agent[2 * frame + 1] = (float) state.agentY();
                block[3 * frame] = (float) state.blockX();
                block[3 * frame + 1] = (float) state.blockY();
                block[3 * frame + 2] = (float) state.blockAngle();
            }
            ends[i] = frame;
        }
        return Demonstrations.fromPoses(agent, block, actions, ends);
    }
}
