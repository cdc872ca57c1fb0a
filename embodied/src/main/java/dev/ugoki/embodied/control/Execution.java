package dev.ugoki.embodied.control;

import dev.ugoki.nn.policy.RealTimeChunking.Schedule;

/** How chunks of actions are carried out. */
public sealed interface Execution {
    /**
     * One chunk after another: when so few actions are left, the next chunk is asked for, and takes
     * the place of what is left when it comes, from the action on that belongs to that moment.
     *
     * @param refillAt 0 carries chunks out to their end
     */
    record Queue(int refillAt) implements Execution {
        public Queue {
            requireNotNegative(refillAt);
        }
    }

    /**
     * A chunk is asked for at every step, and what all of them say of a step is averaged with the
     * weights {@code exp(-coefficient * i)}, i being 0 for the oldest.
     *
     * <p>Source: Zhao et al.: Learning fine-grained bimanual manipulation with low-cost hardware
     * (RSS 2023).
     *
     * @param coefficient 0 averages evenly, below 0 the newest counts most
     */
    record TemporalEnsemble(double coefficient) implements Execution {}

    /**
     * As {@link Queue}, but the policy is told what is left of the last chunk, so that the new one
     * goes on from it without a jump: what will be carried out before it can come, it must keep.
     *
     * <p>Source: Black, Galliker, Levine: Real-time execution of action chunking flow policies
     * (2025).
     *
     * @param refillAt when the next chunk is asked for
     * @param horizon from this action on the new chunk is free
     * @param weights how the agreement falls off until there
     */
    record RealTimeChunking(int refillAt, int horizon, Schedule weights) implements Execution {
        public RealTimeChunking {
            requireNotNegative(refillAt);
            requireNotNegative(horizon);
        }
    }

    /** The first {@code actions} of each chunk of so many are carried out, then the next begins. */
    static Execution recedingHorizon(int chunkLength, int actions) {
        if (actions < 1 || actions > chunkLength) {
            throw new IllegalArgumentException(
                    "execution: of a chunk of "
                            + chunkLength
                            + " actions 1 to all can be carried out, not "
                            + actions);
        }
        return new Queue(chunkLength - actions);
    }

    private static void requireNotNegative(int value) {
        if (value < 0) {
            throw new IllegalArgumentException("execution: " + value + " is negative");
        }
    }
}
