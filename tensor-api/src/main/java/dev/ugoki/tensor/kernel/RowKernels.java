package dev.ugoki.tensor.kernel;

import static dev.ugoki.tensor.kernel.ElementaryFunctions.coarse;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.expOfDifference;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.expUpTo60;
import static dev.ugoki.tensor.kernel.ElementaryFunctions.log;

/**
 * Kernels over rows: normalizations and softmax, forward and backward. All operands are F32; "full"
 * means [rows, columns].
 */
public final class RowKernels {
    private RowKernels() {}

    /**
     * Layer normalization (Ba, Kiros and Hinton, 2016).
     *
     * <p>Inputs: x full, weight and bias per column, epsilon scalar. Outputs: y = (x - mean) * r *
     * weight + bias full; mean per row; r = 1 / sqrt(variance + epsilon) per row.
     */
    public static Kernel layerNorm() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue weight = kernel.input(Layout.PER_COLUMN);
        FloatValue bias = kernel.input(Layout.PER_COLUMN);
        FloatValue epsilon = kernel.input(Layout.SCALAR);
        FloatValue mean = x.meanOverColumns();
        FloatValue nearlyCentred = x.minus(mean);
        // The mean is rounded; what it is off by matters where it is much greater than the spread.
        FloatValue rest = nearlyCentred.meanOverColumns();
        FloatValue square = nearlyCentred.times(nearlyCentred).meanOverColumns();
        FloatValue variance = rest.negated().timesPlus(rest, square).raisedTo(0f);
        FloatValue inverse = kernel.constant(1f).over(variance.plus(epsilon).sqrt());
        FloatValue centred = nearlyCentred.minus(rest);
        return kernel.output(centred.times(inverse).timesPlus(weight, bias))
                .outputPerRow(mean.plus(rest))
                .outputPerRow(inverse)
                .build();
    }

    /**
     * The gradient of {@link #layerNorm}.
     *
     * <p>Inputs: dy full, x full, weight per column, mean and r per row. Outputs: dx full, dweight
     * and dbias as sums over rows. With n = (x - mean) r and g = dy weight: dx = r (g - mean(g) - n
     * mean(g n)), dweight = sum(dy n), dbias = sum(dy).
     */
    public static Kernel layerNormGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue weight = kernel.input(Layout.PER_COLUMN);
        FloatValue mean = kernel.input(Layout.PER_ROW);
        FloatValue inverse = kernel.input(Layout.PER_ROW);
        FloatValue normalized = x.minus(mean).times(inverse);
        return kernel.output(normGradient(dy, x, weight, mean, inverse))
                .outputSumOverRows(dy.times(normalized))
                .outputSumOverRows(dy)
                .build();
    }

    /**
     * The part of {@link #layerNormGradient} that belongs to x. Inputs as there. Output: dx full.
     */
    public static Kernel normGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue weight = kernel.input(Layout.PER_COLUMN);
        FloatValue mean = kernel.input(Layout.PER_ROW);
        FloatValue inverse = kernel.input(Layout.PER_ROW);
        return kernel.output(normGradient(dy, x, weight, mean, inverse)).build();
    }

    private static FloatValue normGradient(
            FloatValue dy, FloatValue x, FloatValue weight, FloatValue mean, FloatValue inverse) {
        FloatValue normalized = x.minus(mean).times(inverse);
        FloatValue g = dy.times(weight);
        FloatValue meanOfG = g.meanOverColumns();
        FloatValue meanOfProduct = g.times(normalized).meanOverColumns();
        return normalized.negated().timesPlus(meanOfProduct, g.minus(meanOfG)).times(inverse);
    }

    /**
     * What the weight and the bias of one channel owe to a row of it. Inputs: dy full, x full, mean
     * and r per row. Outputs per row: sum(dy (x - mean) r), sum(dy).
     */
    public static Kernel channelGradients() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue mean = kernel.input(Layout.PER_ROW);
        FloatValue inverse = kernel.input(Layout.PER_ROW);
        return kernel.outputPerRow(dy.times(x.minus(mean).times(inverse)).sumOverColumns())
                .outputPerRow(dy.sumOverColumns())
                .build();
    }

    /**
     * Root mean square normalization (Zhang and Sennrich, 2019).
     *
     * <p>Inputs: x full, weight per column, epsilon scalar. Outputs: y = x r weight full; r = 1 /
     * sqrt(mean(x^2) + epsilon) per row.
     */
    public static Kernel rmsNorm() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue weight = kernel.input(Layout.PER_COLUMN);
        FloatValue epsilon = kernel.input(Layout.SCALAR);
        FloatValue square = x.times(x).meanOverColumns();
        FloatValue inverse = kernel.constant(1f).over(square.plus(epsilon).sqrt());
        return kernel.output(x.times(inverse).times(weight)).outputPerRow(inverse).build();
    }

    /**
     * The gradient of {@link #rmsNorm}.
     *
     * <p>Inputs: dy full, x full, weight per column, r per row. Outputs: dx full, dweight as sums
     * over rows. With n = x r and g = dy weight: dx = r (g - n mean(g n)), dweight = sum(dy n).
     */
    public static Kernel rmsNormGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue weight = kernel.input(Layout.PER_COLUMN);
        FloatValue inverse = kernel.input(Layout.PER_ROW);
        FloatValue normalized = x.times(inverse);
        FloatValue g = dy.times(weight);
        FloatValue meanOfProduct = g.times(normalized).meanOverColumns();
        return kernel.output(normalized.negated().timesPlus(meanOfProduct, g).times(inverse))
                .outputSumOverRows(dy.times(normalized))
                .build();
    }

    /**
     * Input: x full. Output: e^(x - max) / sum(e^(x - max)) full. Where there is a NaN the sum is
     * one, so the maximum need not be.
     */
    public static Kernel softmax() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue e = expOfDifference(x, coarse(x.largestNumberOverColumns()));
        return kernel.output(e.times(kernel.constant(1f).over(e.sumOverColumns()))).build();
    }

    /** Inputs: x full, max per row. Output: e^(x - max) full, up to a factor that rows share. */
    public static Kernel powers() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        return kernel.output(expOfDifference(x, coarse(kernel.input(Layout.PER_ROW)))).build();
    }

    /** Inputs: {@link #powers} full, their sum per row. Output: the softmax full. */
    public static Kernel shares() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue powers = kernel.input(Layout.FULL);
        FloatValue sum = kernel.input(Layout.PER_ROW);
        return kernel.output(powers.times(kernel.constant(1f).over(sum))).build();
    }

    /** Inputs: x full, max and the sum of {@link #powers} per row. Output: the logarithm. */
    public static Kernel logShares() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue near = coarse(kernel.input(Layout.PER_ROW));
        return kernel.output(x.minus(near).minus(log(kernel.input(Layout.PER_ROW)))).build();
    }

    /** Inputs: x full, mean per row. Outputs: x - mean full, its square full. */
    public static Kernel centred() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue centred = x.minus(kernel.input(Layout.PER_ROW));
        return kernel.output(centred).output(centred.times(centred)).build();
    }

    /**
     * Inputs: x full, weight and bias per column; the mean, what it is off by and r as in {@link
     * #layerNorm} per row. Output: y full.
     */
    public static Kernel normalized() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue weight = kernel.input(Layout.PER_COLUMN);
        FloatValue bias = kernel.input(Layout.PER_COLUMN);
        FloatValue mean = kernel.input(Layout.PER_ROW);
        FloatValue rest = kernel.input(Layout.PER_ROW);
        FloatValue inverse = kernel.input(Layout.PER_ROW);
        FloatValue centred = x.minus(mean).minus(rest);
        return kernel.output(centred.times(inverse).timesPlus(weight, bias)).build();
    }

    /** Input: x full. Output: the sum per row. */
    public static Kernel rowSums() {
        KernelBuilder kernel = new KernelBuilder();
        return kernel.outputPerRow(kernel.input(Layout.FULL).sumOverColumns()).build();
    }

    /** Inputs: x full, mean per row. Output: the sum of (x - mean)^2 per row. */
    public static Kernel squaresAround() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue centred = x.minus(kernel.input(Layout.PER_ROW));
        return kernel.outputPerRow(centred.times(centred).sumOverColumns()).build();
    }

    /** Inputs: x full; mean, scale and shift per row. Output: (x - mean) scale + shift full. */
    public static Kernel scaled() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue centred = x.minus(kernel.input(Layout.PER_ROW));
        FloatValue scale = kernel.input(Layout.PER_ROW);
        return kernel.output(centred.timesPlus(scale, kernel.input(Layout.PER_ROW))).build();
    }

    /** Inputs: dy full, x full, mean per row. Outputs per row: sum(dy (x - mean)); sum(dy). */
    public static Kernel sumsOfGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue centred = x.minus(kernel.input(Layout.PER_ROW));
        return kernel.outputPerRow(dy.times(centred).sumOverColumns())
                .outputPerRow(dy.sumOverColumns())
                .build();
    }

    /**
     * Inputs: dy full, x full; mean, slope, level and scale per row. Output: (dy - level - (x -
     * mean) slope) scale full.
     */
    public static Kernel gradientAround() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue centred = x.minus(kernel.input(Layout.PER_ROW));
        FloatValue slope = kernel.input(Layout.PER_ROW);
        FloatValue level = kernel.input(Layout.PER_ROW);
        FloatValue scale = kernel.input(Layout.PER_ROW);
        FloatValue dx = centred.negated().timesPlus(slope, dy.minus(level)).times(scale);
        return kernel.output(dx).build();
    }

    /** Inputs: dy full, y = softmax(x) full. Output: dx = y (dy - sum(dy y)) full. */
    public static Kernel softmaxGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue y = kernel.input(Layout.FULL);
        return kernel.output(y.times(dy.minus(dy.times(y).sumOverColumns()))).build();
    }

    /** Input: x full. Output: x - max - ln(sum(e^(x - max))) full; NaN as in {@link #softmax}. */
    public static Kernel logSoftmax() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue near = coarse(x.largestNumberOverColumns());
        FloatValue sum = expOfDifference(x, near).sumOverColumns();
        return kernel.output(x.minus(near).minus(log(sum))).build();
    }

    /** Inputs: dy full, y = logSoftmax(x) full. Output: dx = dy - e^y sum(dy) full. */
    public static Kernel logSoftmaxGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue dy = kernel.input(Layout.FULL);
        FloatValue y = kernel.input(Layout.FULL);
        return kernel.output(dy.minus(expUpTo60(y).times(dy.sumOverColumns()))).build();
    }

    /**
     * What the cross-entropy needs of a row of scores.
     *
     * <p>Input: x full. Outputs per row: max; ln(sum(e^(x - max))); mean(x - max).
     */
    public static Kernel crossEntropy() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue largest = x.maximumOverColumns();
        FloatValue shifted = x.minus(largest);
        return kernel.outputPerRow(largest)
                .outputPerRow(log(expUpTo60(shifted).sumOverColumns()))
                .outputPerRow(shifted.meanOverColumns())
                .build();
    }

    /**
     * The gradient of the cross-entropy, but for the targets' share.
     *
     * <p>Inputs: x full; max, ln(sum(e^(x - max))) and the cotangent g per row; even scalar.
     * Output: g (e^(x - max - ln) - even) full.
     */
    public static Kernel crossEntropyGradient() {
        KernelBuilder kernel = new KernelBuilder();
        FloatValue x = kernel.input(Layout.FULL);
        FloatValue largest = kernel.input(Layout.PER_ROW);
        FloatValue logarithm = kernel.input(Layout.PER_ROW);
        FloatValue g = kernel.input(Layout.PER_ROW);
        FloatValue even = kernel.input(Layout.SCALAR);
        FloatValue p = expUpTo60(x.minus(largest).minus(logarithm));
        return kernel.output(g.times(p.minus(even))).build();
    }

    /**
     * Input: x full. Output: sums over blocks of rows; run on its own output until one row is left,
     * it gives the sum over all rows.
     */
    public static Kernel sumOverRows() {
        KernelBuilder kernel = new KernelBuilder();
        return kernel.outputSumOverRows(kernel.input(Layout.FULL)).build();
    }
}
