package dev.ugoki.tensor;

import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Bounds the life of tensors: what is computed while a scope is the innermost open one of its
 * thread is released when it closes, except what was kept.
 *
 * <pre>{@code
 * try (TensorScope scope = TensorScope.open()) {
 *     Tensor logits = model.apply(image);
 *     return scope.keep(logits.softmax(-1));
 * }
 * }</pre>
 *
 * <p>Scopes are never needed for correctness: a tensor made outside of any is freed after the
 * garbage collector finds it unreachable. Using a tensor after its scope has closed throws. A scope
 * belongs to the thread that opened it.
 */
public final class TensorScope implements AutoCloseable {
    private static final ThreadLocal<@Nullable TensorScope> CURRENT = new ThreadLocal<>();

    private final Thread thread = Thread.currentThread();
    private final @Nullable TensorScope parent;
    private @Nullable Storage[] owned = new Storage[16];
    private int count;
    private boolean closed;

    private TensorScope(@Nullable TensorScope parent) {
        this.parent = parent;
    }

    /** Opens a scope inside this thread's innermost one. */
    public static TensorScope open() {
        TensorScope scope = new TensorScope(CURRENT.get());
        CURRENT.set(scope);
        return scope;
    }

    /** This thread's innermost open scope, if any. */
    public static @Nullable TensorScope current() {
        return CURRENT.get();
    }

    /** Runs {@code action} as if no scope were open: what it makes outlives all of them. */
    public static <T> T outside(Supplier<T> action) {
        TensorScope scope = CURRENT.get();
        CURRENT.set(null);
        try {
            return action.get();
        } finally {
            CURRENT.set(scope);
        }
    }

    /**
     * Whether {@code scope} is open in this thread, and was opened inside {@code outer}, which is
     * open too, or null for none.
     */
    public static boolean isOpenSince(@Nullable TensorScope outer, @Nullable TensorScope scope) {
        for (TensorScope open = CURRENT.get(); open != outer && open != null; open = open.parent) {
            if (open == scope) {
                return true;
            }
        }
        return false;
    }

    /** Makes this the owner of a new storage; called by memory pools. */
    public void adopt(Storage storage) {
        if (count == owned.length) {
            owned = Arrays.copyOf(owned, 2 * count);
        }
        owned[count++] = storage;
        storage.setOwner(this);
    }

    /** The place, in the order of their making, of the next storage that this will own. */
    public int size() {
        return count;
    }

    /**
     * Releases what was computed in this scope from a place on, and not kept: what a backward pass
     * has no use for any more, while the scope is open.
     *
     * @param first a former {@link #size}
     * @param stays which of the storages are not released yet
     * @throws IllegalStateException if this scope is closed, or was opened by another thread
     */
    public void releaseFrom(int first, Predicate<Storage> stays) {
        requireOwnThread();
        if (closed) {
            throw new IllegalStateException("TensorScope: closed, so that all is released already");
        }
        int left = first;
        for (int i = first; i < count; i++) {
            Storage storage = owned[i];
            owned[i] = null;
            if (storage != null && storage.owner() == this) {
                if (stays.test(storage)) {
                    owned[left++] = storage;
                } else {
                    storage.release();
                }
            }
        }
        count = Math.min(count, left);
    }

    /**
     * Lets {@code tensor} outlive this scope: it goes to the enclosing scope or, where there is
     * none, to the garbage collector. Tensors that this scope does not own are left as they are.
     *
     * @return {@code tensor}
     * @throws IllegalStateException if this scope is closed, or was opened by another thread
     */
    public Tensor keep(Tensor tensor) {
        requireOwnThread();
        if (closed) {
            throw new IllegalStateException(
                    "TensorScope: closed, so that there is nothing left to keep; keep tensors"
                            + " before the scope closes");
        }
        if (tensor.payload() instanceof Stored stored && stored.storage().owner() == this) {
            if (parent == null) {
                stored.storage().setOwner(null);
            } else {
                parent.adopt(stored.storage());
            }
        }
        return tensor;
    }

    /**
     * Releases what was computed in this scope and not kept.
     *
     * @throws IllegalStateException if a scope opened inside it is still open, or by another thread
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        requireOwnThread();
        if (CURRENT.get() != this) {
            throw new IllegalStateException(
                    "TensorScope: a scope opened inside this one is still open; close that first");
        }
        closed = true;
        CURRENT.set(parent);
        for (int i = 0; i < count; i++) {
            Storage storage = owned[i];
            owned[i] = null;
            if (storage != null && storage.owner() == this) {
                storage.release();
            }
        }
        count = 0;
    }

    /** Whether the calling thread opened this; a scope belongs to one thread. */
    public boolean isOfThisThread() {
        return Thread.currentThread() == thread;
    }

    private void requireOwnThread() {
        if (!isOfThisThread()) {
            throw new IllegalStateException(
                    "TensorScope: opened by "
                            + thread
                            + ", used by "
                            + Thread.currentThread()
                            + "; a scope belongs to one thread");
        }
    }
}
