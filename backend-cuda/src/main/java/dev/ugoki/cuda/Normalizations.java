package dev.ugoki.cuda;

import dev.ugoki.cuda.NestWriter.Grouped;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.kernel.RowKernels;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Normalizations over rows and over groups of channels, with a weight (and bias), in F32, F16 and
 * BF16. A group of channels is a row like any other; only its weights are found otherwise. The
 * statistics are F32, whatever x is.
 */
final class Normalizations {
    static final KernelBatch BATCH =
            new KernelBatch("normalizations", "conversions", "reductions", "nests");

    private static final DType WIDE = DType.F32;
    private static final Map<DType, KernelCode> LAYER_NORM =
            each(
                    "layer_norm",
                    RowKernels.layerNorm(),
                    t -> List.of(t, t, t, WIDE),
                    t -> List.of(t, WIDE, WIDE));
    private static final Map<DType, KernelCode> LAYER_NORM_GRADIENT =
            each(
                    "layer_norm_gradient",
                    RowKernels.layerNormGradient(),
                    t -> List.of(t, t, t, WIDE, WIDE),
                    t -> List.of(t, WIDE, WIDE));
    private static final Map<DType, KernelCode> RMS_NORM =
            each("rms_norm", RowKernels.rmsNorm(), t -> List.of(t, t, WIDE), t -> List.of(t, WIDE));
    private static final Map<DType, KernelCode> RMS_NORM_GRADIENT =
            each(
                    "rms_norm_gradient",
                    RowKernels.rmsNormGradient(),
                    t -> List.of(t, t, t, WIDE),
                    t -> List.of(t, WIDE));
    private static final Map<DType, KernelCode> GROUP_NORM =
            grouped(
                    "group_norm",
                    RowKernels.layerNorm(),
                    t -> List.of(t, t, t, WIDE),
                    t -> List.of(t, WIDE, WIDE),
                    Map.of(1, Grouped.CHANNEL_OF_GROUP, 2, Grouped.CHANNEL_OF_GROUP));
    private static final Map<DType, KernelCode> GROUP_NORM_GRADIENT =
            grouped(
                    "group_norm_gradient",
                    RowKernels.normGradient(),
                    t -> List.of(t, t, t, WIDE, WIDE),
                    t -> List.of(t),
                    Map.of(2, Grouped.CHANNEL_OF_GROUP));
    private static final Map<DType, KernelCode> CHANNEL_GRADIENTS =
            grouped(
                    "channel_gradients",
                    RowKernels.channelGradients(),
                    t -> List.of(t, t, WIDE, WIDE),
                    _ -> List.of(WIDE, WIDE),
                    Map.of(2, Grouped.GROUP_OF_CHANNEL, 3, Grouped.GROUP_OF_CHANNEL));
    private static final KernelCode SUM_OVER_ROWS =
            BATCH.addText(
                    "sum_over_rows",
                    NestWriter.write(
                            "sum_over_rows",
                            RowKernels.sumOverRows(),
                            List.of(WIDE),
                            List.of(WIDE)));

    private Normalizations() {}

    private static Map<DType, KernelCode> each(
            String name,
            Kernel kernel,
            Function<DType, List<DType>> inputs,
            Function<DType, List<DType>> outputs) {
        return Fused.each(
                BATCH,
                name,
                inputs,
                outputs,
                (full, in, out) -> NestWriter.write(full, kernel, in, out));
    }

    private static Map<DType, KernelCode> grouped(
            String name,
            Kernel kernel,
            Function<DType, List<DType>> inputs,
            Function<DType, List<DType>> outputs,
            Map<Integer, Grouped> places) {
        return Fused.each(
                BATCH,
                name,
                inputs,
                outputs,
                (full, in, out) -> NestWriter.writeGrouped(full, kernel, in, out, places));
    }

    /** Whether there is a kernel for operands that are not empty and of one of the dtypes. */
    static boolean has(Normalization op, TensorType[] operands) {
        return switch (op) {
            case Normalization.LayerNorm _ -> operands.length == 3;
            case Normalization.LayerNormGradient gradient -> gradient.affine();
            case Normalization.GroupNorm _ -> operands.length == 3 && isCountable(operands[0]);
            case Normalization.GroupNormGradient gradient ->
                    gradient.affine() && isCountable(operands[0]);
            case Normalization.RmsNorm _ -> operands.length == 2;
            case Normalization.RmsNormGradient gradient -> gradient.affine();
            case Normalization.BatchNorm _,
                    Normalization.BatchNormGradient _,
                    Normalization.BatchNormInference _ ->
                    false;
        };
    }

    /** Whether 32 bits count the elements of a group. */
    private static boolean isCountable(TensorType x) {
        return x.shape().elementCount() <= Integer.MAX_VALUE;
    }

    /** Runs it on operands that are contiguous. */
    static void run(Gpu gpu, Gpu.Scratch scratch, Normalization op, Stored[] in, Stored[] out) {
        switch (op) {
            case Normalization.LayerNorm norm -> layerNorm(gpu, norm, in, out);
            case Normalization.LayerNormGradient _ -> layerNormGradient(gpu, scratch, in, out);
            case Normalization.RmsNorm norm -> rmsNorm(gpu, norm, in, out);
            case Normalization.RmsNormGradient _ -> rmsNormGradient(gpu, scratch, in, out);
            case Normalization.GroupNorm norm -> groupNorm(gpu, norm, in, out);
            case Normalization.GroupNormGradient gradient ->
                    groupNormGradient(gpu, scratch, gradient, in, out);
            case Normalization.BatchNorm _,
                    Normalization.BatchNormGradient _,
                    Normalization.BatchNormInference _ ->
                    throw new IllegalStateException(op.name() + " has no kernel");
        }
    }

    private static void layerNorm(Gpu gpu, Normalization.LayerNorm op, Stored[] in, Stored[] out) {
        long columns = in[1].elementCount();
        new NestCall(out[0].elementCount() / columns, columns)
                .add(in[0], columns)
                .add(in[1], 0)
                .add(in[2], 0)
                .add(gpu.constant((float) op.epsilon()), 0)
                .add(out[0], columns)
                .add(out[1], 1)
                .add(out[2], 1)
                .launchRows(gpu, Fused.require(LAYER_NORM.get(out[0].dtype())));
    }

    private static void layerNormGradient(Gpu gpu, Gpu.Scratch scratch, Stored[] in, Stored[] out) {
        long columns = in[4].elementCount();
        long rows = out[0].elementCount() / columns;
        Stored weight = sums(scratch, rows, columns);
        Stored bias = sums(scratch, rows, columns);
        new NestCall(rows, columns)
                .add(in[0], columns)
                .add(in[1], columns)
                .add(in[4], 0)
                .add(in[2], 1)
                .add(in[3], 1)
                .add(out[0], columns)
                .add(weight, columns)
                .add(bias, columns)
                .launchSums(gpu, Fused.require(LAYER_NORM_GRADIENT.get(out[0].dtype())));
        total(gpu, scratch, weight, out[1]);
        total(gpu, scratch, bias, out[2]);
    }

    private static void rmsNorm(Gpu gpu, Normalization.RmsNorm op, Stored[] in, Stored[] out) {
        long columns = in[1].elementCount();
        new NestCall(out[0].elementCount() / columns, columns)
                .add(in[0], columns)
                .add(in[1], 0)
                .add(gpu.constant((float) op.epsilon()), 0)
                .add(out[0], columns)
                .add(out[1], 1)
                .launchRows(gpu, Fused.require(RMS_NORM.get(out[0].dtype())));
    }

    private static void rmsNormGradient(Gpu gpu, Gpu.Scratch scratch, Stored[] in, Stored[] out) {
        long columns = in[3].elementCount();
        long rows = out[0].elementCount() / columns;
        Stored weight = sums(scratch, rows, columns);
        new NestCall(rows, columns)
                .add(in[0], columns)
                .add(in[1], columns)
                .add(in[3], 0)
                .add(in[2], 1)
                .add(out[0], columns)
                .add(weight, columns)
                .launchSums(gpu, Fused.require(RMS_NORM_GRADIENT.get(out[0].dtype())));
        total(gpu, scratch, weight, out[1]);
    }

    private static void groupNorm(Gpu gpu, Normalization.GroupNorm op, Stored[] in, Stored[] out) {
        Groups groups = Groups.of(in[0], op.groups());
        groups.rows()
                .add(in[0], groups.columns())
                .add(in[1], 0)
                .add(in[2], 0)
                .add(gpu.constant((float) op.epsilon()), 0)
                .add(out[0], groups.columns())
                .add(out[1], 1)
                .add(out[2], 1)
                .launchRows(gpu, Fused.require(GROUP_NORM.get(out[0].dtype())));
    }

    private static void groupNormGradient(
            Gpu gpu,
            Gpu.Scratch scratch,
            Normalization.GroupNormGradient op,
            Stored[] in,
            Stored[] out) {
        DType dtype = out[0].dtype();
        Groups groups = Groups.of(in[1], op.groups());
        groups.rows()
                .add(in[0], groups.columns())
                .add(in[1], groups.columns())
                .add(in[4], 0)
                .add(in[2], 1)
                .add(in[3], 1)
                .add(out[0], groups.columns())
                .launchRows(gpu, Fused.require(GROUP_NORM_GRADIENT.get(dtype)));
        long channels = groups.groups() * groups.channels();
        Stored weight = scratch.allocate(WIDE, groups.images(), channels);
        Stored bias = scratch.allocate(WIDE, groups.images(), channels);
        new NestCall(groups.images() * channels, groups.inner())
                .add(in[0], groups.inner())
                .add(in[1], groups.inner())
                .add(in[2], 0)
                .add(in[3], 0)
                .add(weight, 1)
                .add(bias, 1)
                .grouped(groups.groups(), groups.channels(), groups.inner())
                .launchRows(gpu, Fused.require(CHANNEL_GRADIENTS.get(dtype)));
        total(gpu, scratch, weight, out[1]);
        total(gpu, scratch, bias, out[2]);
    }

    /**
     * How channels lie in groups.
     *
     * @param channels of a group
     * @param inner elements of a channel
     */
    private record Groups(long images, long groups, long channels, long inner) {
        static Groups of(Stored x, int groups) {
            long images = x.shape().extent(0);
            long channels = x.shape().extent(1);
            return new Groups(
                    images, groups, channels / groups, x.elementCount() / images / channels);
        }

        long columns() {
            return channels * inner;
        }

        /** A row for each group of each image. */
        NestCall rows() {
            return new NestCall(images * groups, columns()).grouped(groups, channels, inner);
        }
    }

    /** A row for the sum over each block of rows. */
    private static Stored sums(Gpu.Scratch scratch, long rows, long columns) {
        return scratch.allocate(WIDE, Math.ceilDiv(rows, Output.ROWS_PER_BLOCK), columns);
    }

    /** The sum over all rows, by as many passes as it takes. */
    private static void total(Gpu gpu, Gpu.Scratch scratch, Stored sums, Stored out) {
        Stored from = sums;
        for (long rows = sums.shape().extent(0);
                rows > 1;
                rows = Math.ceilDiv(rows, Output.ROWS_PER_BLOCK)) {
            long columns = sums.shape().extent(1);
            Stored to = sums(scratch, rows, columns);
            new NestCall(rows, columns)
                    .add(from, columns)
                    .add(to, columns)
                    .launchSums(gpu, SUM_OVER_ROWS);
            from = to;
        }
        Stored one = new Stored(from.storage(), out.type().withDType(WIDE));
        Elementwise.cast(gpu, one, out);
    }
}
