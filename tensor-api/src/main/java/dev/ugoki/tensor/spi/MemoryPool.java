package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A caching allocator under a budget, one for each device.
 *
 * <p>Sizes are rounded up to four classes an octave, plus a padding that lets kernels run full
 * vectors over the end. Freed blocks wait in a list of their class. When a request finds its list
 * empty, blocks whose storages the garbage collector found unreachable are taken back first. Large
 * blocks that nobody asked for while several times as much was handed out as is held go back to the
 * system: what a program needed once, such as a network's first weights, is not kept. When the
 * budget is spent: collect garbage and wait for it (bounded), give cached blocks of other classes
 * back to the system, try again, and at last throw an error that lists the largest live tensors.
 *
 * <p>Safe for use by many threads.
 */
public final class MemoryPool {
    /** Where the memory comes from. */
    public interface Source {
        /** New memory, 64-byte aligned; 0 where the system has none. */
        long allocate(long bytes);

        void free(long address, long bytes);
    }

    /** Bytes that a kernel may touch beyond the last element. */
    public static final long PADDING = 64;

    private static final int SMALLEST_LOG2 = 7;
    private static final int CLASSES = 4 * (48 - SMALLEST_LOG2);
    private static final long REPORTED_BYTES = 1 << 16;

    /**
     * How often all memory must be handed out anew before what was not among it counts as idle:
     * getting it again then costs little beside that.
     */
    private static final int TURNS_UNTIL_IDLE = 4;

    /** The least to be handed out between two looks for what is idle. */
    private static final long BYTES_BETWEEN_LOOKS = 64 << 20;

    private static final int COLLECTIONS_BEFORE_GIVING_UP = 4;
    private static final long WAIT_MILLIS = 250;

    private final String name;
    private final Source source;
    private volatile long budget;
    private final FreeList[] freeLists = new FreeList[CLASSES];
    private final AtomicLong committed = new AtomicLong();

    /** Bytes of large blocks that were handed out since the last look for idle ones. */
    private final AtomicLong handedOut = new AtomicLong();

    private final ReferenceQueue<Storage> unreachable = new ReferenceQueue<>();
    private final Set<Escape> escapes = ConcurrentHashMap.newKeySet();
    private final Set<Block> reported = ConcurrentHashMap.newKeySet();
    private final ReentrantLock reclaiming = new ReentrantLock();

    /**
     * @param name of the device, for messages
     * @param budget the most bytes to hold, live and cached
     */
    public MemoryPool(String name, Source source, long budget) {
        this.name = name;
        this.source = source;
        this.budget = budget;
        for (int i = 0; i < CLASSES; i++) {
            freeLists[i] = new FreeList();
        }
    }

    /**
     * Memory for a contiguous tensor of {@code type}, owned by the innermost scope of this thread,
     * or by nobody.
     *
     * @throws OutOfDeviceMemoryException if the budget has no room for it
     */
    public Storage allocate(TensorType type, Backend backend) {
        Storage storage = new Storage(takeBlock(type), backend);
        TensorScope scope = TensorScope.current();
        if (scope == null) {
            storage.setOwner(null);
        } else {
            scope.adopt(storage);
        }
        return storage;
    }

    /** The budget in bytes. */
    public long budget() {
        return budget;
    }

    /**
     * Changes the budget from here on; what is held already stays.
     *
     * @param bytes the most to hold, live and cached
     * @return the budget so far
     * @throws IllegalArgumentException if {@code bytes} is not positive
     */
    public long changeBudget(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException(
                    "changeBudget: " + bytes + " bytes; a budget is positive");
        }
        long before = budget;
        budget = bytes;
        return before;
    }

    /** Bytes held from the system, live and cached. */
    public long committedBytes() {
        return committed.get();
    }

    /** Bytes of live tensors, rounded up to their size classes. */
    public long liveBytes() {
        long cached = 0;
        for (int i = 0; i < CLASSES; i++) {
            cached += freeLists[i].count() * sizeOfClass(i);
        }
        return committed.get() - cached;
    }

    /** Gives every cached block back to the system. */
    public void trim() {
        drain();
        for (FreeList list : freeLists) {
            for (Block block = list.pop(); block != null; block = list.pop()) {
                discard(block);
            }
        }
    }

    private Block takeBlock(TensorType type) {
        int sizeClass = classOf(type);
        Block block = freeLists[sizeClass].pop();
        if (block == null) {
            block = takeBlockSlowly(sizeClass, type);
        }
        if (block.capacity >= REPORTED_BYTES) {
            block.type = type;
            reported.add(block);
            long bytes = handedOut.addAndGet(block.capacity);
            if (bytes > BYTES_BETWEEN_LOOKS && bytes > TURNS_UNTIL_IDLE * committed.get()) {
                discardIdle();
            }
        }
        return block;
    }

    /** Gives back the large blocks that waited in their lists ever since the last call. */
    private void discardIdle() {
        if (!reclaiming.tryLock()) {
            return;
        }
        try {
            handedOut.set(0);
            drain();
            for (int i = classOf(REPORTED_BYTES); i < CLASSES; i++) {
                for (long idle = freeLists[i].idle(); idle > 0; idle--) {
                    Block block = freeLists[i].pop();
                    if (block != null) {
                        discard(block);
                    }
                }
                freeLists[i].look();
            }
        } finally {
            reclaiming.unlock();
        }
    }

    private Block takeBlockSlowly(int sizeClass, TensorType type) {
        drain();
        Block block = freeLists[sizeClass].pop();
        if (block == null) {
            block = commit(sizeClass);
        }
        return block != null ? block : reclaimFor(sizeClass, type);
    }

    private @Nullable Block commit(int sizeClass) {
        long bytes = sizeOfClass(sizeClass);
        if (committed.addAndGet(bytes) > budget) {
            committed.addAndGet(-bytes);
            return null;
        }
        long address = source.allocate(bytes);
        if (address == 0) {
            committed.addAndGet(-bytes);
            return null;
        }
        AllocationEvent.report(name, bytes, committed.get());
        return new Block(this, address, bytes, sizeClass);
    }

    private Block reclaimFor(int sizeClass, TensorType type) {
        if (sizeOfClass(sizeClass) > budget) {
            // Nothing that could be collected would make room for this.
            throw new OutOfDeviceMemoryException(describeShortage(type));
        }
        reclaiming.lock();
        try {
            for (int round = 0; ; round++) {
                drain();
                Block block = freeLists[sizeClass].pop();
                if (block == null) {
                    flushOthers(sizeOfClass(sizeClass));
                    block = commit(sizeClass);
                }
                if (block != null) {
                    return block;
                }
                if (round == COLLECTIONS_BEFORE_GIVING_UP) {
                    throw new OutOfDeviceMemoryException(describeShortage(type));
                }
                collectAndWait();
            }
        } finally {
            reclaiming.unlock();
        }
    }

    private void collectAndWait() {
        System.gc();
        try {
            if (unreachable.remove(WAIT_MILLIS) instanceof Escape escape) {
                escape.reclaim();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void flushOthers(long wanted) {
        for (int i = CLASSES - 1; i >= 0 && committed.get() + wanted > budget; i--) {
            for (Block block = freeLists[i].pop(); block != null; block = freeLists[i].pop()) {
                discard(block);
                if (committed.get() + wanted <= budget) {
                    return;
                }
            }
        }
    }

    private void discard(Block block) {
        source.free(block.address, block.capacity);
        committed.addAndGet(-block.capacity);
    }

    private void drain() {
        while (unreachable.poll() instanceof Escape escape) {
            escape.reclaim();
        }
    }

    private String describeShortage(TensorType type) {
        StringBuilder text = new StringBuilder();
        text.append(name).append(": no memory for ").append(type).append(" (");
        text.append(bytesOf(type) < 0 ? "2^63 or more" : "" + bytesOf(type));
        text.append(" bytes): ").append(liveBytes());
        text.append(" bytes are live of a budget of ").append(budget);
        text.append("; raise it with -Dugoki.memory=BYTES, or release tensors earlier by a");
        text.append(" TensorScope. Largest live tensors:");
        List<Block> largest =
                reported.stream()
                        .sorted(Comparator.comparingLong((Block b) -> -b.capacity))
                        .limit(10)
                        .toList();
        for (Block block : largest) {
            text.append("\n  ").append(block.type).append(", ").append(block.capacity);
            text.append(" bytes");
        }
        return text.toString();
    }

    void recycle(Block block) {
        if (block.capacity >= REPORTED_BYTES) {
            reported.remove(block);
        }
        freeLists[block.sizeClass].push(block);
    }

    Escape letGo(Storage storage, Block block) {
        Escape escape = new Escape(storage, unreachable, block);
        escapes.add(escape);
        return escape;
    }

    /** Bytes of a tensor; -1 where a long cannot count them. */
    private static long bytesOf(TensorType type) {
        long count = type.shape().elementCount();
        int each = type.dtype().byteSize();
        return count > Long.MAX_VALUE / each ? -1 : count * each;
    }

    private int classOf(TensorType type) {
        long bytes = bytesOf(type);
        if (bytes < 0 || bytes > budget) {
            throw new OutOfDeviceMemoryException(describeShortage(type));
        }
        return classOf(bytes + PADDING);
    }

    private static int classOf(long bytes) {
        if (bytes <= 1L << SMALLEST_LOG2) {
            return 0;
        }
        int log2 = 63 - Long.numberOfLeadingZeros(bytes - 1);
        long quarter = (bytes - 1 >>> (log2 - 2)) & 3;
        int sizeClass = 4 * (log2 - SMALLEST_LOG2) + (int) quarter + 1;
        if (sizeClass >= CLASSES) {
            throw new OutOfDeviceMemoryException(
                    "allocate: " + bytes + " bytes are more than any device has");
        }
        return sizeClass;
    }

    private static long sizeOfClass(int sizeClass) {
        int log2 = SMALLEST_LOG2 + sizeClass / 4;
        return (4L + sizeClass % 4) << (log2 - 2);
    }

    /** A piece of memory from the source. */
    static final class Block {
        private final MemoryPool pool;
        private final long address;
        private final long capacity;
        private final int sizeClass;
        private TensorType type = new TensorType(dev.ugoki.tensor.DType.U8, Shape.SCALAR);
        private @Nullable Block next;

        Block(MemoryPool pool, long address, long capacity, int sizeClass) {
            this.pool = pool;
            this.address = address;
            this.capacity = capacity;
            this.sizeClass = sizeClass;
        }

        MemoryPool pool() {
            return pool;
        }

        long address() {
            return address;
        }

        long capacity() {
            return capacity;
        }
    }

    /** The claim on the block of a storage that no scope owns: collected or released, once. */
    static final class Escape extends PhantomReference<Storage> {
        private final Block block;

        Escape(Storage storage, ReferenceQueue<Storage> queue, Block block) {
            super(storage, queue);
            this.block = block;
        }

        void reclaim() {
            if (block.pool.escapes.remove(this)) {
                clear();
                block.pool.recycle(block);
            }
        }
    }

    /** A stack of free blocks of one size, under a spin lock. */
    private static final class FreeList {
        private static final VarHandle LOCK;

        static {
            try {
                LOCK = MethodHandles.lookup().findVarHandle(FreeList.class, "lock", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        @SuppressWarnings("unused") // through LOCK
        private volatile int lock;

        private @Nullable Block top;
        private long count;

        /** The least that {@link #count} was since the last look. */
        private long idle;

        @Nullable Block pop() {
            acquire();
            Block block = top;
            if (block != null) {
                top = block.next;
                block.next = null;
                count--;
            }
            idle = Math.min(idle, count);
            LOCK.setRelease(this, 0);
            return block;
        }

        void push(Block block) {
            acquire();
            block.next = top;
            top = block;
            count++;
            LOCK.setRelease(this, 0);
        }

        long count() {
            acquire();
            long seen = count;
            LOCK.setRelease(this, 0);
            return seen;
        }

        /** How many blocks were not needed since the last {@link #look}. */
        long idle() {
            acquire();
            long seen = idle;
            LOCK.setRelease(this, 0);
            return seen;
        }

        void look() {
            acquire();
            idle = count;
            LOCK.setRelease(this, 0);
        }

        private void acquire() {
            int spins = 0;
            while (!LOCK.compareAndSet(this, 0, 1)) {
                if (++spins < 100) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }
    }
}
