package dev.ugoki.cpu;

/**
 * Sine and cosine in F64 with the bits of {@link StrictMath}, which makes an array for its second
 * result at every call; these make nothing. Up to {@link #LARGEST} the argument is reduced by
 * multiples of pi/2 in two parts (Cody and Waite), in as many steps as cancellation asks for, and
 * the rest goes through the minimax polynomials of fdlibm; larger ones are left to StrictMath.
 *
 * <p>Source: Cody, Waite: Software manual for the elementary functions (1980); fdlibm 5.3 for the
 * constants, since they decide the bits.
 */
final class StrictTrigonometry {
    /** Half of pi times 2^18: below it a quotient and the first part of pi/2 multiply exactly. */
    private static final double LARGEST = 4e5;

    /** The upper half of the bits of pi/4, up to which nothing is reduced. */
    private static final int QUARTER_PI = 0x3fe921fb;

    /** Below it x is its own sine, and its cosine 1. */
    private static final double TINY = 0x1p-27;

    private static final double TWO_OVER_PI = 0x1.45f306dc9c883p-1;

    /** The first 33 bits of pi/2, with the rest; the 33 bits after them, with the rest. */
    private static final double FIRST = 0x1.921fb544p0;

    private static final double REST_OF_FIRST = 0x1.0b4611a626331p-34;
    private static final double SECOND = 0x1.0b4611a6p-34;
    private static final double REST_OF_SECOND = 0x1.3198a2e037073p-69;

    /** How many bits may cancel with one part of pi/2, and with two. */
    private static final int CANCELLED_BY_ONE = 16;

    private static final int CANCELLED_BY_TWO = 49;

    private static final double S1 = -0x1.5555555555549p-3;
    private static final double S2 = 0x1.111111110f8a6p-7;
    private static final double S3 = -0x1.a01a019c161d5p-13;
    private static final double S4 = 0x1.71de357b1fe7dp-19;
    private static final double S5 = -0x1.ae5e68a2b9cebp-26;
    private static final double S6 = 0x1.5d93a5acfd57cp-33;

    private static final double C1 = 0x1.555555555554cp-5;
    private static final double C2 = -0x1.6c16c16c15177p-10;
    private static final double C3 = 0x1.a01a019cb159p-16;
    private static final double C4 = -0x1.27e4f809c52adp-22;
    private static final double C5 = 0x1.1ee9ebdb4b1c4p-29;
    private static final double C6 = -0x1.8fae9be8838d4p-37;

    private StrictTrigonometry() {}

    static double sin(double x) {
        double size = Math.abs(x);
        if (upper(size) <= QUARTER_PI) {
            return size < TINY ? x : sinOfWhole(x);
        }
        return size <= LARGEST ? quadrant(x, size, 0) : StrictMath.sin(x);
    }

    static double cos(double x) {
        double size = Math.abs(x);
        if (upper(size) <= QUARTER_PI) {
            return size < TINY ? 1 : cosOfRest(x, 0);
        }
        return size <= LARGEST ? quadrant(x, size, 1) : StrictMath.cos(x);
    }

    private static int upper(double size) {
        return (int) (Double.doubleToRawLongBits(size) >>> 32);
    }

    /** The sine, or for {@code shift} 1 the cosine, by what is left of x after quarter turns. */
    private static double quadrant(double x, double size, int shift) {
        int turns = (int) (size * TWO_OVER_PI + 0.5);
        double left = size - turns * FIRST;
        double rest = turns * REST_OF_FIRST;
        double high = left - rest;
        int exponent = Math.getExponent(size);
        if (exponent - Math.getExponent(high) > CANCELLED_BY_ONE) {
            double before = left;
            double taken = turns * SECOND;
            left = before - taken;
            rest = turns * REST_OF_SECOND - (before - left - taken);
            high = left - rest;
            if (exponent - Math.getExponent(high) > CANCELLED_BY_TWO) {
                return shift == 0 ? StrictMath.sin(x) : StrictMath.cos(x);
            }
        }
        double low = left - high - rest;
        if (x < 0) {
            high = -high;
            low = -low;
            turns = -turns;
        }
        return switch (turns + shift & 3) {
            case 0 -> sinOfRest(high, low);
            case 1 -> cosOfRest(high, low);
            case 2 -> -sinOfRest(high, low);
            default -> -cosOfRest(high, low);
        };
    }

    private static double sinOfWhole(double x) {
        double z = x * x;
        double v = z * x;
        double r = S2 + z * (S3 + z * (S4 + z * (S5 + z * S6)));
        return x + v * (S1 + z * r);
    }

    private static double sinOfRest(double x, double y) {
        double z = x * x;
        double v = z * x;
        double r = S2 + z * (S3 + z * (S4 + z * (S5 + z * S6)));
        return x - (z * (0.5 * y - v * r) - y - v * S1);
    }

    private static double cosOfRest(double x, double y) {
        double z = x * x;
        double r = z * (C1 + z * (C2 + z * (C3 + z * (C4 + z * (C5 + z * C6)))));
        int upper = (int) (Double.doubleToRawLongBits(x) >>> 32) & 0x7fffffff;
        if (upper < 0x3fd33333) {
            return 1 - (0.5 * z - (z * r - x * y));
        }
        double part =
                upper > 0x3fe90000
                        ? 0.28125
                        : Double.longBitsToDouble((long) (upper - 0x00200000) << 32);
        double half = 0.5 * z - part;
        return 1 - part - (half - (z * r - x * y));
    }
}
