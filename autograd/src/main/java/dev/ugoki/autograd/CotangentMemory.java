package dev.ugoki.autograd;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lets a backward pass hold no more memory than it needs: each step's rule runs in a scope of its
 * own, out of which only cotangents go, and these are released when the step that they were for has
 * used them.
 *
 * <p>Cotangents share storages with one another (a reshape is a view), so storages are counted.
 */
final class CotangentMemory {
    private static final class Use {
        private int count = 1;
        private final boolean releasable;

        private Use(boolean releasable) {
            this.releasable = releasable;
        }
    }

    /** A scope that is open. */
    private static final class Level {
        private final TensorScope scope;
        private final @Nullable Level outer;

        /** Whether what is made here directly is still needed when its uses as cotangent end. */
        private final boolean forward;

        private final List<Tensor> leaving = new ArrayList<>();

        private Level(TensorScope scope, @Nullable Level outer, boolean forward) {
            this.scope = scope;
            this.outer = outer;
            this.forward = forward;
        }
    }

    private final Map<Storage, Use> uses = new IdentityHashMap<>();
    private @Nullable Level innermost;

    /**
     * Runs {@code action} in a scope; what was {@link #hold}, and not dropped again, outlives it.
     *
     * @param forward whether it computes a forward pass, whose values steps of the tape hold
     */
    void inScope(boolean forward, Runnable action) {
        Level outer = innermost;
        try (TensorScope scope = TensorScope.open()) {
            Level level = new Level(scope, outer, forward);
            innermost = level;
            action.run();
            for (Tensor tensor : level.leaving) {
                if (tensor.payload() instanceof Stored stored
                        && uses.containsKey(stored.storage())) {
                    scope.keep(tensor);
                    if (outer != null) {
                        outer.leaving.add(tensor);
                    }
                }
            }
        } finally {
            innermost = outer;
        }
    }

    /** Counts a use of a cotangent. */
    void hold(Tensor cotangent) {
        if (!(cotangent.payload() instanceof Stored stored)) {
            return;
        }
        Storage storage = stored.storage();
        Use known = uses.get(storage);
        if (known != null) {
            known.count++;
            return;
        }
        for (Level level = innermost; level != null; level = level.outer) {
            if (storage.owner() == level.scope) {
                uses.put(storage, new Use(!level.forward));
                level.leaving.add(cotangent);
                return;
            }
        }
    }

    /** Ends a use; with the last one the memory is given back, if it was made for this pass. */
    void drop(Tensor cotangent) {
        if (!(cotangent.payload() instanceof Stored stored)) {
            return;
        }
        Use use = uses.get(stored.storage());
        if (use != null && --use.count == 0) {
            uses.remove(stored.storage());
            if (use.releasable) {
                stored.storage().release();
            }
        }
    }
}
