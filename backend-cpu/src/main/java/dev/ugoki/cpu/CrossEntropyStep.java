package dev.ugoki.cpu;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;

/** The cross-entropy of F32 scores and its gradient, ready to run. */
final class CrossEntropyStep implements Prepared {
    private final CrossEntropyRows all;
    private final boolean isGradient;
    private final Slot[] in;
    private final Slot[] out;

    private CrossEntropyStep(CrossEntropyRows all, boolean isGradient, Slot[] in, Slot[] out) {
        this.all = all;
        this.isGradient = isGradient;
        this.in = in;
        this.out = out;
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Composite op, Slot[] in, Slot[] out) {
        for (Slot operand : in) {
            if (!operand.isContiguous() || operand.elementCount() == 0) {
                return null;
            }
        }
        for (int i = 0; i < in.length; i++) {
            if (i != 1 && in[i].dtype() != DType.F32) {
                return null;
            }
        }
        return switch (op) {
            case Likelihood.CrossEntropy loss ->
                    new CrossEntropyStep(
                            FusedKernels.crossEntropy(
                                    in[0].elementCount(),
                                    in[1].type(),
                                    loss.labelSmoothing(),
                                    loss.ignoredTarget()),
                            false,
                            in,
                            out);
            case Likelihood.CrossEntropyGradient loss ->
                    new CrossEntropyStep(
                            FusedKernels.crossEntropy(
                                    in[0].elementCount(),
                                    in[1].type(),
                                    loss.labelSmoothing(),
                                    loss.ignoredTarget()),
                            true,
                            in,
                            out);
            default -> null;
        };
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return all.ready(isGradient);
    }

    @Override
    public void run() {
        if (isGradient) {
            all.gradient(
                    in[0].address(),
                    in[1].address(),
                    in[2].address(),
                    in[3].address(),
                    in[4].address(),
                    out[0].address());
        } else {
            all.forward(
                    in[0].address(),
                    in[1].address(),
                    out[0].address(),
                    out[1].address(),
                    out[2].address());
        }
    }
}
