package dev.ugoki.tensor.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.Random;

class HostArrayTest {
    @Test
    void elementsAreLittleEndianAndRowMajor() {
        assertArrayEquals(
                new byte[] {1, 0, 0, 0, 0, 1, 0, 0, -1, -1, -1, -1},
                HostArray.of(Shape.of(3), 1, 256, -1).toBytes());
        assertArrayEquals(new byte[] {0, 0, -128, 63}, HostArray.of(Shape.SCALAR, 1.0f).toBytes());
        assertArrayEquals(new byte[] {1, 0}, HostArray.of(Shape.of(2), true, false).toBytes());
    }

    @Test
    void valuesComeBackAsTheyWentIn() {
        float[] floats = {0f, -0f, 1.5f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MIN_VALUE};
        assertArrayEquals(floats, HostArray.of(Shape.of(6), floats).toFloats());
        double[] doubles = {Math.PI, -0.0, Double.MAX_VALUE};
        assertArrayEquals(doubles, HostArray.of(Shape.of(3), doubles).toDoubles());
        long[] longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE};
        assertArrayEquals(longs, HostArray.of(Shape.of(3, 1), longs).toLongs());
        int[] ints = {Integer.MIN_VALUE, 7};
        assertArrayEquals(ints, HostArray.of(Shape.of(2), ints).toInts());
        boolean[] booleans = {true, false, true};
        assertArrayEquals(booleans, HostArray.of(Shape.of(3), booleans).toBooleans());
    }

    @Test
    void unsignedBytesReachFrom0To255AndSignedOnesBelow0() {
        byte[] bytes = {0, 127, -128, -1};
        assertArrayEquals(
                new long[] {0, 127, 128, 255},
                HostArray.ofBytes(DType.U8, Shape.of(4), bytes).toLongs());
        assertArrayEquals(
                new int[] {0, 127, -128, -1},
                HostArray.ofBytes(DType.I8, Shape.of(4), bytes).toInts());
    }

    @Test
    void everyF16AndBf16PassesThroughF32AndF64Unchanged() {
        byte[] all = new byte[2 * 65536];
        for (int i = 0; i < 65536; i++) {
            all[2 * i] = (byte) i;
            all[2 * i + 1] = (byte) (i >>> 8);
        }
        for (DType narrow : new DType[] {DType.F16, DType.BF16}) {
            HostArray array = HostArray.ofBytes(narrow, Shape.of(256, 256), all);
            double[] values = array.toDoubles();
            for (DType wide : new DType[] {DType.F32, DType.F64}) {
                HostArray widened = array.to(wide);
                byte[] back = widened.to(narrow).toBytes();
                for (int i = 0; i < 65536; i++) {
                    assertEquals(values[i], widened.doubleAt(i));
                    if (!Double.isNaN(values[i])) {
                        assertEquals(all[2 * i], back[2 * i]);
                        assertEquals(all[2 * i + 1], back[2 * i + 1]);
                    }
                }
            }
        }
    }

    @Test
    void narrowingRoundsOnceToTheNearestWithTiesToEven() {
        Random random = new Random(20);
        for (DType narrow : new DType[] {DType.F16, DType.BF16}) {
            double[] representable = finiteValuesAbove0(narrow);
            for (int trial = 0; trial < 20_000; trial++) {
                int below = random.nextInt(representable.length - 1);
                double low = representable[below];
                double high = representable[below + 1];
                double middle = low + (high - low) / 2;
                double value =
                        switch (trial % 4) {
                            case 0 -> middle;
                            case 1 -> Math.nextUp(middle);
                            case 2 -> Math.nextDown(middle);
                            default -> low + random.nextDouble() * (high - low);
                        };
                int comparison =
                        new BigDecimal(value)
                                .subtract(new BigDecimal(low))
                                .compareTo(new BigDecimal(high).subtract(new BigDecimal(value)));
                // the pattern of a positive number is its rank, so evenness is the rank's
                boolean up = comparison > 0 || comparison == 0 && below % 2 == 1;
                double expected = up ? high : low;
                HostArray rounded = HostArray.of(Shape.SCALAR, -value).to(narrow);
                assertEquals(-expected, rounded.doubleAt(0), narrow + " of " + -value);
            }
        }
    }

    private static double[] finiteValuesAbove0(DType dtype) {
        int infinity = dtype == DType.F16 ? 0x7c00 : 0x7f80;
        byte[] bytes = new byte[2 * infinity];
        for (int i = 0; i < infinity; i++) {
            bytes[2 * i] = (byte) i;
            bytes[2 * i + 1] = (byte) (i >>> 8);
        }
        return HostArray.ofBytes(dtype, Shape.of(infinity), bytes).toDoubles();
    }

    @Test
    void whatIsTooLargeForAFloatingTypeBecomesInfinite() {
        HostArray large = HostArray.of(Shape.of(4), 65519.999, 65520, -1e300, 3.4e38);
        assertArrayEquals(
                new double[] {
                    65504,
                    Double.POSITIVE_INFINITY,
                    Double.NEGATIVE_INFINITY,
                    Double.POSITIVE_INFINITY
                },
                large.to(DType.F16).toDoubles());
        assertEquals(Double.NEGATIVE_INFINITY, large.to(DType.BF16).doubleAt(2));
    }

    @Test
    void aNanStaysOne() {
        HostArray nan = HostArray.of(Shape.of(2), Float.intBitsToFloat(0x7f800001), Float.NaN);
        for (DType dtype : new DType[] {DType.F64, DType.F16, DType.BF16}) {
            assertTrue(Double.isNaN(nan.to(dtype).doubleAt(0)), dtype.toString());
            assertTrue(Double.isNaN(nan.to(dtype).doubleAt(1)), dtype.toString());
        }
    }

    @Test
    void integersRoundOnceToFloatingTypes() {
        long justAboveATie = (1L << 60) + (1L << 52) + 1;
        HostArray array = HostArray.of(Shape.of(2), justAboveATie, Long.MIN_VALUE);
        double next = 0x1p60 + 0x1p53;
        assertEquals(next, array.to(DType.BF16).doubleAt(0));
        assertEquals(-0x1p63, array.to(DType.BF16).doubleAt(1));
        assertEquals((float) justAboveATie, array.toFloats()[0]);
    }

    @Test
    void integersAndBooleansTakeOnlyWhatTheyHoldExactly() {
        HostArray fits = HostArray.of(Shape.of(3), 0.0, 1.0, 127.0);
        assertArrayEquals(new long[] {0, 1, 127}, fits.to(DType.I8).toLongs());
        assertRefused("element 1 is 0.5, which I64 does not hold exactly", DType.I64, 0, 0.5);
        assertRefused("element 0 is NaN, which I32 does not hold exactly", DType.I32, Double.NaN);
        assertRefused("element 0 is 256, which U8 does not hold exactly", DType.U8, 256);
        assertRefused("element 0 is -1, which U8 does not hold exactly", DType.U8, -1);
        assertRefused("element 0 is 128, which I8 does not hold exactly", DType.I8, 128);
        assertRefused("element 0 is 2, which BOOL does not hold exactly", DType.BOOL, 2);
        assertRefused("element 0 is 9.223372036854776E18, which I64", DType.I64, 0x1p63);
    }

    private static void assertRefused(String message, DType target, double... values) {
        HostArray array = HostArray.of(Shape.of(values.length), values);
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> array.to(target));
        assertTrue(refusal.getMessage().contains(message), refusal.getMessage());
    }

    @Test
    void aFloatingArrayIsNotReadAsIntegers() {
        HostArray array = HostArray.of(Shape.of(1), 1f);
        assertMessage(
                "toLongs: the array is F32[1]; convert it with to(DType.I64), or read doubles",
                assertThrows(IllegalStateException.class, array::toLongs));
        assertMessage(
                "toBooleans: the array is F32[1], not BOOL",
                assertThrows(IllegalStateException.class, array::toBooleans));
    }

    @Test
    void memoryOfTheWrongSizeIsRefused() {
        assertMessage(
                "F32[2,3] holds 6 elements, but 5 were given",
                assertThrows(
                        IllegalArgumentException.class,
                        () -> HostArray.of(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f)));
        assertMessage(
                "I64[2] takes 16 bytes, but 15 were given",
                assertThrows(
                        IllegalArgumentException.class,
                        () -> HostArray.ofBytes(DType.I64, Shape.of(2), new byte[15])));
        assertMessage(
                "F64[4611686018427387904]: more bytes than a long can count",
                assertThrows(
                        IllegalArgumentException.class,
                        () -> HostArray.ofBytes(DType.F64, Shape.of(1L << 62))));
    }

    @Test
    void aBooleanIs0Or1() {
        byte[] bytes = new byte[20];
        bytes[17] = -1;
        assertMessage(
                "BOOL[20]: element 17 is 255; a BOOL is 0 or 1",
                assertThrows(
                        IllegalArgumentException.class,
                        () -> HostArray.ofBytes(DType.BOOL, Shape.of(20), bytes)));
    }

    @Test
    void theMemoryIsReadOnlyAndACopyIsItsOwn() {
        MemorySegment memory = MemorySegment.ofArray(new byte[] {1, 2});
        HostArray view = new HostArray(DType.U8, Shape.of(2), memory);
        HostArray copy = view.copy();
        assertThrows(
                IllegalArgumentException.class,
                () -> view.bytes().set(ValueLayout.JAVA_BYTE, 0, (byte) 3));
        memory.set(ValueLayout.JAVA_BYTE, 0, (byte) 9);
        assertEquals(9, view.longAt(0));
        assertEquals(1, copy.longAt(0));
    }

    @Test
    void arraysAreEqualByContent() {
        HostArray array = HostArray.of(Shape.of(2), 1, 2);
        assertEquals(array, HostArray.of(Shape.of(2), 1, 2));
        assertEquals(array.hashCode(), HostArray.of(Shape.of(2), 1, 2).hashCode());
        assertNotEquals(array, HostArray.of(Shape.of(2, 1), 1, 2));
        assertNotEquals(array, HostArray.of(Shape.of(2), 1, 3));
        assertNotEquals(array, HostArray.ofBytes(DType.F32, Shape.of(2), array.toBytes()));
        assertEquals("I32[2]", array.toString());
    }

    @Test
    void anIndexOutsideIsRefused() {
        HostArray array = HostArray.of(Shape.of(2), 1, 2);
        assertMessage(
                "element 2 of I32[2], which has 2",
                assertThrows(IndexOutOfBoundsException.class, () -> array.longAt(2)));
    }

    private static void assertMessage(String expected, Exception exception) {
        assertEquals(expected, exception.getMessage());
    }
}
