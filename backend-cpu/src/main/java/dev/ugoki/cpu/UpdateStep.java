package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;

/**
 * An optimizer's step on F32, ready to run: a flat kernel over tensors with a few scalars. What it
 * writes may be part of a larger tensor, so the elements after the last whole vector go through
 * memory of their own.
 */
final class UpdateStep implements Prepared {
    private static final long LINE = FusedKernels.LINE;
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;

    private final Composite op;
    private final Slot[] in;
    private final Slot[] out;
    private final int tensors;
    private final double[] settings;
    private final GeneratedKernel kernel;
    private final long[] addresses;
    private final long[] whole;
    private final long[] edge;
    private final long count;
    private final ThreadPool.Task task = this::runTask;

    private UpdateStep(Composite op, Slot[] in, Slot[] out, int tensors, int settingCount) {
        this.op = op;
        this.in = in;
        this.out = out;
        this.tensors = tensors;
        settings = new double[settingCount];
        kernel = FusedKernels.flat(op);
        addresses = new long[in.length];
        whole = new long[2 * (tensors + settingCount + out.length)];
        edge = new long[whole.length];
        long elements = out[0].elementCount();
        count = elements - elements % (LINE / Float.BYTES);
    }

    /** The step; null where there is none. */
    static @Nullable Prepared of(Composite op, Slot[] in, Slot[] out) {
        boolean average = op instanceof OptimizerStep.MovingAverageStep;
        boolean adam =
                op instanceof OptimizerStep.AdamStep || op instanceof OptimizerStep.AdamWStep;
        if (!average && !adam) {
            return null;
        }
        int tensors = average ? FusedKernels.TENSORS_OF_AVERAGE : FusedKernels.TENSORS_OF_ADAM;
        for (int i = 0; i < in.length; i++) {
            boolean fits = in[i].isContiguous() && (i >= tensors || in[i].dtype() == DType.F32);
            if (!fits || in[i].elementCount() == 0) {
                return null;
            }
        }
        int count = average ? FusedKernels.SETTINGS_OF_AVERAGE : FusedKernels.SETTINGS_OF_ADAM;
        return new UpdateStep(op, in, out, tensors, count);
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return kernel.compileFlat();
    }

    @Override
    public void run() {
        for (int i = 0; i < in.length; i++) {
            addresses[i] = in[i].address();
        }
        if (op instanceof OptimizerStep.MovingAverageStep) {
            FusedKernels.settingsOfAverage(addresses, settings);
        } else {
            FusedKernels.settingsOfAdam(op, addresses, settings);
        }
        int entries = whole.length / 2;
        long memory = NativeMemory.allocate(LINE * entries);
        try {
            lay(memory, entries);
            if (count <= ELEMENTS_OF_A_TASK) {
                runTask(0);
            } else {
                int tasks = (int) ((count + ELEMENTS_OF_A_TASK - 1) / ELEMENTS_OF_A_TASK);
                ThreadPool.shared().parallelFor(tasks, task);
            }
            runEdge();
        } finally {
            NativeMemory.free(memory);
        }
    }

    private void lay(long memory, int entries) {
        int inputs = tensors + settings.length;
        for (int i = 0; i < entries; i++) {
            edge[2 * i] = memory + LINE * i;
            if (i < tensors) {
                whole[2 * i] = addresses[i];
            } else if (i < inputs) {
                whole[2 * i] = edge[2 * i];
                NativeMemory.setFloat(edge[2 * i], (float) settings[i - tensors]);
            } else {
                whole[2 * i] = out[i - inputs].address();
            }
        }
    }

    private void runTask(int index) {
        long begin = index * ELEMENTS_OF_A_TASK;
        long end = Math.min(count, begin + ELEMENTS_OF_A_TASK);
        if (end > begin) {
            kernel.runFlat(whole, begin, end, scratch());
        }
    }

    private long scratch() {
        long bytes = kernel.flatScratchBytes();
        return bytes == 0 ? 0 : Scratch.address(bytes);
    }

    private void runEdge() {
        long rest = out[0].elementCount() - count;
        if (rest == 0) {
            return;
        }
        long done = 4 * count;
        for (int i = 0; i < tensors; i++) {
            NativeMemory.copy(addresses[i] + done, edge[2 * i], 4 * rest);
        }
        kernel.runFlat(edge, 0, rest, scratch());
        int inputs = tensors + settings.length;
        for (int i = 0; i < out.length; i++) {
            NativeMemory.copy(edge[2 * (inputs + i)], out[i].address() + done, 4 * rest);
        }
    }
}
