package dev.ugoki.cpu;

import dev.ugoki.cpu.MatrixProduct.OrderOfB;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Storage;

/**
 * A weight of n rows of k in the order that products want, in memory of its own, so that they need
 * not bring it there each time. Made anew when the weight has changed.
 */
final class KeptWeight {
    private static final long NEVER = -1;

    private final OrderOfB order;
    private final Slot from;
    private final int m;
    private final int n;
    private final int k;
    private final long distance;
    private final Storage memory;
    private final long bytes;
    private long version = NEVER;

    KeptWeight(OrderOfB order, Slot from, int m, int n, int k, long distance) {
        this.order = order;
        this.from = from;
        this.m = m;
        this.n = n;
        this.k = k;
        this.distance = distance;
        boolean panels = order == OrderOfB.PANELS;
        long elements = panels ? FewRowsPanels.elements(n, k) : (long) n * k;
        TensorType type = new TensorType(DType.F32, Shape.of(elements));
        Backend backend = from.stored().storage().backend();
        memory = TensorScope.outside(() -> backend.memory().allocate(type, backend));
        bytes = type.byteSize();
    }

    /** Where it is, as it is now. */
    long address() {
        long now = Integer.toUnsignedLong(from.stored().storage().version());
        if (now != version) {
            fill();
            version = now;
        }
        return memory.address();
    }

    private void fill() {
        long row = 4 * distance;
        if (order == OrderOfB.PANELS) {
            FewRowsPanels.pack(m, n, k, from.address(), row, memory.address());
        } else {
            Transposition.run(n, k, from.address(), row, memory.address(), 4L * n);
        }
    }

    /** Bytes of that memory. */
    long bytes() {
        return bytes;
    }

    /** Gives the memory back. */
    void release() {
        memory.release();
    }
}
