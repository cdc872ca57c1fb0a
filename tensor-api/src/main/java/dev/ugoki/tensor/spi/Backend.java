package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/**
 * One device's memory and kernels: what the maker of an accelerator implements.
 *
 * <p>Types and shapes have been checked before a backend is called, operands and results are
 * pinned, and results never overlap operands unless the operation declares it ({@link
 * Op#overwrites}). Implementations are safe for use by many threads.
 */
public interface Backend {
    Device device();

    /** The pool that the device's tensors come from. */
    MemoryPool memory();

    /**
     * Whether there is a kernel for {@code op} on operands of these types; answers fast. Primitives
     * must be {@link Support.Native}, but for those of the {@linkplain
     * dev.ugoki.tensor.op.Prim#isOptional optional tier}, which may be {@link Support.Unsupported}.
     */
    Support supports(Op op, TensorType... operands);

    /**
     * Runs an operation that {@link #supports} called native. Views (reshape without a copy,
     * permute, expand, slice), copyTo and loop never come here.
     *
     * <p>Where a matrix is singular or not positive definite, throws {@link
     * dev.ugoki.tensor.LinearAlgebraException}, here or at the latest in {@link #synchronize}.
     *
     * @param operands strided in any way
     * @param results contiguous; to be filled wholly
     */
    void execute(Op op, Stored[] operands, Stored[] results);

    /**
     * Makes ready to run an operation that {@link #supports} called native again and again, on
     * operands and results whose layouts never change, though their memory may. What it gives
     * computes the bits that {@link #execute} does, is used by one thread at a time, and should not
     * allocate.
     *
     * @param operands strided in any way
     * @param results contiguous; they overlap operands only where {@link Op#overwrites} declares it
     */
    default Prepared prepare(Op op, Slot[] operands, Slot[] results) {
        return Prepared.ofExecute(this, op, operands, results);
    }

    /**
     * Whether {@link #execute} would first copy operand {@code number}, which is not contiguous,
     * into row-major order: then a plan does, into memory that it has planned.
     */
    default boolean wantsContiguous(Op op, int number, Stored... operands) {
        return false;
    }

    /**
     * Whether {@link #execute} would make F32 of operands of F16 and BF16, compute with these, and
     * round the results: then a plan casts, with memory that it has planned, and runs the operation
     * in F32. The bits must be the same.
     */
    default boolean widens(Op op, Stored... operands) {
        return false;
    }

    /**
     * The function of single elements that {@link #execute} applies for {@code op}, as a kernel
     * whose operands and results are all {@link dev.ugoki.tensor.kernel.Layout#FULL} and have one
     * shape; null where there is none. A plan joins such kernels and gives the result to {@link
     * #prepare(Kernel, Slot[], Slot[])}.
     */
    default @Nullable Kernel pointwise(Op op, TensorType... operands) {
        return null;
    }

    /**
     * Makes ready to run a kernel that a plan has joined of several from {@link #pointwise}.
     *
     * @param operands one for each input of the kernel: of one shape, strided in any way
     * @param results contiguous, of the operands' shape; one may have the memory of an operand that
     *     is contiguous too
     */
    default Prepared prepare(Kernel kernel, Slot[] operands, Slot[] results) {
        throw new UnsupportedOperationException(device() + ": has no pointwise kernels");
    }

    /**
     * Whether {@link #prepare(Kernel, RowReduction, Slot[], Slot[])} can make {@code op} part of a
     * joined kernel, with the bits that {@link #execute} gives on such an operand.
     *
     * @param operand contiguous; the last of its dimensions are reduced
     */
    default boolean reducesWithin(Prim.Reduce op, TensorType operand) {
        return false;
    }

    /**
     * Makes ready to run a joined kernel and a reduction of one of its outputs.
     *
     * @param operands at least one; as for {@link #prepare(Kernel, Slot[], Slot[])}
     * @param results contiguous: one for each of the kernel's outputs, but for the reduced one
     *     where that is the last and not stored, in the operands' shape; then that of the reduction
     */
    default Prepared prepare(
            Kernel kernel, RowReduction reduction, Slot[] operands, Slot[] results) {
        throw new UnsupportedOperationException(device() + ": reduces nothing within kernels");
    }

    /**
     * Whether {@link #prepare(Op, Slot[], Ending)} can make a joined kernel part of this product,
     * with the bits that {@link #execute} and the kernel give one after the other.
     *
     * @param operands the product's
     */
    default boolean ends(Op op, Stored... operands) {
        return false;
    }

    /**
     * Makes ready to run a product and a joined kernel over its elements.
     *
     * @param operands the product's
     */
    default Prepared prepare(Op op, Slot[] operands, Ending ending) {
        throw new UnsupportedOperationException(device() + ": ends no product in a kernel");
    }

    /**
     * Whether a plan keeps the results of steps that read captured tensors alone, and computes them
     * again when one of these has changed. Else all steps run each time.
     */
    default boolean keepsResults() {
        return false;
    }

    /**
     * All steps of a plan as one thing to run. What {@code steps} runs is the same each time, on
     * the same memory until {@link Repetition#moved} is called.
     */
    default Repetition repetition(Runnable steps) {
        return Repetition.of(steps);
    }

    /** Copies row-major little-endian elements from host memory into a contiguous view. */
    void upload(MemorySegment source, Stored destination);

    /** Copies a contiguous view into host memory as row-major little-endian elements. */
    void download(Stored source, MemorySegment destination);

    /** Waits until everything asked for so far is done. */
    void synchronize();

    /** Lines about the device, its libraries and settings, for {@code doctor}. */
    List<String> describe();

    /**
     * How many kernels that were asked for are still being compiled. Until then results are the
     * same, but slower. 0 where kernels need no compiling.
     */
    default int pendingKernels() {
        return 0;
    }

    /**
     * Asks for the kernels that most programs use, and waits until these, and all that were asked
     * for before, are ready. Never needed: a kernel is asked for at its first use.
     *
     * @param limit how long to wait at most; with {@link Duration#ZERO} they become ready beside
     *     what the program does next
     * @return whether all are ready
     */
    default boolean warmUp(Duration limit) {
        return true;
    }
}
