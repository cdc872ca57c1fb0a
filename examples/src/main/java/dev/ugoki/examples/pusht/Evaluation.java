package dev.ugoki.examples.pusht;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Runs a policy in closed loop from the published start states and measures what the papers report:
 * the mean over seeds of the largest reward in an episode.
 *
 * <pre>{@code
 * Evaluation evaluation = Evaluation.run(policy, Evaluation.STANDARD_SEED, 50, 2);
 * evaluation.meanMaximumReward();
 * }</pre>
 *
 * <p>Apart from the times, the result is the same on every run and with any number of threads.
 *
 * @param episodes in the order of their seeds
 */
public record Evaluation(List<Episode> episodes) {
    /** The first seed of the published evaluations. */
    public static final long STANDARD_SEED = 100_000;

    /**
     * One episode: it ends at a coverage above 0.95 or after 300 steps.
     *
     * @param seed the seed of the start state
     * @param states the state before each step, and after the last
     * @param actions x and y of the target of each step
     * @param maximumReward the largest reward after any step
     * @param success whether the coverage rose above 0.95
     * @param inferenceNanos how long each call of the policy took
     */
    public record Episode(
            long seed,
            List<PushTState> states,
            float[] actions,
            double maximumReward,
            boolean success,
            long[] inferenceNanos) {

        /** The number of steps taken. */
        public int steps() {
            return states.size() - 1;
        }
    }

    /**
     * Evaluates on consecutive seeds.
     *
     * @param threads how many episodes run at once; the policy must bear as many callers
     */
    public static Evaluation run(ChunkPolicy policy, long firstSeed, int count, int threads) {
        return runEach(() -> policy, firstSeed, count, threads);
    }

    /**
     * Evaluates a policy that remembers something within an episode.
     *
     * @param newPolicy called at the start of each episode, maybe by several threads at once
     * @see #run
     */
    public static Evaluation runEach(
            Supplier<ChunkPolicy> newPolicy, long firstSeed, int count, int threads) {
        if (count < 1 || threads < 1) {
            throw new IllegalArgumentException(
                    "an evaluation needs at least one episode and one thread, not "
                            + count
                            + " and "
                            + threads);
        }
        if (threads == 1) {
            List<Episode> episodes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                episodes.add(runEpisode(newPolicy.get(), firstSeed + i));
            }
            return new Evaluation(List.copyOf(episodes));
        }
        try (var executor = Executors.newFixedThreadPool(threads)) {
            List<Future<Episode>> running = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                long seed = firstSeed + i;
                running.add(executor.submit(() -> runEpisode(newPolicy.get(), seed)));
            }
            List<Episode> episodes = new ArrayList<>();
            for (Future<Episode> episode : running) {
                episodes.add(episode.get());
            }
            return new Evaluation(List.copyOf(episodes));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new IllegalStateException("an episode failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during the evaluation", e);
        }
    }

    /** Runs a single episode. */
    public static Episode runEpisode(ChunkPolicy policy, long seed) {
        return runEpisode(
                policy, seed, PushTEnvironment.SUCCESS_COVERAGE, PushTEnvironment.MAXIMUM_STEPS);
    }

    /** Runs a single episode until the coverage is above a limit, or for so many steps. */
    static Episode runEpisode(ChunkPolicy policy, long seed, double coverage, int maximumSteps) {
        var environment = new PushTEnvironment();
        PushTState previous = environment.reset(seed);
        PushTState current = previous;
        var states = new ArrayList<PushTState>(List.of(current));
        float[] actions = new float[2 * maximumSteps];
        long[] nanos = new long[maximumSteps];
        double maximumReward = 0;
        boolean success = false;
        boolean over = false;
        int calls = 0;
        int steps = 0;
        while (!over) {
            var observation = new ChunkPolicy.Observation(previous, current, seed, steps);
            long start = System.nanoTime();
            float[] chunk = policy.act(observation);
            nanos[calls++] = System.nanoTime() - start;
            requireSteps(chunk);
            for (int i = 0; i < chunk.length && !over; i += 2) {
                System.arraycopy(chunk, i, actions, 2 * steps, 2);
                PushTEnvironment.Step step = environment.step(chunk[i], chunk[i + 1]);
                previous = current;
                current = step.state();
                states.add(current);
                maximumReward = Math.max(maximumReward, step.reward());
                success |= step.success();
                steps++;
                over = step.coverage() > coverage || steps == maximumSteps;
            }
        }
        return new Episode(
                seed,
                List.copyOf(states),
                Arrays.copyOf(actions, 2 * steps),
                maximumReward,
                success,
                Arrays.copyOf(nanos, calls));
    }

    private static void requireSteps(float[] chunk) {
        if (chunk.length < 2 || chunk.length % 2 != 0) {
            throw new IllegalStateException(
                    "the policy answered with "
                            + chunk.length
                            + " numbers; a chunk has x and y of at least one step");
        }
    }

    /** The same of the first seeds alone. */
    public Evaluation first(int count) {
        return new Evaluation(episodes.subList(0, count));
    }

    /** The published score: the mean of the episodes' largest rewards. */
    public double meanMaximumReward() {
        return episodes.stream().mapToDouble(Episode::maximumReward).average().orElseThrow();
    }

    /** Standard error of {@link #meanMaximumReward} over the seeds; NaN for one episode. */
    public double standardError() {
        double mean = meanMaximumReward();
        double squares = 0;
        for (Episode episode : episodes) {
            double deviation = episode.maximumReward() - mean;
            squares += deviation * deviation;
        }
        int count = episodes.size();
        return Math.sqrt(squares / (count - 1) / count);
    }

    /** The share of episodes that reached a coverage above 0.95. */
    public double successRate() {
        long successes = episodes.stream().filter(Episode::success).count();
        return (double) successes / episodes.size();
    }

    /** The mean number of steps of an episode. */
    public double meanSteps() {
        return episodes.stream().mapToInt(Episode::steps).average().orElseThrow();
    }

    /**
     * The time below which a share of the policy's calls stayed, in milliseconds.
     *
     * @param share in (0, 1]: 0.5 for the median, 0.99 for the 99th percentile
     */
    public double inferenceMillis(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share " + share + " is not in (0, 1]");
        }
        long[] sorted =
                episodes.stream()
                        .flatMapToLong(episode -> Arrays.stream(episode.inferenceNanos()))
                        .sorted()
                        .toArray();
        return sorted[(int) Math.ceil(share * sorted.length) - 1] * 1e-6;
    }
}
