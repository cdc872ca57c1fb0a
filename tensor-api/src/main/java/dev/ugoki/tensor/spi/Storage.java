package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.TensorScope;

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A piece of device memory that tensors share.
 *
 * <p>It ends in one of two ways: released, by the scope that owns it or by its last user, or, where
 * no scope owns it, when the garbage collector finds it unreachable. An execution pins what it
 * reads and writes; memory that is released while pinned is given back by the last unpin. Pinning
 * after release throws, so that freed memory is never read.
 */
public final class Storage {
    /** What is told of the use of a released tensor. */
    public static final String RELEASED_MESSAGE =
            "the tensor was released with the scope that owned it: keep it with"
                    + " scope.keep(tensor), or use it inside that scope";

    private static final VarHandle STATE;
    private static final int RELEASED = 1;
    private static final int PIN = 2;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Storage.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final MemoryPool.@Nullable Block block;
    private final Backend backend;
    private @Nullable TensorScope owner;
    private MemoryPool.@Nullable Escape escape;
    private volatile int version;

    @SuppressWarnings("unused") // through STATE
    private volatile int state;

    Storage(MemoryPool.Block block, Backend backend) {
        this.block = block;
        this.backend = backend;
    }

    private Storage(Backend backend) {
        this.block = null;
        this.backend = backend;
    }

    /**
     * No memory, but something that views can be of while memory is planned: its address cannot be
     * asked for.
     */
    public static Storage placeholder(Backend backend) {
        return new Storage(backend);
    }

    private MemoryPool.Block block() {
        MemoryPool.Block held = block;
        if (held == null) {
            throw new IllegalStateException("storage: a placeholder has no memory");
        }
        return held;
    }

    /** The address of the first byte, in the device's own address space; 64-byte aligned. */
    public long address() {
        return block().address();
    }

    /** Usable bytes, padding included. */
    public long capacity() {
        return block().capacity();
    }

    /** The backend whose memory this is. */
    public Backend backend() {
        return backend;
    }

    /** How often this was written to since it was made. */
    public int version() {
        return version;
    }

    /** Says that the values have changed in place. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer at a time, by contract
    public void touch() {
        version = version + 1;
    }

    /** Whether the memory was given back. */
    public boolean isReleased() {
        return ((int) STATE.getVolatile(this) & RELEASED) != 0;
    }

    /**
     * Keeps the memory until {@link #unpin}.
     *
     * @throws IllegalStateException if it was released
     */
    public void pin() {
        while (true) {
            int seen = (int) STATE.getVolatile(this);
            if ((seen & RELEASED) != 0) {
                throw new IllegalStateException(RELEASED_MESSAGE);
            }
            if (STATE.compareAndSet(this, seen, seen + PIN)) {
                return;
            }
        }
    }

    /** Ends one {@link #pin}. */
    public void unpin() {
        int before = (int) STATE.getAndAdd(this, -PIN);
        if (before == (PIN | RELEASED)) {
            giveBack();
        }
    }

    /**
     * Keeps the memory while the calling thread runs an operation on it and holds a reference to
     * this. Only a scope of another thread could release it meanwhile: only what one owns is
     * pinned, so that small operations do without atomic writes.
     *
     * @return whether it was pinned, so that the caller must {@link #unpin}
     * @throws IllegalStateException if it was released
     */
    public boolean enter() {
        TensorScope scope = owner;
        boolean mustPin = scope != null && !scope.isOfThisThread();
        if (mustPin || isReleased()) {
            pin();
        }
        return mustPin;
    }

    /** Gives the memory back, now or with the last unpin; a second call does nothing. */
    public void release() {
        int before = (int) STATE.getAndBitwiseOr(this, RELEASED);
        if (before == 0) {
            giveBack();
        }
    }

    private void giveBack() {
        MemoryPool.Escape registered = escape;
        if (registered == null) {
            block().pool().recycle(block());
        } else {
            registered.reclaim();
        }
    }

    /** The scope that releases this when it closes, if any. */
    public @Nullable TensorScope owner() {
        return owner;
    }

    /** Sets the owner; with null, the garbage collector decides. */
    public void setOwner(@Nullable TensorScope owner) {
        this.owner = owner;
        if (owner == null && escape == null) {
            escape = block().pool().letGo(this, block());
        }
    }
}
