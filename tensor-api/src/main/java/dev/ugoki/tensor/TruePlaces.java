package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Tracer;
import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.spi.Stored;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Where a mask is true: the one thing about a tensor's values that shapes are made of. */
final class TruePlaces {
    private TruePlaces() {}

    /**
     * The row-major numbers of the true elements of {@code mask} (BOOL), in order.
     *
     * @throws IllegalStateException under a trace, where there are no values
     */
    static long[] of(String operation, Tensor mask) {
        requireValues(operation, mask);
        MemorySegment elements = mask.toMemory();
        long size = elements.byteSize();
        int count = 0;
        for (long i = 0; i < size; i++) {
            count += elements.get(ValueLayout.JAVA_BYTE, i);
        }
        long[] places = new long[count];
        int next = 0;
        for (long i = 0; next < count; i++) {
            if (elements.get(ValueLayout.JAVA_BYTE, i) != 0) {
                places[next++] = i;
            }
        }
        return places;
    }

    /** Throws where the values of {@code tensor} cannot be read. */
    static void requireValues(String operation, Tensor tensor) {
        if (Tracer.current() != null || !(tensor.payload() instanceof Stored)) {
            throw new IllegalStateException(
                    ErrorPrefix.of(operation)
                            + ": the shape of the result depends on the values of "
                            + tensor.type()
                            + ", which are not known while a program is traced; call it outside of"
                            + " the program, or use a select over all elements instead");
        }
    }
}
