package dev.ugoki.tensor;

import java.util.Arrays;

/** Where padding takes its elements from: for {@code a b c d}, two before and two after. */
public enum PadMode {
    /** Mirrored at the outer elements: {@code c b | a b c d | c b}; less than the extent. */
    REFLECT,
    /** The outer elements repeated: {@code a a | a b c d | d d}. */
    REPLICATE,
    /** Round and round: {@code c d | a b c d | a b}; up to the extent. */
    CIRCULAR;

    /** The place within dimension {@code dim} that each element of the result comes from. */
    long[] places(TensorType type, int dim, long before, long after) {
        long extent = type.shape().extent(dim);
        long most =
                switch (this) {
                    case REFLECT -> extent - 1;
                    case REPLICATE -> extent == 0 ? 0 : Integer.MAX_VALUE;
                    case CIRCULAR -> extent;
                };
        if (before < 0 || after < 0 || before > most || after > most) {
            throw new IllegalArgumentException(
                    "pad: "
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
                            + most);
        }
        long[] places = new long[Math.toIntExact(extent + before + after)];
        Arrays.setAll(places, i -> place(i - before, extent));
        return places;
    }

    private long place(long at, long extent) {
        return switch (this) {
            case REFLECT -> at < 0 ? -at : at < extent ? at : 2 * (extent - 1) - at;
            case REPLICATE -> Math.clamp(at, 0, extent - 1);
            case CIRCULAR -> Math.floorMod(at, extent);
        };
    }
}
