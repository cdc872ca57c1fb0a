package dev.ugoki.tensor;

/**
 * F16 and BF16 as the 16-bit patterns that they are in memory. Whatever is rounded to them is
 * rounded once, to nearest, ties to even; NaN stays NaN.
 */
public final class NarrowFloats {
    private NarrowFloats() {}

    /** The F16 nearest to {@code value}, ties to even. */
    public static short toF16(double value) {
        return Float.floatToFloat16(roundedToOdd(value));
    }

    public static float fromF16(short bits) {
        return Float.float16ToFloat(bits);
    }

    /** The BF16 nearest to {@code value}, ties to even. */
    public static short toBF16(double value) {
        return toBF16(roundedToOdd(value));
    }

    /** The BF16 nearest to {@code value}, ties to even. */
    public static short toBF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            // Rounding could carry a NaN into infinity: keep the upper half and make it quiet.
            return (short) (bits >>> 16 | 0x40);
        }
        int roundUp = 0x7fff + (bits >>> 16 & 1);
        return (short) (bits + roundUp >>> 16);
    }

    public static float fromBF16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /**
     * A float that rounds to the same narrower number as the double would. Rounding to nearest
     * twice may go wrong at ties; rounding to odd first does not, since an inexact value never
     * looks like a tie then (Boldo and Melquiond, 2008).
     */
    private static float roundedToOdd(double value) {
        float nearest = (float) value;
        if (nearest == value
                || Double.isNaN(value)
                || (Float.floatToRawIntBits(nearest) & 1) != 0) {
            return nearest;
        }
        return nearest < value ? Math.nextUp(nearest) : Math.nextDown(nearest);
    }

    /**
     * A double that rounds to the same F32, F16 or BF16 as the integer would: itself where it is
     * one, else its neighbour with an odd last bit.
     */
    public static double roundedToOdd(long value) {
        double nearest = (double) value;
        if (nearest == 0x1p63) {
            return Math.nextDown(nearest);
        }
        long error = value - (long) nearest;
        if (error == 0 || (Double.doubleToRawLongBits(nearest) & 1) != 0) {
            return nearest;
        }
        return error > 0 ? Math.nextUp(nearest) : Math.nextDown(nearest);
    }
}
