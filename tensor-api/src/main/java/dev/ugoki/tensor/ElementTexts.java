package dev.ugoki.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Elements as texts of one width, as NumPy writes them: as many digits as tell a number from its
 * neighbours, but at most eight behind the point; powers of ten where numbers are large, small, or
 * far from one another.
 */
final class ElementTexts {
    private static final int PRECISION = 8;
    private static final double LARGE = 1e8;
    private static final double SMALL = 1e-4;
    private static final double FAR_APART = 1e3;

    private ElementTexts() {}

    /** The texts of all elements of {@code dtype} in the runs of bytes. */
    static List<String> of(DType dtype, List<MemorySegment> runs) {
        List<String> texts = new ArrayList<>();
        List<Double> numbers = new ArrayList<>();
        for (MemorySegment run : runs) {
            for (long at = 0; at < run.byteSize(); at += dtype.byteSize()) {
                if (dtype.isFloating()) {
                    numbers.add(floating(dtype, run, at));
                } else {
                    texts.add(whole(dtype, run, at));
                }
            }
        }
        return aligned(dtype.isFloating() ? floatings(dtype, numbers) : texts);
    }

    private static String whole(DType dtype, MemorySegment run, long at) {
        return switch (dtype) {
            case I64 -> "" + run.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            case I32 -> "" + run.get(ValueLayout.JAVA_INT_UNALIGNED, at);
            case I8 -> "" + run.get(ValueLayout.JAVA_BYTE, at);
            case U8 -> "" + Byte.toUnsignedInt(run.get(ValueLayout.JAVA_BYTE, at));
            case BOOL -> "" + (run.get(ValueLayout.JAVA_BYTE, at) != 0);
            case F64, F32, F16, BF16 -> throw new IllegalArgumentException(dtype + " is not whole");
        };
    }

    private static double floating(DType dtype, MemorySegment run, long at) {
        return switch (dtype) {
            case F64 -> run.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at);
            case F32 -> run.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
            case F16 -> Float.float16ToFloat(run.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
            case BF16 -> Float.intBitsToFloat(run.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16);
            case I64, I32, I8, U8, BOOL -> throw new IllegalArgumentException(dtype + " is whole");
        };
    }

    private static List<String> aligned(List<String> texts) {
        int width = texts.stream().mapToInt(String::length).max().orElse(0);
        return texts.stream().map(text -> " ".repeat(width - text.length()) + text).toList();
    }

    // ---- floating numbers ----

    private static List<String> floatings(DType dtype, List<Double> numbers) {
        double largest = 0;
        double smallest = Double.POSITIVE_INFINITY;
        for (double number : numbers) {
            double magnitude = Math.abs(number);
            if (Double.isFinite(magnitude) && magnitude != 0) {
                largest = Math.max(largest, magnitude);
                smallest = Math.min(smallest, magnitude);
            }
        }
        boolean powers =
                largest >= LARGE
                        || largest > 0 && (smallest < SMALL || largest / smallest > FAR_APART);
        return powers ? withPowers(dtype, numbers) : withoutPowers(dtype, numbers);
    }

    private static List<String> withoutPowers(DType dtype, List<Double> numbers) {
        int behindPoint = 0;
        for (double number : numbers) {
            if (Double.isFinite(number)) {
                behindPoint = Math.max(behindPoint, rounded(dtype, number).scale());
            }
        }
        List<String> texts = new ArrayList<>();
        for (double number : numbers) {
            if (Double.isFinite(number)) {
                BigDecimal digits = rounded(dtype, number);
                String text = sign(number) + digits.abs().toPlainString();
                String point = digits.scale() == 0 ? "." : "";
                texts.add(text + point + " ".repeat(behindPoint - digits.scale()));
            } else {
                texts.add(special(number));
            }
        }
        return texts;
    }

    /** As many digits behind the point as are needed, at most eight. */
    private static BigDecimal rounded(DType dtype, double number) {
        BigDecimal digits = shortest(dtype, number);
        if (digits.scale() > PRECISION) {
            digits = digits.setScale(PRECISION, RoundingMode.HALF_EVEN);
        }
        digits = digits.signum() == 0 ? BigDecimal.ZERO : digits.stripTrailingZeros();
        return digits.scale() < 0 ? digits.setScale(0) : digits;
    }

    private static List<String> withPowers(DType dtype, List<Double> numbers) {
        int behindPoint = 0;
        int powerDigits = 2;
        for (double number : numbers) {
            if (Double.isFinite(number) && number != 0) {
                BigDecimal digits = mantissa(dtype, number);
                behindPoint = Math.max(behindPoint, digits.precision() - 1);
                powerDigits = Math.max(powerDigits, ("" + Math.abs(power(digits))).length());
            }
        }
        List<String> texts = new ArrayList<>();
        for (double number : numbers) {
            if (!Double.isFinite(number)) {
                texts.add(special(number));
                continue;
            }
            BigDecimal digits = mantissa(dtype, number);
            int power = number == 0 ? 0 : power(digits);
            String all = digits.unscaledValue().abs().toString();
            String behind = all.substring(1);
            texts.add(
                    sign(number)
                            + all.charAt(0)
                            + "."
                            + behind
                            + "0".repeat(Math.max(0, behindPoint - behind.length()))
                            + (power < 0 ? "e-" : "e+")
                            + padded(Math.abs(power), powerDigits));
        }
        return texts;
    }

    private static BigDecimal mantissa(DType dtype, double number) {
        BigDecimal digits = shortest(dtype, number).round(new MathContext(PRECISION + 1));
        return digits.signum() == 0 ? BigDecimal.ZERO : digits.stripTrailingZeros();
    }

    private static int power(BigDecimal digits) {
        return digits.precision() - digits.scale() - 1;
    }

    private static String padded(int power, int digits) {
        String text = "" + power;
        return "0".repeat(digits - text.length()) + text;
    }

    private static String sign(double number) {
        return Double.compare(number, 0) < 0 ? "-" : "";
    }

    private static String special(double number) {
        return Double.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
    }

    /** The fewest digits that are read back as the same number of {@code dtype}. */
    private static BigDecimal shortest(DType dtype, double number) {
        return switch (dtype) {
            case F64 -> new BigDecimal(Double.toString(number));
            case F32 -> new BigDecimal(Float.toString((float) number));
            case F16, BF16 -> {
                BigDecimal exact = new BigDecimal(number);
                BigDecimal digits = exact;
                for (int count = 1; count <= 5; count++) {
                    digits = exact.round(new MathContext(count));
                    if (narrow(dtype, digits.floatValue()) == narrow(dtype, (float) number)) {
                        break;
                    }
                }
                yield digits;
            }
            case I64, I32, I8, U8, BOOL -> throw new IllegalArgumentException(dtype + " is whole");
        };
    }

    private static short narrow(DType dtype, float number) {
        return dtype == DType.F16 ? Float.floatToFloat16(number) : NarrowFloats.toBF16(number);
    }
}
