package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads that share one kernel's work: {@code pool.parallelFor(tasks, index -> ...)}.
 *
 * <p>The caller takes part and returns when every task has run. How the work is cut into tasks is
 * the caller's choice and must follow from shapes alone, never from {@link #threads()}: then a
 * result has the same bits with any number of threads. Which thread runs which task is not
 * determined.
 *
 * <p>A call made from inside a task, or while another thread is using the pool, runs its tasks in
 * order on the calling thread. The first exception of a task is rethrown to the caller, after the
 * tasks that had begun have ended; those that had not begun are left out.
 *
 * <p>Idle threads look for work for some {@value #SPIN_NANOS} ns, then sleep. To wake one takes its
 * caller tens of microseconds, longer than a small network takes in all: where there is known to be
 * little to do, the caller begins alone and wakes others once there was work for {@value
 * #ALONE_NANOS} ns. They are daemons.
 */
public final class ThreadPool {
    /** Work that was cut into numbered tasks. */
    @FunctionalInterface
    public interface Task {
        /** Runs task {@code index}, counted from 0. */
        void run(int index);
    }

    /** The system property with the number of threads; default: all processors. */
    public static final String THREADS_PROPERTY = "ugoki.threads";

    private static final long SPIN_NANOS = 40_000;
    private static final long ALONE_NANOS = 50_000;
    private static final long BRIEF_ELEMENTS = 1 << 17;
    private static final int SPINS_PER_CLOCK = 16;
    private static final int MAX_TASKS = 0xffff;
    private static final long FIRST_ONE = 1L << 16;
    private static final long GENERATION_ONE = 1L << 32;

    private static final VarHandle CLAIM;
    private static final VarHandle PENDING;
    private static final VarHandle OWNER;
    private static final VarHandle FAILURE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            CLAIM = lookup.findVarHandle(ThreadPool.class, "claim", long.class);
            PENDING = lookup.findVarHandle(ThreadPool.class, "pending", int.class);
            OWNER = lookup.findVarHandle(ThreadPool.class, "owner", Thread.class);
            FAILURE = lookup.findVarHandle(ThreadPool.class, "failure", Throwable.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final class Shared {
        static final ThreadPool POOL = new ThreadPool(threadsFromProperty());
    }

    /**
     * The tasks that nobody has taken: generation in the upper 32 bits, first task in the next 16,
     * end (exclusive) in the lowest 16. The caller takes from the front and the others from the
     * back, so that over a chain of kernels each finds the same part in its own cache. Every job
     * has a new generation, so a thread that comes late cannot take a task of the wrong job.
     */
    private volatile long claim;

    /** How many tasks of the present job have not ended. */
    private volatile int pending;

    /** The thread whose job the pool is working on. */
    private volatile @Nullable Thread owner;

    /** The owner, if it sleeps until the last task ends. */
    private volatile @Nullable Thread sleepingOwner;

    private volatile @Nullable Throwable failure;

    /** Written before {@link #claim}, read between reading it and changing it. */
    private @Nullable Task task;

    private volatile Worker[] workers = new Worker[0];

    /** For how long the owner, and those before it without a pause, worked while others slept. */
    private long aloneNanos;

    /** When that ended. */
    private long aloneUntil;

    /** A pool of its own with this many threads, the caller among them. */
    public ThreadPool(int threads) {
        setThreads(threads);
    }

    /** The pool that all kernels share. */
    public static ThreadPool shared() {
        return Shared.POOL;
    }

    private static int threadsFromProperty() {
        String value = System.getProperty(THREADS_PROPERTY);
        if (value == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        try {
            int threads = Integer.parseInt(value.strip());
            if (threads >= 1) {
                return threads;
            }
        } catch (NumberFormatException e) {
            // told below, with what would be right
        }
        throw new IllegalArgumentException(
                "-D" + THREADS_PROPERTY + "=" + value + ": expected a whole number, 1 or more");
    }

    /** How many threads work on a job, its caller among them. */
    public int threads() {
        return workers.length + 1;
    }

    /**
     * Changes the number of threads, the caller of a job among them. Waits for a running job.
     *
     * @throws IllegalArgumentException if {@code threads} is less than 1
     * @throws IllegalStateException if called from inside a task
     */
    public void setThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + ", must be 1 or more");
        }
        if (isInsideTask()) {
            throw new IllegalStateException("the number of threads cannot change inside a task");
        }
        while (!OWNER.compareAndSet(this, (Thread) null, Thread.currentThread())) {
            Thread.yield();
        }
        try {
            resize(threads - 1);
        } finally {
            owner = null;
        }
    }

    private void resize(int workerCount) {
        Worker[] old = workers;
        Worker[] now = new Worker[workerCount];
        for (int i = 0; i < workerCount; i++) {
            now[i] = i < old.length ? old[i] : new Worker(this, i + 1);
        }
        workers = now;
        for (int i = old.length; i < workerCount; i++) {
            now[i].start();
        }
        for (int i = workerCount; i < old.length; i++) {
            old[i].stopped = true;
            LockSupport.unpark(old[i]);
        }
    }

    private boolean isInsideTask() {
        Thread current = Thread.currentThread();
        return current instanceof Worker || owner == current;
    }

    /**
     * Runs {@code task} for every index from 0 to {@code tasks - 1}, on all threads.
     *
     * @throws RuntimeException or Error: what a task threw first
     */
    public void parallelFor(int tasks, Task task) {
        parallelFor(tasks, task, false);
    }

    /**
     * The same where it is known how much there is to do in a task.
     *
     * @param elementsOfTask that a task goes through at most
     */
    public void parallelFor(int tasks, long elementsOfTask, Task task) {
        parallelFor(tasks, task, elementsOfTask <= BRIEF_ELEMENTS / Math.max(1, tasks));
    }

    private void parallelFor(int tasks, Task task, boolean brief) {
        boolean alone = tasks <= 1 || workers.length == 0 || isInsideTask();
        if (alone || !OWNER.compareAndSet(this, (Thread) null, Thread.currentThread())) {
            for (int index = 0; index < tasks; index++) {
                task.run(index);
            }
            return;
        }
        try {
            if (tasks <= MAX_TASKS) {
                runJob(tasks, task, brief);
            } else {
                runLargeJob(tasks, task);
            }
        } finally {
            owner = null;
        }
    }

    private void runLargeJob(int tasks, Task task) {
        int group = (int) (((long) tasks + MAX_TASKS - 1) / MAX_TASKS);
        runJob(
                (int) (((long) tasks + group - 1) / group),
                index -> {
                    int end = (int) Math.min(tasks, (index + 1L) * group);
                    for (int i = index * group; i < end; i++) {
                        task.run(i);
                    }
                },
                false);
    }

    private void runJob(int tasks, Task newTask, boolean brief) {
        task = newTask;
        failure = null;
        pending = tasks;
        claim = (claim & -GENERATION_ONE) + GENERATION_ONE + tasks;
        if (brief && isOneAsleep(tasks - 1)) {
            beginAlone(tasks - 1);
        } else {
            wakeWorkers(tasks - 1);
        }
        while (takeFirst()) {
            // takes and runs one task
        }
        awaitLastTask();
        task = null;
        Throwable thrown = failure;
        if (thrown != null) {
            failure = null;
            throw rethrown(thrown);
        }
    }

    private static RuntimeException rethrown(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return (RuntimeException) thrown;
    }

    /** Takes tasks until there are none left, or others were worth waking. */
    private void beginAlone(int atMost) {
        long now = System.nanoTime();
        long before = now - aloneUntil > SPIN_NANOS ? 0 : aloneNanos;
        long began = now - before;
        while (now - began <= ALONE_NANOS) {
            if (!takeFirst()) {
                aloneUntil = System.nanoTime();
                aloneNanos = aloneUntil - began;
                return;
            }
            now = System.nanoTime();
        }
        aloneNanos = 0;
        wakeWorkers(atMost);
    }

    private boolean isOneAsleep(int atMost) {
        Worker[] current = workers;
        int count = Math.min(atMost, current.length);
        for (int i = 0; i < count; i++) {
            if (current[i].sleeping) {
                return true;
            }
        }
        return false;
    }

    private void wakeWorkers(int atMost) {
        Worker[] current = workers;
        int count = Math.min(atMost, current.length);
        for (int i = 0; i < count; i++) {
            if (current[i].sleeping) {
                LockSupport.unpark(current[i]);
            }
        }
    }

    private boolean takeFirst() {
        long seen = claim;
        Task current = task;
        int first = (int) (seen >>> 16) & MAX_TASKS;
        if (first >= ((int) seen & MAX_TASKS)) {
            return false;
        }
        if (current != null && CLAIM.compareAndSet(this, seen, seen + FIRST_ONE)) {
            runTask(current, first);
        }
        return true;
    }

    private boolean takeLast() {
        long seen = claim;
        Task current = task;
        int end = (int) seen & MAX_TASKS;
        if (((int) (seen >>> 16) & MAX_TASKS) >= end) {
            return false;
        }
        if (current != null && CLAIM.compareAndSet(this, seen, seen - 1)) {
            runTask(current, end - 1);
        }
        return true;
    }

    private boolean hasTasks() {
        long seen = claim;
        return ((int) (seen >>> 16) & MAX_TASKS) < ((int) seen & MAX_TASKS);
    }

    private void runTask(Task current, int index) {
        try {
            if (failure == null) {
                current.run(index);
            }
        } catch (Throwable thrown) {
            FAILURE.compareAndSet(this, (Throwable) null, thrown);
        } finally {
            if ((int) PENDING.getAndAdd(this, -1) == 1) {
                Thread sleeper = sleepingOwner;
                if (sleeper != null) {
                    LockSupport.unpark(sleeper);
                }
            }
        }
    }

    private void awaitLastTask() {
        if (pending == 0) {
            return;
        }
        long deadline = System.nanoTime() + SPIN_NANOS;
        for (int spins = 1; pending != 0; spins++) {
            Thread.onSpinWait();
            if (spins % SPINS_PER_CLOCK == 0 && System.nanoTime() - deadline > 0) {
                sleepUntilLastTask();
                return;
            }
        }
    }

    private void sleepUntilLastTask() {
        sleepingOwner = Thread.currentThread();
        boolean interrupted = false;
        while (pending != 0) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        sleepingOwner = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Worker extends Thread {
        private final ThreadPool pool;
        volatile boolean sleeping;
        volatile boolean stopped;

        Worker(ThreadPool pool, int number) {
            super("ugoki-" + number);
            this.pool = pool;
            setDaemon(true);
        }

        @Override
        public void run() {
            while (!stopped) {
                while (pool.takeLast()) {
                    // takes and runs one task
                }
                idle();
            }
        }

        private void idle() {
            long deadline = System.nanoTime() + SPIN_NANOS;
            for (int spins = 1; !pool.hasTasks() && !stopped; spins++) {
                Thread.onSpinWait();
                if (spins % SPINS_PER_CLOCK == 0 && System.nanoTime() - deadline > 0) {
                    sleep();
                    return;
                }
            }
        }

        private void sleep() {
            sleeping = true;
            while (!pool.hasTasks() && !stopped) {
                LockSupport.park(pool);
                Thread.interrupted();
            }
            sleeping = false;
        }
    }
}
