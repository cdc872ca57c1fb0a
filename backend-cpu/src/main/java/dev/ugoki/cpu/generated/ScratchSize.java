package dev.ugoki.cpu.generated;

import dev.ugoki.tensor.kernel.Instruction;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Schedule;

/**
 * The scratch memory of generated code: rows of values that a pass keeps for later ones, and behind
 * them a vector for each reduction.
 *
 * @param keptRows values that are kept
 * @param reductions reductions of all passes
 */
record ScratchSize(int keptRows, int reductions) {
    /** Of what is never compiled. */
    static final ScratchSize NONE = new ScratchSize(0, 0);

    /** Of the code for this machine's vectors. */
    static ScratchSize of(Kernel kernel) {
        return of(kernel, Schedule.of(kernel, VectorWidth.PREFERRED.valuesPerPass()));
    }

    static ScratchSize of(Kernel kernel, Schedule schedule) {
        long reductions =
                kernel.instructions().stream().filter(i -> i instanceof Instruction.Reduce).count();
        return new ScratchSize(schedule.keptValues().size(), Math.toIntExact(reductions));
    }

    /** Bytes for rows of this length. */
    long ofRows(long columns) {
        return keptRows * ((4 * columns + 63) & -64) + 64L * reductions;
    }

    /** Bytes for a flat kernel of any length. */
    long ofFlat() {
        return 4L * KernelEmitter.FLAT_BLOCK * keptRows;
    }
}
