package dev.ugoki.tck.reference;

/** Numbers of the narrow floating types, from and to double. */
final class Rounding {
    private Rounding() {}

    /** The bits of the F16 nearest to {@code value}, ties to even. */
    static short toF16(double value) {
        return Float.floatToFloat16(toOdd(value));
    }

    /** The bits of the BF16 nearest to {@code value}, ties to even. */
    static short toBF16(double value) {
        int bits = Float.floatToRawIntBits(toOdd(value));
        if (Double.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        int tiesToEven = 0x7FFF + (bits >>> 16 & 1);
        return (short) (bits + tiesToEven >>> 16);
    }

    static double fromBF16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /**
     * {@code value} as a float: itself where that is exact, else the neighbour with an odd last
     * bit. Rounding this further to a type of at most 22 bits gives what rounding the value at once
     * would give.
     *
     * <p>Source: Boldo, Melquiond: Emulation of FMA and correctly rounded sums (2008).
     */
    private static float toOdd(double value) {
        float nearest = (float) value;
        int bits = Float.floatToRawIntBits(nearest);
        if (nearest == value || Double.isNaN(value) || (bits & 1) == 1) {
            return nearest;
        }
        boolean below = Math.abs((double) nearest) < Math.abs(value);
        return Float.intBitsToFloat(below ? bits + 1 : bits - 1);
    }

    /** {@code value} as a double, rounded to odd as above. */
    static double toOdd(long value) {
        double nearest = (double) value;
        if (nearest == 0x1p63) {
            return Math.nextDown(nearest);
        }
        long error = value - (long) nearest;
        long bits = Double.doubleToRawLongBits(nearest);
        if (error == 0 || (bits & 1) == 1) {
            return nearest;
        }
        return error > 0 ? Math.nextUp(nearest) : Math.nextDown(nearest);
    }
}
