package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleToIntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Conversions between dtypes, bit by bit, by exact arithmetic that shares nothing with the
 * backends': every F16, BF16, I8 and U8; of the wider dtypes every number that lies on an edge of a
 * narrower one (the numbers themselves, half way between two, and next to both), the ends of the
 * integers, and some others.
 */
final class Conversions {
    private static final int OTHERS = 20_000;
    private static final Map<DType, long[]> PATTERNS = new ConcurrentHashMap<>();

    private Conversions() {}

    /** What a device converts wrongly, or nothing. */
    static Optional<String> failure(DType from, DType to) {
        long[] given = PATTERNS.computeIfAbsent(from, Conversions::patterns);
        MemorySegment actual;
        try (TensorScope _ = TensorScope.open()) {
            actual = Tensor.of(type(from, given), memory(from, given)).cast(to).toMemory();
        }
        for (int i = 0; i < given.length; i++) {
            long expected = expected(given[i], from, to);
            long found = pattern(to, actual, i);
            if (found != expected && !(isNaN(found, to) && isNaN(expected, to))) {
                return Optional.of(
                        from
                                + " 0x"
                                + Long.toHexString(given[i])
                                + " ("
                                + exactly(given[i], from)
                                + ") becomes "
                                + to
                                + " 0x"
                                + Long.toHexString(found)
                                + " instead of 0x"
                                + Long.toHexString(expected));
            }
        }
        return Optional.empty();
    }

    private static TensorType type(DType dtype, long[] patterns) {
        return new TensorType(dtype, Shape.of(patterns.length));
    }

    private static MemorySegment memory(DType dtype, long[] patterns) {
        MemorySegment memory = Arena.ofAuto().allocate((long) dtype.byteSize() * patterns.length);
        for (int i = 0; i < patterns.length; i++) {
            switch (dtype.byteSize()) {
                case 8 -> memory.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i, patterns[i]);
                case 4 -> memory.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, (int) patterns[i]);
                case 2 ->
                        memory.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) patterns[i]);
                default -> memory.set(ValueLayout.JAVA_BYTE, i, (byte) patterns[i]);
            }
        }
        return memory;
    }

    /** The bits of an element, those above its width 0. */
    private static long pattern(DType dtype, MemorySegment memory, int index) {
        return switch (dtype.byteSize()) {
            case 8 -> memory.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, index);
            case 4 ->
                    Integer.toUnsignedLong(
                            memory.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index));
            case 2 ->
                    Short.toUnsignedLong(
                            memory.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index));
            default -> Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, index));
        };
    }

    // ---- what is converted ----

    private static long[] patterns(DType from) {
        return switch (from) {
            case BOOL -> new long[] {0, 1};
            case I8, U8 -> LongStream.range(0, 1 << 8).toArray();
            case F16, BF16 -> LongStream.range(0, 1 << 16).toArray();
            case I32 ->
                    LongStream.concat(integers(), random())
                            .map(value -> value & 0xFFFF_FFFFL)
                            .toArray();
            case I64 -> LongStream.concat(integers(), random()).toArray();
            case F32 -> {
                UnaryOperator<DoubleStream> near = x -> x.flatMap(Conversions::floatNeighbours);
                yield LongStream.concat(
                                DoubleStream.concat(narrow(near), near.apply(ends()))
                                        .mapToLong(Conversions::bitsOfFloat),
                                random().map(bits -> bits & 0xFFFF_FFFFL))
                        .toArray();
            }
            case F64 -> {
                UnaryOperator<DoubleStream> near = x -> x.flatMap(Conversions::doubleNeighbours);
                yield LongStream.concat(
                                DoubleStream.concat(narrow(near), near.apply(ends()))
                                        .mapToLong(Double::doubleToRawLongBits),
                                random())
                        .toArray();
            }
        };
    }

    private static long bitsOfFloat(double value) {
        return Integer.toUnsignedLong(Float.floatToRawIntBits((float) value));
    }

    private static DoubleStream floatNeighbours(double value) {
        float x = (float) value;
        return DoubleStream.of(x, Math.nextUp(x), Math.nextDown(x));
    }

    private static DoubleStream doubleNeighbours(double x) {
        return DoubleStream.of(x, Math.nextUp(x), Math.nextDown(x));
    }

    private static LongStream random() {
        return new SplittableRandom(5).longs(OTHERS);
    }

    /** Every F16 and BF16, and what lies half way to the next. */
    private static DoubleStream narrow(UnaryOperator<DoubleStream> neighbours) {
        return Stream.of(DType.F16, DType.BF16)
                .flatMapToDouble(
                        narrow ->
                                IntStream.range(0, positiveInfinity(narrow))
                                        .mapToObj(bits -> around(narrow, bits, neighbours))
                                        .flatMapToDouble(all -> all));
    }

    /** A number and the half way to the next; every third with the other sign too. */
    private static DoubleStream around(
            DType narrow, int bits, UnaryOperator<DoubleStream> neighbours) {
        DoubleStream halfWays = neighbours.apply(DoubleStream.of(halfWay(narrow, bits)));
        DoubleStream all = DoubleStream.concat(DoubleStream.of(value(narrow, bits)), halfWays);
        return bits % 3 == 0 ? all.flatMap(x -> DoubleStream.of(x, -x)) : all;
    }

    /** The ends of the integers and of the floating dtypes. */
    private static DoubleStream ends() {
        DoubleStream integers =
                integers()
                        .asDoubleStream()
                        .flatMap(x -> DoubleStream.of(x, x + 0.5, x - 0.5, x + 0.25));
        DoubleStream floats =
                DoubleStream.of(
                                Float.MAX_VALUE,
                                Float.MAX_VALUE + 0x1p103,
                                Float.MIN_VALUE,
                                0x1p-150,
                                0x1.8p-149,
                                Double.MIN_VALUE,
                                Double.MAX_VALUE,
                                Double.POSITIVE_INFINITY,
                                Double.NaN,
                                0.0)
                        .flatMap(x -> DoubleStream.of(x, -x));
        return DoubleStream.concat(integers, floats);
    }

    /** Powers of two and what lies next to them; ties of F32, F16 and BF16, and next to those. */
    private static LongStream integers() {
        LongStream.Builder all = LongStream.builder();
        for (int power = 0; power < Long.SIZE; power++) {
            long top = 1L << power;
            for (int digits : new int[] {8, 9, 11, 12, 24, 25, 53, 54}) {
                long low = power >= digits ? 1L << power - digits : 0;
                for (long next = -2; next <= 2; next++) {
                    all.add(top + next).add(top + low + next).add(top + 3 * low + next);
                    all.add(-(top + low + next)).add(-(top + 3 * low + next));
                }
            }
        }
        return all.build();
    }

    // ---- what must come out ----

    private static long expected(long bits, DType from, DType to) {
        if (from.isFloating()) {
            double x = value(from, bits);
            return to.isFloating() ? rounded(x, to) : integer(x, to);
        }
        long x = from == DType.I32 ? (int) bits : from == DType.I8 ? (byte) bits : bits;
        return switch (to) {
            case F64 -> Double.doubleToRawLongBits((double) x);
            case F32 -> Integer.toUnsignedLong(Float.floatToRawIntBits((float) x));
            case F16, BF16 ->
                    nearest(y -> new BigDecimal(x).abs().compareTo(new BigDecimal(y)), x < 0, to);
            case I64 -> x;
            case I32 -> x & 0xFFFF_FFFFL;
            case I8, U8 -> x & 0xFF;
            case BOOL -> x != 0 ? 1 : 0;
        };
    }

    private static double value(DType floating, long bits) {
        return switch (floating) {
            case F64 -> Double.longBitsToDouble(bits);
            case F32 -> Float.intBitsToFloat((int) bits);
            case F16 -> Float.float16ToFloat((short) bits);
            case BF16 -> Float.intBitsToFloat((int) bits << 16);
            case I64, I32, I8, U8, BOOL -> throw new IllegalArgumentException("" + floating);
        };
    }

    private static long rounded(double x, DType to) {
        if (to == DType.F64) {
            return Double.doubleToRawLongBits(x);
        }
        if (to == DType.F32) {
            return Integer.toUnsignedLong(Float.floatToRawIntBits((float) x));
        }
        boolean negative = Double.doubleToRawLongBits(x) < 0;
        int sign = negative ? 0x8000 : 0;
        if (Double.isNaN(x)) {
            return positiveInfinity(to) + 1;
        }
        return Double.isInfinite(x)
                ? sign | positiveInfinity(to)
                : nearest(y -> Double.compare(Math.abs(x), y), negative, to);
    }

    /**
     * Positive numbers are ordered as their bits are; so the nearest is found by halving.
     *
     * @param sizeAgainst compares the magnitude of what is rounded with a number
     */
    private static long nearest(DoubleToIntFunction sizeAgainst, boolean negative, DType to) {
        int low = 0;
        int high = positiveInfinity(to);
        while (high - low > 1) {
            int middle = (low + high) / 2;
            boolean below = sizeAgainst.applyAsInt(value(to, middle)) < 0;
            high = below ? middle : high;
            low = below ? low : middle;
        }
        int side = sizeAgainst.applyAsInt(halfWay(to, low));
        int chosen = side > 0 || side == 0 && (low & 1) == 1 ? low + 1 : low;
        return negative ? chosen | 0x8000 : chosen;
    }

    /** Half way from a positive number to the next; from the largest, to what would be next. */
    private static double halfWay(DType narrow, int bits) {
        double x = value(narrow, bits);
        boolean last = bits + 1 == positiveInfinity(narrow);
        double step = last ? x - value(narrow, bits - 1) : value(narrow, bits + 1) - x;
        return x + step / 2;
    }

    private static int positiveInfinity(DType narrow) {
        return narrow == DType.F16 ? 0x7C00 : 0x7F80;
    }

    private static long integer(double x, DType to) {
        if (to == DType.BOOL) {
            return x != 0 ? 1 : 0;
        }
        if (Double.isNaN(x)) {
            return 0;
        }
        int bits = 8 * to.byteSize();
        int magnitude = to == DType.U8 ? bits : bits - 1;
        double beyond = Math.scalb(1.0, magnitude);
        long most = (1L << magnitude) - 1;
        long least = to == DType.U8 ? 0 : -most - 1;
        long whole = x >= beyond ? most : x <= least ? least : (long) x;
        return whole & -1L >>> Long.SIZE - bits;
    }

    private static boolean isNaN(long bits, DType dtype) {
        return dtype.isFloating() && Double.isNaN(value(dtype, bits));
    }

    private static String exactly(long bits, DType dtype) {
        return dtype.isFloating() ? "" + value(dtype, bits) : "" + bits;
    }
}
