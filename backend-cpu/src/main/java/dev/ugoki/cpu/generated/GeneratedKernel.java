package dev.ugoki.cpu.generated;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelInterpreter;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Output;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A kernel that can run: through generated code where that is compiled, through the interpreter
 * until then. Both give the same bits. Any number of threads may run it at once.
 *
 * <p>Operand tables are those of {@link Kernel}, with absolute addresses of memory that is alive
 * and has 64 readable bytes beyond its end. Lifetimes and bounds are the caller's affair.
 */
public final class GeneratedKernel {
    /** Not that of {@link Memory}, which wants the vector module: the interpreter does without. */
    @SuppressWarnings("restricted")
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private final Kernel kernel;
    private final KernelInterpreter interpreter;
    private final int tableLength;
    private final ScratchSize scratchSize;
    private final long flatScratchBytes;
    private final boolean sumsOverRows;
    private volatile @Nullable KernelCode flat;
    private volatile @Nullable KernelCode wholeVectors;
    private volatile @Nullable KernelCode withTail;
    private final AtomicReferenceArray<CompletableFuture<Boolean>> compilations =
            new AtomicReferenceArray<>(LoopShape.values().length);

    /** How many operations were interpreted, about: threads may lose some of each other's. */
    private long interpreted;

    GeneratedKernel(Kernel kernel) {
        this.kernel = kernel;
        this.interpreter = new KernelInterpreter(kernel);
        this.scratchSize = BlockCodes.isUsable() ? ScratchSize.of(kernel) : ScratchSize.NONE;
        this.tableLength = 2 * kernel.tableSize();
        this.flatScratchBytes = scratchSize.ofFlat();
        this.sumsOverRows =
                kernel.outputs().stream().anyMatch(o -> o.layout() == Layout.PER_COLUMN);
    }

    /** What this computes. */
    public Kernel kernel() {
        return kernel;
    }

    /** Bytes of scratch memory, 64-byte aligned, that each thread needs for rows of this length. */
    public long scratchBytes(long columns) {
        return scratchSize.ofRows(columns);
    }

    /** The same for {@link #runFlat}; 0 for all but very long kernels. */
    public long flatScratchBytes() {
        return flatScratchBytes;
    }

    /**
     * Runs rows {@code begin} to {@code end} (exclusive).
     *
     * @param operands the operand table
     * @param columns the number of columns, less than 2^31
     * @param scratch the address of {@link #scratchBytes} bytes that no other thread uses meanwhile
     * @throws IllegalArgumentException if the kernel sums over rows and {@code begin} is not a
     *     multiple of {@link Output#ROWS_PER_BLOCK}, or the table's length is wrong
     */
    public void runRows(long[] operands, long begin, long end, long columns, long scratch) {
        checkTable(operands);
        if (sumsOverRows && begin % Output.ROWS_PER_BLOCK != 0) {
            throw new IllegalArgumentException(
                    "kernel that sums over rows: first row %d must be a multiple of %d"
                            .formatted(begin, Output.ROWS_PER_BLOCK));
        }
        LoopShape shape = LoopShape.ofColumns(columns);
        KernelCode code = shape == LoopShape.WHOLE_VECTORS ? wholeVectors : withTail;
        if (code != null) {
            code.run(operands, begin, end, columns, scratch);
        } else {
            compile(shape);
            interpreted += (end - begin) * columns * kernel.instructions().size();
            interpreter.run(ALL, operands, begin, end, columns);
        }
    }

    /**
     * Runs elements {@code begin} to {@code end} of a flat kernel ({@link Kernel#isFlat}) over
     * contiguous operands. Up to the next multiple of 64 bytes, what follows {@code end} may be
     * overwritten: it must be padding.
     *
     * @param begin a multiple of 16
     * @param scratch the address of {@link #flatScratchBytes} bytes that no other thread uses
     *     meanwhile
     * @throws IllegalArgumentException if the kernel is not flat, {@code begin} not a multiple of
     *     16, or the table's length wrong
     */
    public void runFlat(long[] operands, long begin, long end, long scratch) {
        checkTable(operands);
        if (begin % 16 != 0) {
            throw new IllegalArgumentException(
                    "flat kernel: first element " + begin + " must be a multiple of 16");
        }
        KernelCode code = flat;
        if (code != null) {
            code.run(operands, begin, end, 0, scratch);
        } else {
            compile(LoopShape.FLAT);
            interpreted += (end - begin) * kernel.instructions().size();
            interpreter.runFlat(ALL, operands, begin, end);
        }
    }

    private void checkTable(long[] operands) {
        if (operands.length != tableLength) {
            throw new IllegalArgumentException(
                    "operand table has %d entries; %d inputs and %d outputs need %d"
                            .formatted(
                                    operands.length,
                                    kernel.operands().size(),
                                    kernel.outputs().size(),
                                    tableLength));
        }
    }

    /** Generates and warms the flat form in the background; true when it is in use. */
    public CompletableFuture<Boolean> compileFlat() {
        return compile(LoopShape.FLAT);
    }

    /** Generates and warms the form for this number of columns; true when it is in use. */
    public CompletableFuture<Boolean> compileRows(long columns) {
        return compile(LoopShape.ofColumns(columns));
    }

    private CompletableFuture<Boolean> compile(LoopShape shape) {
        CompletableFuture<Boolean> running = compilations.get(shape.ordinal());
        if (running != null) {
            return running;
        }
        if (shape == LoopShape.FLAT && !kernel.isFlat()) {
            throw new IllegalArgumentException("kernel is not flat: run it by rows\n" + kernel);
        }
        synchronized (compilations) {
            CompletableFuture<Boolean> begun = compilations.get(shape.ordinal());
            if (begun == null) {
                begun = BlockCodes.isUsable() ? request(shape) : completedFuture(false);
                compilations.set(shape.ordinal(), begun);
            }
            return begun;
        }
    }

    private CompletableFuture<Boolean> request(LoopShape shape) {
        return CodeQueue.request(
                new CodeQueue.Recipe<>(
                        "kernel\n" + kernel,
                        () -> KernelClass.define(kernel, shape, VectorWidth.PREFERRED),
                        (code, arena) -> WarmUp.exercise(kernel, code, shape, arena)),
                () -> interpreted,
                code -> use(shape, code));
    }

    private void use(LoopShape shape, KernelCode code) {
        switch (shape) {
            case FLAT -> flat = code;
            case WHOLE_VECTORS -> wholeVectors = code;
            case WITH_TAIL -> withTail = code;
        }
    }
}
