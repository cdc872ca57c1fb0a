package dev.ugoki.cpu;

import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import java.util.concurrent.CompletableFuture;

/** A kernel that is given the addresses of contiguous operands and results, ready to run. */
final class AddressStep implements Prepared {
    /** Such a kernel, for tensors of certain shapes; one thread at a time may use it. */
    interface Kernel {
        /** Runs it on what lies at these addresses. */
        void run(long[] operands, long[] results);

        /** See {@link Prepared#ready}. */
        CompletableFuture<Boolean> ready();
    }

    private final Kernel kernel;
    private final Slot[] in;
    private final Slot[] out;
    private final long[] operands;
    private final long[] results;

    AddressStep(Kernel kernel, Slot[] in, Slot[] out) {
        this.kernel = kernel;
        this.in = in;
        this.out = out;
        operands = new long[in.length];
        results = new long[out.length];
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return kernel.ready();
    }

    @Override
    public void run() {
        for (int i = 0; i < in.length; i++) {
            operands[i] = in[i].address();
        }
        for (int i = 0; i < out.length; i++) {
            results[i] = out[i].address();
        }
        kernel.run(operands, results);
    }
}
