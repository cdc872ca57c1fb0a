package dev.ugoki.cpu.generated;

/** What a generated class implements. Bounds and lifetimes are the caller's affair. */
interface KernelCode {
    /**
     * Runs rows, or elements where the code is for {@link LoopShape#FLAT}.
     *
     * @param operands the operand table, as {@link dev.ugoki.tensor.kernel.Kernel} says, of
     *     absolute addresses
     * @param begin the first row; the first element, a multiple of 16
     * @param end after the last row; after the last element
     * @param columns the number of columns
     * @param scratch the address of memory for values kept between passes, 64-byte aligned
     */
    void run(long[] operands, long begin, long end, long columns, long scratch);
}
