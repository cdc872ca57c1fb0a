package dev.ugoki.embodied.control;

import dev.ugoki.nn.policy.RealTimeChunking.Schedule;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Says what a robot does at each step, from chunks of actions that a policy computes: in the
 * control thread itself, or in a thread beside it, so that the control thread never waits.
 *
 * <pre>{@code
 * ChunkController controller = ChunkController.of(policy, 50, 7)
 *         .withInput(Observation.vector(1, 14))
 *         .withExecution(new Execution.Queue(20))
 *         .onMiss(OnMiss.HOLD)
 *         .build();
 * controller.startInference();
 * float[] action = new float[7];
 * while (running) {
 *     controller.observation().put(0, robot.state());
 *     switch (controller.act(action)) {
 *         case WAITING -> {}
 *         case STOPPED -> robot.stop();
 *         default -> robot.move(action);
 *     }
 * }
 * }</pre>
 *
 * <p>After warm-up {@link #observation} and {@link #act} allocate nothing and take no lock. All
 * methods but {@link #inferNow} belong to one thread, the control thread.
 *
 * <p>A chunk is of an observation, and comes some steps later. The actions that the robot carried
 * out meanwhile are skipped; steps at which it held still are not counted.
 */
public final class ChunkController implements AutoCloseable {
    private final int length;
    private final int width;
    private final ChunkInference inference;
    private final Execution execution;
    private final OnMiss onMiss;
    private final int mostExtrapolated;
    private final float @Nullable [] stopAction;
    private final Clock clock;
    private final long deadlineNanos;

    private final Handover<Observation> observations;
    private final Handover<Chunk> chunks;
    private final PendingActions pending;
    private final DelayEstimate delay;
    private final float[] last;
    private final float[] beforeLast;
    private final MissEvent missEvent = new MissEvent();
    private final ChunkEvent chunkEvent = new ChunkEvent();

    private volatile @Nullable Thread worker;
    private volatile @Nullable RuntimeException failure;
    private boolean beside;
    private boolean asked;
    private boolean stopped;
    private long step;
    private long consumed;
    private long episode;
    private long acted;
    private long misses;
    private int missesInARow;
    private int lastDelay;

    /** A chunk on its way from the inference. */
    private static final class Chunk {
        private final float[] actions;
        private long step;
        private long consumed;
        private long episode;
        private long nanos;

        Chunk(int size) {
            actions = new float[size];
        }
    }

    private ChunkController(Builder builder) {
        length = builder.length;
        width = builder.width;
        inference = builder.inference;
        execution = builder.execution;
        onMiss = builder.onMiss;
        mostExtrapolated = builder.mostExtrapolated;
        stopAction = builder.stopAction;
        clock = builder.clock;
        deadlineNanos = builder.deadlineNanos;
        List<TensorType> inputs = List.copyOf(builder.inputs);
        observations = new Handover<>(() -> new Observation(inputs, length, width));
        chunks = new Handover<>(() -> new Chunk(length * width));
        pending =
                execution instanceof Execution.TemporalEnsemble(double coefficient)
                        ? new EnsembleBuffer(coefficient, length, width)
                        : new ActionBuffer(length, width);
        delay = new DelayEstimate(builder.warmUp);
        last = new float[width];
        beforeLast = new float[width];
    }

    /**
     * Begins to describe a controller.
     *
     * @param length actions in a chunk
     * @param width numbers in an action
     */
    public static Builder of(ChunkInference inference, int length, int width) {
        return new Builder(inference, length, width);
    }

    /** The buffers to fill before {@link #act}. Ask anew at each step: they take turns. */
    public Observation observation() {
        return observations.writing();
    }

    /**
     * Writes the action of this step.
     *
     * @param action receives it, but for {@link Outcome#WAITING}
     */
    public Outcome act(float[] action) {
        if (action.length != width) {
            throw new IllegalArgumentException(
                    "an action has " + width + " numbers, not " + action.length);
        }
        long began = clock.nanoTime();
        takeChunk();
        if (isChunkWanted()) {
            ask();
            if (!beside) {
                inferNow();
                takeChunk();
            }
        }
        boolean late = !beside && clock.nanoTime() - began > deadlineNanos;
        Outcome outcome = stopped || failure != null ? stop(action) : next(action, late);
        step++;
        return outcome;
    }

    private boolean isChunkWanted() {
        return switch (execution) {
            case Execution.Queue(int refillAt) -> !asked && pending.size() <= refillAt;
            case Execution.RealTimeChunking(int refillAt, int _, Schedule _) ->
                    !asked && pending.size() <= refillAt;
            case Execution.TemporalEnsemble _ -> true;
        };
    }

    private void ask() {
        Observation observation = observations.writing();
        observation.stamp(step, consumed, episode);
        ChunkPrefix prefix = observation.prefix();
        if (execution
                instanceof Execution.RealTimeChunking(int _, int horizon, Schedule schedule)) {
            prefix.setCount(pending.copyTo(prefix.actions));
            prefix.weigh(schedule, delay.steps(), horizon);
        }
        observations.publish();
        asked = true;
        Thread thread = worker;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Takes a chunk that has come, if one has. */
    private void takeChunk() {
        if (!chunks.takeLatest()) {
            return;
        }
        Chunk chunk = chunks.reading();
        if (chunk.episode != episode) {
            return;
        }
        asked = false;
        int skipped = (int) Math.min(length, consumed - chunk.consumed);
        lastDelay = (int) Math.min(Integer.MAX_VALUE, step - chunk.step);
        delay.add(lastDelay);
        pending.take(chunk.actions, skipped);
        chunkEvent.report(chunk.step, lastDelay, skipped, chunk.nanos);
    }

    private Outcome next(float[] action, boolean late) {
        if (pending.size() > 0 && !late) {
            System.arraycopy(last, 0, beforeLast, 0, width);
            pending.pop(last);
            System.arraycopy(last, 0, action, 0, width);
            consumed++;
            acted++;
            missesInARow = 0;
            return Outcome.ACTED;
        }
        if (acted == 0 && !late) {
            return Outcome.WAITING;
        }
        misses++;
        missesInARow++;
        missEvent.report(step, missesInARow, onMiss);
        return missed(action);
    }

    private Outcome missed(float[] action) {
        if (onMiss == OnMiss.STOP) {
            return stop(action);
        }
        if (acted == 0) {
            return Outcome.WAITING;
        }
        boolean moves =
                onMiss == OnMiss.EXTRAPOLATE && acted > 1 && missesInARow <= mostExtrapolated;
        if (moves) {
            for (int i = 0; i < width; i++) {
                float onwards = last[i] + (last[i] - beforeLast[i]);
                beforeLast[i] = last[i];
                last[i] = onwards;
            }
            // The robot moves on, so what the chunk says of this step is past.
            pending.skip();
            consumed++;
        }
        System.arraycopy(last, 0, action, 0, width);
        return moves ? Outcome.EXTRAPOLATED : Outcome.HELD;
    }

    private Outcome stop(float[] action) {
        stopped = true;
        float[] still = stopAction == null ? last : stopAction;
        System.arraycopy(still, 0, action, 0, width);
        return Outcome.STOPPED;
    }

    /**
     * Computes a chunk, if one has been asked for: what the inference thread does over and over.
     * Tests call it when they like. Only one thread may.
     *
     * @return whether there was anything to do
     */
    public boolean inferNow() {
        if (!observations.takeLatest()) {
            return false;
        }
        Observation observation = observations.reading();
        Chunk chunk = chunks.writing();
        long began = clock.nanoTime();
        try {
            inference.infer(observation, chunk.actions);
        } catch (RuntimeException e) {
            failure = e;
            return true;
        }
        chunk.step = observation.step();
        chunk.consumed = observation.consumed();
        chunk.episode = observation.episode();
        chunk.nanos = clock.nanoTime() - began;
        chunks.publish();
        return true;
    }

    /**
     * From now on chunks are computed beside the control thread. Whoever has not called it, and has
     * no thread of his own that calls {@link #inferNow}, computes them in {@link #act}.
     */
    public void startInference() {
        computeBeside();
        Thread thread =
                Thread.ofPlatform().name("ugoki-inference").daemon().unstarted(this::inferForever);
        worker = thread;
        thread.start();
    }

    /** As {@link #startInference}, but the caller sees to it that {@link #inferNow} is called. */
    public void computeBeside() {
        if (beside) {
            throw new IllegalStateException("inference runs beside the control thread already");
        }
        beside = true;
    }

    private void inferForever() {
        Thread self = Thread.currentThread();
        while (worker == self) {
            if (!inferNow()) {
                LockSupport.park(this);
            }
        }
    }

    /**
     * A new episode begins: nothing is pending, and a stop is over. What an inference that is under
     * way makes of the old one is not carried out.
     */
    public void reset() {
        episode++;
        pending.clear();
        asked = false;
        stopped = false;
        failure = null;
        acted = 0;
        consumed = 0;
        missesInARow = 0;
    }

    /** Steps for which no action came in time, so far. */
    public long misses() {
        return misses;
    }

    /** Steps so far. */
    public long steps() {
        return step;
    }

    /** Actions that are still to come. */
    public int pendingActions() {
        return pending.size();
    }

    /** How many steps the last chunk took to come. */
    public int lastDelaySteps() {
        return lastDelay;
    }

    /** How many steps a chunk takes to come, 95 of 100 times. */
    public int expectedDelaySteps() {
        return delay.steps();
    }

    /** Why the inference stopped, if it failed; the robot stops then, whatever was chosen. */
    public @Nullable RuntimeException failure() {
        return failure;
    }

    /** Ends the inference thread. */
    @Override
    public void close() {
        Thread thread = worker;
        worker = null;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Describes a controller. */
    public static final class Builder {
        private final ChunkInference inference;
        private final int length;
        private final int width;
        private final List<TensorType> inputs = new ArrayList<>();
        private Execution execution = new Execution.Queue(0);
        private OnMiss onMiss = OnMiss.HOLD;
        private int mostExtrapolated = 5;
        private float @Nullable [] stopAction;
        private Clock clock = Clock.system();
        private long deadlineNanos = Long.MAX_VALUE;
        private int warmUp = 2;

        private Builder(ChunkInference inference, int length, int width) {
            if (length < 1 || width < 1) {
                throw new IllegalArgumentException(
                        "a chunk has at least one action of one number, not "
                                + length
                                + " of "
                                + width);
            }
            this.inference = inference;
            this.length = length;
            this.width = width;
        }

        /** One more input of the policy. */
        public Builder withInput(TensorType type) {
            inputs.add(type);
            return this;
        }

        /** How chunks are carried out; the default is to their end. */
        public Builder withExecution(Execution value) {
            execution = value;
            return this;
        }

        /** What to do when no action has come in time; the default is to hold. */
        public Builder onMiss(OnMiss value) {
            onMiss = value;
            return this;
        }

        /** For how many steps in a row to extrapolate before holding; the default is 5. */
        public Builder extrapolatingAtMost(int steps) {
            mostExtrapolated = steps;
            return this;
        }

        /** What stopping means; the default is the last action. */
        public Builder withStopAction(float... action) {
            if (action.length != width) {
                throw new IllegalArgumentException(
                        "an action has " + width + " numbers, not " + action.length);
            }
            stopAction = action.clone();
            return this;
        }

        /** Another clock than the machine's. */
        public Builder withClock(Clock value) {
            clock = value;
            return this;
        }

        /**
         * Where chunks are computed in {@link #act}: how long that may take, in nanoseconds. A
         * chunk that comes later is a miss at this step, and is carried out from the next on.
         */
        public Builder withDeadline(long nanos) {
            deadlineNanos = nanos;
            return this;
        }

        /** How many chunks at the beginning say nothing of the delay; the default is 2. */
        public Builder withWarmUpChunks(int count) {
            warmUp = count;
            return this;
        }

        public ChunkController build() {
            return new ChunkController(this);
        }
    }
}
