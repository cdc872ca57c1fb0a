package dev.ugoki.nn.layer;

/**
 * How a convolution moves over its input, the same along every spatial dimension.
 *
 * <pre>{@code
 * new Conv1d(64, 128, 3, Convolution.DEFAULT.withStride(2).withPadding(1), key)
 * }</pre>
 *
 * @param stride from one place to the next
 * @param padding zeros before and after the input
 * @param dilation from one element under the kernel to the next
 * @param groups in how many separate parts the channels are divided
 * @param outputPadding for transposed convolutions: how much longer the result is made at its end
 * @param bias whether a learned number is added to each channel
 */
public record Convolution(
        long stride, long padding, long dilation, int groups, long outputPadding, boolean bias) {
    /** Stride, dilation and groups 1, no padding, a bias. */
    public static final Convolution DEFAULT = new Convolution(1, 0, 1, 1, 0, true);

    public Convolution {
        if (stride < 1 || dilation < 1 || groups < 1 || padding < 0 || outputPadding < 0) {
            throw new IllegalArgumentException(
                    "convolution: stride, dilation and groups must be at least 1, paddings at"
                            + " least 0; are stride "
                            + stride
                            + ", dilation "
                            + dilation
                            + ", groups "
                            + groups
                            + ", padding "
                            + padding
                            + ", outputPadding "
                            + outputPadding);
        }
    }

    public Convolution withStride(long value) {
        return new Convolution(value, padding, dilation, groups, outputPadding, bias);
    }

    public Convolution withPadding(long value) {
        return new Convolution(stride, value, dilation, groups, outputPadding, bias);
    }

    public Convolution withDilation(long value) {
        return new Convolution(stride, padding, value, groups, outputPadding, bias);
    }

    public Convolution withGroups(int value) {
        return new Convolution(stride, padding, dilation, value, outputPadding, bias);
    }

    public Convolution withOutputPadding(long value) {
        return new Convolution(stride, padding, dilation, groups, value, bias);
    }

    public Convolution withBias(boolean value) {
        return new Convolution(stride, padding, dilation, groups, outputPadding, value);
    }

    /** Channels of one group. */
    long perGroup(String layer, long channels) {
        if (channels % groups != 0) {
            throw new IllegalArgumentException(
                    layer
                            + ": "
                            + channels
                            + " channels cannot be divided into "
                            + groups
                            + " groups");
        }
        return channels / groups;
    }

    /** For printing. */
    String describe(long kernel) {
        return "kernel=%d, stride=%d, padding=%d".formatted(kernel, stride, padding)
                + (dilation == 1 ? "" : ", dilation=" + dilation)
                + (groups == 1 ? "" : ", groups=" + groups)
                + (outputPadding == 0 ? "" : ", outputPadding=" + outputPadding);
    }
}
