package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.RowKernels;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Normalization;

import java.util.concurrent.CompletableFuture;

/**
 * Batch normalization of contiguous F32 tensors {@code [n, c, spatial..]}, and its gradient. A task
 * makes a channel, whose rows are the images' positions, with all passes over it while it is in the
 * caches. Sums over the images are taken in F64.
 */
final class BatchNormChannels implements AddressStep.Kernel {
    /** Numbers that a channel's kernels are given, each in a line of its own. */
    private static final int NUMBERS = 4;

    private static final class Kernels {
        static final GeneratedKernel SUMS = GeneratedKernels.get(RowKernels.rowSums());
        static final GeneratedKernel SQUARES = GeneratedKernels.get(RowKernels.squaresAround());
        static final GeneratedKernel SCALED = GeneratedKernels.get(RowKernels.scaled());
        static final GeneratedKernel GRADIENT_SUMS =
                GeneratedKernels.get(RowKernels.sumsOfGradient());
        static final GeneratedKernel GRADIENT = GeneratedKernels.get(RowKernels.gradientAround());
    }

    /** Operand tables for {@link Kernels}. */
    private static final class Tables {
        final long[] sums = new long[4];
        final long[] squares = new long[6];
        final long[] scaled = new long[10];
        final long[] gradientSums = new long[10];
        final long[] gradient = new long[14];
    }

    private static final ThreadLocal<Tables> TABLES = ThreadLocal.withInitial(Tables::new);

    private final boolean isGradient;
    private final double epsilon;
    private final long images;
    private final int channels;
    private final long positions;
    private final ThreadPool.Task task = this::runChannel;
    private long[] in = new long[0];
    private long[] out = new long[0];

    private BatchNormChannels(boolean isGradient, double epsilon, Shape shape) {
        this.isGradient = isGradient;
        this.epsilon = epsilon;
        images = shape.extent(0);
        channels = Math.toIntExact(shape.extent(1));
        positions = shape.elementCount() / (images * channels);
    }

    /** Whether {@link #of} has the operation, on tensors that are not empty. */
    static boolean has(Composite op, TensorType[] operands) {
        return switch (op) {
            case Normalization.BatchNorm _ -> operands.length == 3 && fits(operands[0].shape());
            case Normalization.BatchNormGradient gradient ->
                    gradient.affine() && fits(operands[0].shape());
            default -> false;
        };
    }

    private static boolean fits(Shape x) {
        // Types are not checked yet.
        return x.rank() > 1 && !LongRows.are(x.elementCount() / x.extent(0) / x.extent(1));
    }

    /** For tensors of this shape. */
    static BatchNormChannels of(Composite op, Shape shape) {
        return switch (op) {
            case Normalization.BatchNorm norm ->
                    new BatchNormChannels(false, norm.epsilon(), shape);
            case Normalization.BatchNormGradient gradient ->
                    new BatchNormChannels(true, gradient.epsilon(), shape);
            default -> throw new IllegalArgumentException(op.name() + " is of no batch");
        };
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return isGradient
                ? both(Kernels.GRADIENT_SUMS, Kernels.GRADIENT)
                : both(Kernels.SUMS, Kernels.SQUARES)
                        .thenCombine(Kernels.SCALED.compileRows(positions), Boolean::logicalAnd);
    }

    private CompletableFuture<Boolean> both(GeneratedKernel first, GeneratedKernel second) {
        return first.compileRows(positions)
                .thenCombine(second.compileRows(positions), Boolean::logicalAnd);
    }

    @Override
    public void run(long[] operands, long[] results) {
        in = operands;
        out = results;
        ThreadPool.shared().parallelFor(channels, task);
    }

    private void runChannel(int channel) {
        long ofRows = (4 * images + NativeMemory.PADDING + 63) & -64;
        long scratch =
                Math.max(
                        Math.max(scratch(Kernels.SUMS), scratch(Kernels.SQUARES)),
                        Math.max(scratch(Kernels.GRADIENT_SUMS), scratch(Kernels.GRADIENT)));
        long numbers =
                Scratch.address(
                        NUMBERS * (long) NativeMemory.PADDING
                                + 2 * ofRows
                                + Math.max(scratch, scratch(Kernels.SCALED)));
        long sums = numbers + NUMBERS * (long) NativeMemory.PADDING;
        if (isGradient) {
            gradient(channel, numbers, sums, sums + ofRows, sums + 2 * ofRows);
        } else {
            forward(channel, numbers, sums, sums + 2 * ofRows);
        }
    }

    private long scratch(GeneratedKernel kernel) {
        return kernel.scratchBytes(positions);
    }

    private void forward(int channel, long numbers, long sums, long scratch) {
        long x = in[0] + 4 * channel * positions;
        long image = 4 * channels * positions;
        double count = (double) images * positions;
        Tables tables = TABLES.get();
        long[] table = tables.sums;
        lay(table, 0, x, image);
        lay(table, 1, sums, 4);
        run(Kernels.SUMS, table, scratch);
        float mean = (float) (total(sums) / count);
        long meanAt = set(numbers, 0, mean);
        table = tables.squares;
        lay(table, 0, x, image);
        lay(table, 1, meanAt, 0);
        lay(table, 2, sums, 4);
        run(Kernels.SQUARES, table, scratch);
        double variance = total(sums) / count;
        double weight = NativeMemory.getFloat(in[1] + 4L * channel);
        table = tables.scaled;
        lay(table, 0, x, image);
        lay(table, 1, meanAt, 0);
        lay(table, 2, set(numbers, 1, (float) (weight / Math.sqrt(variance + epsilon))), 0);
        lay(table, 3, in[2] + 4L * channel, 0);
        lay(table, 4, out[0] + 4 * channel * positions, image);
        run(Kernels.SCALED, table, scratch);
        NativeMemory.setFloat(out[1] + 4L * channel, mean);
        NativeMemory.setFloat(out[2] + 4L * channel, (float) variance);
    }

    private void gradient(int channel, long numbers, long sums, long others, long scratch) {
        long first = 4 * channel * positions;
        long image = 4 * channels * positions;
        double count = (double) images * positions;
        long meanAt = in[2] + 4L * channel;
        double variance = NativeMemory.getFloat(in[3] + 4L * channel);
        double inverse = 1 / Math.sqrt(variance + epsilon);
        double weight = NativeMemory.getFloat(in[4] + 4L * channel);
        Tables tables = TABLES.get();
        long[] table = tables.gradientSums;
        lay(table, 0, in[0] + first, image);
        lay(table, 1, in[1] + first, image);
        lay(table, 2, meanAt, 0);
        lay(table, 3, sums, 4);
        lay(table, 4, others, 4);
        run(Kernels.GRADIENT_SUMS, table, scratch);
        double product = total(sums);
        double sum = total(others);
        table = tables.gradient;
        lay(table, 0, in[0] + first, image);
        lay(table, 1, in[1] + first, image);
        lay(table, 2, meanAt, 0);
        lay(table, 3, set(numbers, 0, (float) (product * inverse * inverse / count)), 0);
        lay(table, 4, set(numbers, 1, (float) (sum / count)), 0);
        lay(table, 5, set(numbers, 2, (float) (weight * inverse)), 0);
        lay(table, 6, out[0] + first, image);
        run(Kernels.GRADIENT, table, scratch);
        NativeMemory.setFloat(out[1] + 4L * channel, (float) (product * inverse));
        NativeMemory.setFloat(out[2] + 4L * channel, (float) sum);
    }

    private static void lay(long[] table, int operand, long address, long distance) {
        table[2 * operand] = address;
        table[2 * operand + 1] = distance;
    }

    private static long set(long numbers, int place, float value) {
        long address = numbers + (long) NativeMemory.PADDING * place;
        NativeMemory.setFloat(address, value);
        return address;
    }

    private void run(GeneratedKernel kernel, long[] table, long scratch) {
        kernel.runRows(table, 0, images, positions, scratch);
    }

    /** The sum of the rows' sums. */
    private double total(long sums) {
        double total = 0;
        for (long image = 0; image < images; image++) {
            total += NativeMemory.getFloat(sums + 4 * image);
        }
        return total;
    }
}
