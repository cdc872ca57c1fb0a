package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

import java.util.Arrays;

/**
 * What is said of many numbers in few. Dimensions and {@code keepDims} are as in {@link
 * Tensor#sum}: no dimensions mean all. Gradients follow from the operations that each is made of.
 *
 * <p>Shapes: {@code [.., e, ..] -> [.., ..]}, or {@code [.., 1, ..]} where dimensions are kept.
 *
 * <p>Source, where nothing else is named: NumPy's and PyTorch's operations of the same names.
 */
public final class Statistics {
    private Statistics() {}

    /** What a quantile between two elements is, as NumPy names it. */
    public enum Between {
        /** By the distances from both. */
        LINEAR,
        /** The lower one. */
        LOWER,
        /** The higher one. */
        HIGHER,
        /** Their mean. */
        MIDPOINT,
        /** The nearer one, of the even place where both are as near. */
        NEAREST
    }

    /** A mean and a variance. */
    public record Moments(Tensor mean, Tensor variance) {}

    /** The smallest and the largest elements. */
    public record Extremes(Tensor least, Tensor most) {}

    /** The mean and the variance along {@code dims}; see {@link Tensor#var}. */
    public static Moments moments(Tensor x, double correction, boolean keepDims, int... dims) {
        return new Moments(x.mean(keepDims, dims), x.var(correction, keepDims, dims));
    }

    /** The smallest and the largest elements along {@code dims}; NaN where there is one. */
    public static Extremes extremes(Tensor x, boolean keepDims, int... dims) {
        return new Extremes(x.min(keepDims, dims), x.max(keepDims, dims));
    }

    /** The largest less the smallest element along {@code dims} (NumPy's {@code ptp}). */
    public static Tensor peakToPeak(Tensor x, boolean keepDims, int... dims) {
        return x.max(keepDims, dims).sub(x.min(keepDims, dims));
    }

    /**
     * {@code (x - mean) / (deviation + epsilon)} along {@code dims}.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * @param correction as in {@link Tensor#std}
     * @param epsilon 0 or above
     */
    public static Tensor standardize(Tensor x, double correction, double epsilon, int... dims) {
        if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "standardize: epsilon, which is added to the deviation of "
                            + x.type()
                            + ", must be 0 or above and finite: "
                            + epsilon);
        }
        Tensor deviation = x.std(correction, true, dims);
        return x.sub(x.mean(true, dims)).div(deviation.add(epsilon));
    }

    /** The sum along {@code dims}, NaN counting as 0. */
    public static Tensor nanSum(Tensor x, boolean keepDims, int... dims) {
        return x.maskedFill(x.isNan(), 0).sum(keepDims, dims);
    }

    /** The mean along {@code dims} of what is not NaN; NaN where nothing is left. */
    public static Tensor nanMean(Tensor x, boolean keepDims, int... dims) {
        Tensor count = x.isNan().not().cast(x.dtype()).sum(keepDims, dims);
        return nanSum(x, keepDims, dims).div(count);
    }

    /**
     * The middle element along {@code dim}, or the mean of the two in the middle, as NumPy's (
     * PyTorch's is {@code quantile} with {@link Between#LOWER}); NaN where there is one.
     */
    public static Tensor median(Tensor x, int dim, boolean keepDims) {
        return quantile(x, 0.5, dim, keepDims, Between.MIDPOINT);
    }

    /** The median of all elements, a scalar; as {@link #median(Tensor, int, boolean)}. */
    public static Tensor median(Tensor x) {
        return median(x.reshape(x.shape().elementCount()), 0, false);
    }

    /**
     * What the share {@code q} of the elements along {@code dim} does not exceed: of n elements in
     * order, that at place {@code q (n - 1)}. NaN where there is one. The gradient goes to the one
     * or two elements that it comes from.
     *
     * @param q from 0 to 1
     * @throws IllegalArgumentException if the dimension is empty or the elements are not floating
     */
    public static Tensor quantile(Tensor x, double q, int dim, boolean keepDims, Between between) {
        long extent = x.extent(dim);
        if (!(q >= 0 && q <= 1) || extent == 0 || !x.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("quantile")
                            + ": needs a share from 0 to 1 and floating elements along dimension "
                            + dim
                            + ": "
                            + q
                            + " of "
                            + x.type());
        }
        Tensor sorted = x.sort(dim, false).values();
        double place = q * (extent - 1);
        long below = (long) Math.floor(place);
        double beyond = place - below;
        Tensor lower = sorted.slice(dim, below, below + 1);
        Tensor higher = sorted.slice(dim, Math.min(below + 1, extent - 1), extent);
        higher = higher.slice(dim, 0, 1);
        Tensor value =
                switch (between) {
                    case LINEAR -> beyond == 0 ? lower : lower.lerp(higher, beyond);
                    case LOWER -> lower;
                    case HIGHER -> beyond == 0 ? lower : higher;
                    case MIDPOINT -> beyond == 0 ? lower : lower.lerp(higher, 0.5);
                    case NEAREST -> Math.rint(place) == below ? lower : higher;
                };
        // NaN counts as the largest, so where there is one it is last.
        Tensor last = sorted.slice(dim, extent - 1, extent).detach();
        Tensor result = value.maskedFill(last.isNan(), Double.NaN);
        return keepDims ? result : result.squeeze(dim);
    }

    /**
     * {@link #quantile} for each of {@code q}, along a new first dimension.
     *
     * <p>Shapes: {@code [.., e, ..] -> [q, .., ..]}.
     */
    public static Tensor quantiles(
            Tensor x, double[] q, int dim, boolean keepDims, Between between) {
        Tensor[] each = new Tensor[q.length];
        for (int i = 0; i < each.length; i++) {
            each[i] = quantile(x, q[i], dim, keepDims, between);
        }
        return Tensor.stack(0, each);
    }

    /**
     * The {@code k}-th smallest element along {@code dim}, counted from 1, and its index; NaN
     * counts as the largest.
     */
    public static Tensor.Sorted kthSmallest(Tensor x, long k, int dim, boolean keepDims) {
        if (k < 1 || k > x.extent(dim)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("kthSmallest")
                            + ": k must be from 1 to "
                            + x.extent(dim)
                            + ", the extent of dimension "
                            + dim
                            + " of "
                            + x.type()
                            + ", and is "
                            + k);
        }
        Tensor index = x.argsort(dim, false).slice(dim, k - 1, k);
        Tensor value = x.gather(dim, index);
        return keepDims
                ? new Tensor.Sorted(value, index)
                : new Tensor.Sorted(value.squeeze(dim), index.squeeze(dim));
    }

    /**
     * How variables go together: {@code (x - mean) (x - mean)^T / (n - correction)}.
     *
     * @param x {@code [variables, n]}, a row for each variable
     * @return {@code [variables, variables]}
     */
    public static Tensor covariance(Tensor x, double correction) {
        if (x.rank() != 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("covariance")
                            + ": needs a row for each variable, [variables, n], not "
                            + x.type());
        }
        Tensor centered = x.sub(x.mean(true, 1));
        double divisor = Math.max(0, x.extent(1) - correction);
        return centered.matmul(centered.transpose(0, 1)).div(divisor);
    }

    /**
     * {@link #covariance} in units of the deviations: from -1 to 1, and NaN for variables that are
     * constant.
     *
     * <p>Shapes: {@code [variables, n] -> [variables, variables]}.
     */
    public static Tensor correlation(Tensor x) {
        Tensor covariance = covariance(x, 1);
        long variables = x.extent(0);
        Tensor diagonal = x.device().call(() -> Tensor.arange(DType.I64, variables)).unsqueeze(1);
        Tensor deviation = covariance.gather(1, diagonal).sqrt();
        Tensor scaled = covariance.div(deviation).div(deviation.transpose(0, 1));
        return scaled.clamp(-1, 1);
    }

    /** Each element less the one before along {@code dim}, {@code times} times over. */
    public static Tensor diff(Tensor x, int times, int dim) {
        if (times < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("diff") + ": cannot be taken " + times + " times");
        }
        Tensor differences = x;
        // Of nothing there is nothing left, however often.
        for (long i = Math.min(times, x.extent(dim)); i > 0; i--) {
            long extent = differences.extent(dim);
            Tensor later = differences.slice(dim, 1, extent);
            Tensor earlier = differences.slice(dim, 0, Math.max(0, extent - 1));
            differences = later.sub(earlier);
        }
        return differences;
    }

    /** The integral along {@code dim} by the trapezoidal rule, for points {@code step} apart. */
    public static Tensor trapezoid(Tensor y, double step, int dim) {
        return strips(y, dim).sum(false, dim).mul(step);
    }

    /**
     * The integral along {@code dim} by the trapezoidal rule.
     *
     * @param x where the points are: of y's shape, or of one dimension
     */
    public static Tensor trapezoid(Tensor y, Tensor x, int dim) {
        return strips(y, dim).mul(widths(y, x, dim)).sum(false, dim);
    }

    /**
     * As {@link #trapezoid(Tensor, double, int)} up to each point; one less than there are.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., e - 1, ..]}.
     */
    public static Tensor cumulativeTrapezoid(Tensor y, double step, int dim) {
        return strips(y, dim).mul(step).cumsum(dim);
    }

    /** As {@link #trapezoid(Tensor, Tensor, int)} up to each point; one less than there are. */
    public static Tensor cumulativeTrapezoid(Tensor y, Tensor x, int dim) {
        return strips(y, dim).mul(widths(y, x, dim)).cumsum(dim);
    }

    /** The mean height of each strip. */
    private static Tensor strips(Tensor y, int dim) {
        long extent = y.extent(dim);
        Tensor right = y.slice(dim, 1, extent);
        return y.slice(dim, 0, Math.max(0, extent - 1)).add(right).mul(0.5);
    }

    private static Tensor widths(Tensor y, Tensor x, int dim) {
        if (x.shape().equals(y.shape())) {
            return diff(x, 1, dim);
        }
        if (x.rank() != 1 || x.extent(0) != y.extent(dim)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("trapezoid")
                            + ": the points must have the shape of "
                            + y.type()
                            + ", or that of its dimension "
                            + dim
                            + ", and are "
                            + x.type());
        }
        long[] extents = new long[y.rank()];
        Arrays.fill(extents, 1);
        extents[dim < 0 ? dim + y.rank() : dim] = x.extent(0);
        return diff(x.reshape(Shape.of(extents)), 1, dim);
    }
}
