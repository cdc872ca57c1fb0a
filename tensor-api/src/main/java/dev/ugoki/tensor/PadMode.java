package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;

/** Where padding takes its elements from: for {@code a b c d}, two before and two after. */
public enum PadMode {
    /** Mirrored at the outer elements: {@code c b | a b c d | c b}; less than the extent. */
    REFLECT,
    /** The outer elements repeated: {@code a a | a b c d | d d}. */
    REPLICATE,
    /** Round and round: {@code c d | a b c d | a b}; up to the extent. */
    CIRCULAR;

    /** The extent of dimension {@code dim} with padding around; wrong padding throws. */
    long paddedExtent(TensorType type, int dim, long before, long after) {
        long extent = type.shape().extent(dim);
        long most =
                switch (this) {
                    case REFLECT -> extent - 1;
                    case REPLICATE -> extent == 0 ? 0 : Long.MAX_VALUE;
                    case CIRCULAR -> extent;
                };
        if (before < 0 || after < 0 || before > most || after > most) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("pad")
                            + ": "
                            + before
                            + " before and "
                            + after
                            + " after dimension "
                            + dim
                            + " of "
                            + type
                            + " do not go with "
                            + this
                            + ": at least 0, and at most "
                            + Math.max(0, most));
        }
        long padded = extent + before + after;
        if (padded < 0 || extent + before < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("pad")
                            + ": "
                            + before
                            + " before and "
                            + after
                            + " after dimension "
                            + dim
                            + " of "
                            + type
                            + " make more than a long can count");
        }
        return padded;
    }

    /**
     * The place, of {@code extent}, that each element of the result comes from.
     *
     * @param at where each would lie if the dimension went on beyond its ends (I64)
     */
    Tensor places(Tensor at, long extent) {
        long last = extent - 1;
        return switch (this) {
            case REFLECT -> at.abs().sub(last).abs().neg().add(last);
            case REPLICATE -> at.clamp(0, last);
            case CIRCULAR -> at.add(extent).rem(at.scalarLike(extent));
        };
    }
}
