package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.Prim;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * Group normalization of contiguous F32 tensors {@code [n, c, spatial..]}, and its gradient. A
 * group is a row for the kernels of layer normalization, with a weight for each of its elements;
 * these are laid out before, and their gradients are summed over positions afterwards.
 */
final class GroupNormRows implements AddressStep.Kernel {
    private static final long ELEMENTS_OF_A_TASK = 1 << 14;
    private static final int FORWARD_OPERANDS = 7;
    private static final int GRADIENT_OPERANDS = 8;

    private final boolean isGradient;
    private final float epsilon;
    private final long images;
    private final long groups;
    private final long channels;
    private final long positions;

    /** Elements of a row: the channels of a group, at all positions. */
    private final long columns;

    private final long blocks;
    private final long rowsOfTask;
    private final int partsOfGroup;
    private final long[][] tables;
    private final ThreadPool.Task task = this::runTask;
    private final ThreadPool.Task adding = this::addUp;
    private final RowTotals[] totals;

    /** Weights and biases, or their gradients, for each element of an image; and blocks' sums. */
    private long weights;

    private long biases;
    private long weightSums;
    private long biasSums;

    private GroupNormRows(boolean isGradient, double epsilon, int groups, Shape shape) {
        this.isGradient = isGradient;
        this.epsilon = (float) epsilon;
        this.groups = groups;
        images = shape.extent(0);
        channels = shape.extent(1);
        positions = shape.elementCount() / (images * channels);
        columns = channels / groups * positions;
        blocks = (images + Output.ROWS_PER_BLOCK - 1) / Output.ROWS_PER_BLOCK;
        long inBlocks = isGradient ? Output.ROWS_PER_BLOCK : 1;
        rowsOfTask = inBlocks * Math.max(1, ELEMENTS_OF_A_TASK / (columns * inBlocks));
        partsOfGroup = Math.toIntExact((images + rowsOfTask - 1) / rowsOfTask);
        tables = new long[groups][2 * (isGradient ? GRADIENT_OPERANDS : FORWARD_OPERANDS)];
        totals = new RowTotals[isGradient ? 2 * groups : 0];
        Arrays.setAll(totals, _ -> new RowTotals());
    }

    /** Whether {@link #of} has the operation, on tensors that are not empty. */
    static boolean has(Composite op, TensorType[] operands) {
        return switch (op) {
            case Normalization.GroupNorm norm ->
                    operands.length == 3 && fits(norm.groups(), operands[0].shape());
            case Normalization.GroupNormGradient gradient ->
                    gradient.affine() && fits(gradient.groups(), operands[0].shape());
            default -> false;
        };
    }

    private static boolean fits(int groups, Shape x) {
        // Types are not checked yet.
        return groups > 0 && x.rank() > 1 && !LongRows.are(x.elementCount() / x.extent(0) / groups);
    }

    /** For tensors of this shape. */
    static GroupNormRows of(Composite op, Shape shape) {
        return switch (op) {
            case Normalization.GroupNorm norm ->
                    new GroupNormRows(false, norm.epsilon(), norm.groups(), shape);
            case Normalization.GroupNormGradient gradient ->
                    new GroupNormRows(true, 0, gradient.groups(), shape);
            default -> throw new IllegalArgumentException(op.name() + " has no groups");
        };
    }

    private GeneratedKernel kernel() {
        return isGradient
                ? FusedKernels.OfRows.LAYER_NORM_GRADIENT
                : FusedKernels.OfRows.LAYER_NORM;
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return kernel().compileRows(columns);
    }

    @Override
    public void run(long[] in, long[] out) {
        long ofImage = 4 * groups * columns + NativeMemory.PADDING;
        long ofBlocks = isGradient ? 4 * groups * blocks * columns + NativeMemory.PADDING : 0;
        long memory = NativeMemory.allocate(2 * ofImage + 2 * ofBlocks + NativeMemory.PADDING);
        try {
            weights = memory + NativeMemory.PADDING;
            biases = weights + ofImage;
            weightSums = biases + ofImage;
            biasSums = weightSums + ofBlocks;
            NativeMemory.setFloat(memory, epsilon);
            spread(in[isGradient ? 4 : 1], weights);
            if (!isGradient) {
                spread(in[2], biases);
            }
            for (int group = 0; group < groups; group++) {
                lay(tables[group], group, in, out, memory);
            }
            ThreadPool.shared().parallelFor((int) groups * partsOfGroup, task);
            if (isGradient) {
                ThreadPool.shared().parallelFor(totals.length, adding);
                sumOverPositions(weights, out[1]);
                sumOverPositions(biases, out[2]);
            }
        } finally {
            NativeMemory.free(memory);
        }
    }

    /** A number for each channel becomes one for each of its positions. */
    private void spread(long from, long to) {
        for (long channel = 0; channel < channels; channel++) {
            float value = NativeMemory.getFloat(from + 4 * channel);
            long target = to + 4 * channel * positions;
            for (long position = 0; position < positions; position++) {
                NativeMemory.setFloat(target + 4 * position, value);
            }
        }
    }

    private void sumOverPositions(long from, long to) {
        FloatReductions.rows(Prim.Reduce.Kind.SUM, from, 0, channels, positions, to);
    }

    /** The operand table of a group. */
    private void lay(long[] table, int group, long[] in, long[] out, long epsilonAt) {
        long first = 4 * group * columns;
        long image = 4 * groups * columns;
        long sums = 4 * group * blocks * columns;
        int at = 0;
        at = put(table, at, in[0] + first, image);
        if (isGradient) {
            at = put(table, at, in[1] + first, image);
            at = put(table, at, weights + first, 0);
            at = put(table, at, in[2] + 4L * group, 4 * groups);
            at = put(table, at, in[3] + 4L * group, 4 * groups);
            at = put(table, at, out[0] + first, image);
            at = put(table, at, weightSums + sums, 4 * columns);
            put(table, at, biasSums + sums, 4 * columns);
        } else {
            at = put(table, at, weights + first, 0);
            at = put(table, at, biases + first, 0);
            at = put(table, at, epsilonAt, 0);
            at = put(table, at, out[0] + first, image);
            at = put(table, at, out[1] + 4L * group, 4 * groups);
            put(table, at, out[2] + 4L * group, 4 * groups);
        }
    }

    private static int put(long[] table, int at, long address, long distance) {
        table[at] = address;
        table[at + 1] = distance;
        return at + 2;
    }

    private void runTask(int index) {
        long[] table = tables[index / partsOfGroup];
        long begin = index % partsOfGroup * rowsOfTask;
        long end = Math.min(images, begin + rowsOfTask);
        GeneratedKernel kernel = kernel();
        kernel.runRows(table, begin, end, columns, Scratch.address(kernel.scratchBytes(columns)));
    }

    /** Adds up a group's sums over blocks of rows: those of the weight, or of the bias. */
    private void addUp(int index) {
        long group = index / 2;
        long from = (index % 2 == 0 ? weightSums : biasSums) + 4 * group * blocks * columns;
        long to = (index % 2 == 0 ? weights : biases) + 4 * group * columns;
        totals[index].run(from, blocks, columns, to);
    }
}
