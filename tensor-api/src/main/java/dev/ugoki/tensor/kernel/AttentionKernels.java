package dev.ugoki.tensor.kernel;

import static dev.ugoki.tensor.kernel.ElementaryFunctions.expUpTo60;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.log;

/**
 * What attention in blocks computes between its products. A block of scores has a row for each key
 * and a column for each query; all operands are F32.
 */
public final class AttentionKernels {
    private AttentionKernels() {}

    /**
     * The greatest score of each query so far, flat. Inputs: the greatest before, the block's
     * greatest. Outputs: the greatest of both; the same, but 0 for minus infinity: what is
     * subtracted from scores; and e^(before - subtracted), by which earlier sums shrink.
     */
    public static Kernel maximum() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue before = kernel.input(Layout.FULL);
        FloatValue ofBlock = kernel.input(Layout.FULL);
        FloatValue greatest = ofBlock.greaterThan(before).select(ofBlock, before);
        FloatValue subtracted =
                greatest.equalTo(Float.NEGATIVE_INFINITY).select(kernel.constant(0f), greatest);
        return kernel.output(greatest)
                .output(subtracted)
                .output(expUpTo60(before.minus(subtracted)))
                .build();
    }

    /**
     * Inputs: scores full, what is subtracted per column. Outputs: e^(score - subtracted) full, and
     * their sums over rows.
     */
    public static Kernel exponentials() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue scores = kernel.input(Layout.FULL);
        FloatValue subtracted = kernel.input(Layout.PER_COLUMN);
        FloatValue e = expUpTo60(scores.minus(subtracted));
        return kernel.output(e).outputSumOverRows(e).build();
    }

    /**
     * Flat. Inputs: sums of exponentials, what was subtracted. Outputs: 1 / sum and ln(sum) +
     * subtracted; both 0 for a sum of 0.
     */
    public static Kernel logSum() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue sum = kernel.input(Layout.FULL);
        FloatValue subtracted = kernel.input(Layout.FULL);
        FloatValue zero = kernel.constant(0f);
        MaskValue nothing = sum.equalTo(0f);
        return kernel.output(nothing.select(zero, kernel.constant(1f).over(sum)))
                .output(nothing.select(zero, log(sum).plus(subtracted)))
                .build();
    }

    /** Inputs: x full, factor per row. Output: x factor full. */
    public static Kernel scaledRows() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        return kernel.output(x.times(kernel.input(Layout.PER_ROW))).build();
    }

    /** Inputs: x full, y full. Output: sum(x y) per row. */
    public static Kernel rowProducts() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue y = kernel.input(Layout.FULL);
        return kernel.outputPerRow(x.times(y).sumOverColumns()).build();
    }

    /**
     * Inputs: scores full, gradients of weights full, logarithms per column, sum(weight gradient)
     * per column. Outputs: weights e^(score - logarithm) full, and weight (gradient - sum) full,
     * the gradients of scores.
     */
    public static Kernel scoreGradients() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue scores = kernel.input(Layout.FULL);
        FloatValue gradients = kernel.input(Layout.FULL);
        FloatValue logarithms = kernel.input(Layout.PER_COLUMN);
        FloatValue sums = kernel.input(Layout.PER_COLUMN);
        FloatValue weights = expUpTo60(scores.minus(logarithms));
        return kernel.output(weights).output(weights.times(gradients.minus(sums))).build();
    }
}
