package dev.ugoki.cuda.driver;

/**
 * One kernel: a name, the structure that it takes, and its body in CUDA C. It belongs to the {@link
 * KernelBatch} that holds what the body calls.
 */
public final class KernelCode {
    private final KernelBatch batch;
    private final int number;
    private final String name;
    private final String text;

    KernelCode(KernelBatch batch, int number, String name, String text) {
        this.batch = batch;
        this.number = number;
        this.name = name;
        this.text = text;
    }

    /** Those that are compiled together on the emulated device. */
    public KernelBatch batch() {
        return batch;
    }

    /** A small number of its own, for tables. */
    public int number() {
        return number;
    }

    /** The function's name, unique in its batch. */
    public String name() {
        return name;
    }

    /** The definition of the function alone. */
    public String text() {
        return text;
    }

    /** All that NVRTC needs to compile this kernel and no other. */
    public String unit() {
        return batch.preamble() + text;
    }

    @Override
    public String toString() {
        return batch.name() + "/" + name;
    }
}
