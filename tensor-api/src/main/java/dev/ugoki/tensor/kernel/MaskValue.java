package dev.ugoki.tensor.kernel;

/** A condition while a kernel is being written; belongs to one {@link KernelBuilder}. */
public final class MaskValue {
    private final KernelBuilder kernel;
    private final int number;

    MaskValue(KernelBuilder kernel, int number) {
        this.kernel = kernel;
        this.number = number;
    }

    int number(KernelBuilder expected) {
        if (kernel != expected) {
            throw new IllegalArgumentException(
                    "a condition of one kernel cannot be used in another; load it there");
        }
        return number;
    }

    /** x where the condition holds, else y; both are computed. */
    public FloatValue select(FloatValue x, FloatValue y) {
        Instruction instruction =
                new Instruction.Select(number, x.number(kernel), y.number(kernel));
        return new FloatValue(kernel, kernel.add(instruction));
    }

    /** x where the condition holds, else y; both are computed. */
    public FloatValue select(float x, FloatValue y) {
        return select(kernel.constant(x), y);
    }

    /** x where the condition holds, else y; both are computed. */
    public IntValue select(IntValue x, IntValue y) {
        Instruction instruction =
                new Instruction.Select(number, x.number(kernel), y.number(kernel));
        return new IntValue(kernel, kernel.add(instruction));
    }
}
