package dev.ugoki.tck.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Backend;
import dev.ugoki.tensor.spi.BackendProvider;
import dev.ugoki.tensor.spi.Backends;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.List;

/** The reference backend against values worked out by hand. */
@ExtendWith(OnReference.class)
final class ReferenceBackendTest {
    private static final double NAN = Double.NaN;
    private static final double INF = Double.POSITIVE_INFINITY;

    @Test
    void isFoundByNameAndNeverTheDefault() {
        BackendProvider provider =
                Backends.providers().stream()
                        .filter(each -> each.kind().equals(ReferenceProvider.KIND))
                        .findFirst()
                        .orElseThrow();

        assertEquals(-1, provider.priority());
        assertEquals("reference", Device.parse("reference").toString());
    }

    @Test
    void fillAndIotaMakeNumbersOfEveryDType() {
        for (DType dtype : DType.values()) {
            Number one = dtype.isFloating() ? (Number) 1.0 : (Number) 1L;
            assertDoubles(Engine.one(new Prim.Fill(dtype, Shape.of(2), one)), 1, 1);
            assertDoubles(Engine.one(new Prim.Iota(dtype, Shape.of(2, 2), 1)), 0, 1, 0, 1);
            assertDoubles(Engine.one(new Prim.Iota(dtype, Shape.of(2, 2), 0)), 0, 0, 1, 1);
        }
    }

    @Test
    void randomBitsArePhiloxBlocksInOrder() {
        Tensor key = Tensor.of(new int[4], 4);
        Tensor bits = Engine.one(new Prim.RandomBits(Shape.of(2, 3), 0), key);

        // The first block of key 0 is in Random123's known answers.
        long[] words = bits.toLongArray();
        assertEquals(0x6627e8d5, (int) words[0]);
        assertEquals(0xe169c58d, (int) words[1]);
        assertEquals(0xbc57ac4c, (int) words[2]);
        assertEquals(0x9b00dbd8, (int) words[3]);
        Tensor second = Engine.one(new Prim.RandomBits(Shape.of(2), 1), key);
        assertEquals(second.toLongArray()[0], words[4]);
        assertEquals(second.toLongArray()[1], words[5]);
    }

    @Test
    void unaryFunctionsOfNumbersThatHaveKnownValues() {
        assertUnary(Prim.Unary.Kind.NEG, 2, -2);
        assertUnary(Prim.Unary.Kind.ABS, -2.5, 2.5);
        assertUnary(Prim.Unary.Kind.SIGN, -0.1, -1);
        assertUnary(Prim.Unary.Kind.SIGN, 0, 0);
        assertUnary(Prim.Unary.Kind.SQRT, 2.25, 1.5);
        assertUnary(Prim.Unary.Kind.RSQRT, 4, 0.5);
        assertUnary(Prim.Unary.Kind.EXP, 1, Math.E);
        assertUnary(Prim.Unary.Kind.EXPM1, 1e-10, 1.00000000005e-10);
        assertUnary(Prim.Unary.Kind.LOG, Math.E, 1);
        assertUnary(Prim.Unary.Kind.LOG1P, 1e-10, 9.9999999995e-11);
        assertUnary(Prim.Unary.Kind.SIN, Math.PI / 6, 0.5);
        assertUnary(Prim.Unary.Kind.COS, Math.PI / 3, 0.5);
        assertUnary(Prim.Unary.Kind.TAN, Math.PI / 4, 1);
        assertUnary(Prim.Unary.Kind.ASIN, 0.5, Math.PI / 6);
        assertUnary(Prim.Unary.Kind.ACOS, 0.5, Math.PI / 3);
        assertUnary(Prim.Unary.Kind.ATAN, 1, Math.PI / 4);
        assertUnary(Prim.Unary.Kind.SINH, Math.log(2), 0.75);
        assertUnary(Prim.Unary.Kind.COSH, Math.log(2), 1.25);
        assertUnary(Prim.Unary.Kind.TANH, Math.log(2), 0.6);
        assertUnary(Prim.Unary.Kind.ERF, 0.5, 0.5204998778130465);
        assertUnary(Prim.Unary.Kind.SIGMOID, Math.log(3), 0.75);
        assertUnary(Prim.Unary.Kind.FLOOR, -1.5, -2);
        assertUnary(Prim.Unary.Kind.CEIL, -1.5, -1);
        assertUnary(Prim.Unary.Kind.ROUND, 2.5, 2);
        assertUnary(Prim.Unary.Kind.ROUND, 3.5, 4);
        assertUnary(Prim.Unary.Kind.TRUNC, -1.5, -1);
    }

    /** 20 digits from A. and S., table 7.1, and from Wolfram's functions site. */
    @Test
    void theErrorFunctionIsThatOfTheTables() {
        assertUnary(Prim.Unary.Kind.ERF, 0.1, 0.11246291601828489220);
        assertUnary(Prim.Unary.Kind.ERF, 1, 0.84270079294971486934);
        assertUnary(Prim.Unary.Kind.ERF, -1.9, -0.99279042923525746995);
        assertUnary(Prim.Unary.Kind.ERF, 2, 0.99532226501895273416);
        assertUnary(Prim.Unary.Kind.ERF, 3, 0.99997790950300141456);
        assertUnary(Prim.Unary.Kind.ERF, -7, -1);
        assertUnary(Prim.Unary.Kind.ERF, 1e-300, 1.1283791670955126e-300);
    }

    @Test
    void sigmoidKeepsItsPrecisionWhereItIsTiny() {
        assertUnary(Prim.Unary.Kind.SIGMOID, -700, Math.exp(-700));
        assertUnary(Prim.Unary.Kind.SIGMOID, 800, 1);
    }

    @Test
    void notIsLogicalForBoolAndBitwiseForIntegers() {
        assertLongs(Tensor.of(new boolean[] {true, false}, 2).not(), 0, 1);
        assertLongs(integers(DType.I8, 0, 5, -128).not(), -1, -6, 127);
        assertLongs(integers(DType.U8, 0, 5, 255).not(), 255, 250, 0);
    }

    @Test
    void integersWrapToTheirWidth() {
        assertLongs(integers(DType.U8, 200).add(integers(DType.U8, 100)), 44);
        assertLongs(integers(DType.I8, 100).add(integers(DType.I8, 100)), -56);
        assertLongs(integers(DType.I8, -128).neg(), -128);
        assertLongs(integers(DType.I8, -128).abs(), -128);
        assertLongs(integers(DType.U8, 3).sub(integers(DType.U8, 5)), 254);
        assertLongs(
                integers(DType.I32, Integer.MAX_VALUE).mul(integers(DType.I32, 3)),
                Integer.MAX_VALUE - 2);
        assertLongs(
                integers(DType.I64, Long.MAX_VALUE).add(integers(DType.I64, 1)), Long.MIN_VALUE);
    }

    @Test
    void integerDivisionTruncatesAndGivesZeroByZero() {
        Tensor dividends = integers(DType.I32, 7, -7, 7, 5, Integer.MIN_VALUE);
        Tensor divisors = integers(DType.I32, 2, 2, -2, 0, -1);

        assertLongs(dividends.div(divisors), 3, -3, -3, 0, Integer.MIN_VALUE);
        assertLongs(dividends.rem(divisors), 1, -1, 1, 0, 0);
    }

    @Test
    void shiftsGoByTheCountModuloTheWidth() {
        Tensor bits = integers(DType.I8, -128, -128, 1, 1);
        Tensor counts = integers(DType.I8, 3, 11, 7, 8);

        assertLongs(binary(Prim.Binary.Kind.SHIFT_RIGHT, bits, counts), -16, -16, 0, 1);
        assertLongs(binary(Prim.Binary.Kind.SHIFT_RIGHT_UNSIGNED, bits, counts), 16, 16, 0, 1);
        assertLongs(binary(Prim.Binary.Kind.SHIFT_LEFT, bits, counts), 0, 0, -128, 1);
        Tensor unsigned = integers(DType.U8, 128);
        assertLongs(binary(Prim.Binary.Kind.SHIFT_RIGHT, unsigned, integers(DType.U8, 3)), 16);
    }

    @Test
    void bitsAreCombined() {
        Tensor a = integers(DType.I32, 0b1100);
        Tensor b = integers(DType.I32, 0b1010);

        assertLongs(a.and(b), 0b1000);
        assertLongs(a.or(b), 0b1110);
        assertLongs(a.xor(b), 0b0110);
    }

    @Test
    void floatingBinaryFunctions() {
        assertDoubles(doubles(7, -7).rem(doubles(4, 4)), 3, -3);
        assertDoubles(doubles(1, NAN).maximum(doubles(NAN, 1)), NAN, NAN);
        assertDoubles(doubles(1, 2).minimum(doubles(3, NAN)), 1, NAN);
        assertDoubles(doubles(2, 1, NAN, -1, 0).pow(doubles(10, NAN, 0, INF, 0)), 1024, 1, 1, 1, 1);
        assertDoubles(doubles(1).atan2(doubles(-1)), 3 * Math.PI / 4);
        assertDoubles(doubles(1).div(doubles(0)), INF);
    }

    @Test
    void comparisonsWithNaNAreFalseExceptForUnequal() {
        Tensor x = doubles(1, NAN, 2);
        Tensor y = doubles(1, NAN, 3);

        assertLongs(x.eq(y), 1, 0, 0);
        assertLongs(x.ne(y), 0, 1, 1);
        assertLongs(x.lt(y), 0, 0, 1);
        assertLongs(x.le(y), 1, 0, 1);
        assertLongs(x.gt(y), 0, 0, 0);
        assertLongs(x.ge(y), 1, 0, 0);
        assertLongs(integers(DType.U8, 200).gt(integers(DType.U8, 100)), 1);
    }

    @Test
    void selectTakesFromEither() {
        Tensor condition = Tensor.of(new boolean[] {true, false, true}, 3);

        assertDoubles(condition.select(doubles(1, 2, 3), doubles(4, 5, 6)), 1, 5, 3);
    }

    @Test
    void castsToIntegersTruncateSaturateAndWrap() {
        Tensor x = doubles(1.9, -1.9, 300, -300, NAN, 1e30);

        assertLongs(x.cast(DType.I8), 1, -1, 127, -128, 0, 127);
        assertLongs(x.cast(DType.U8), 1, 0, 255, 0, 0, 255);
        assertLongs(x.cast(DType.I32), 1, -1, 300, -300, 0, Integer.MAX_VALUE);
        assertLongs(x.cast(DType.I64), 1, -1, 300, -300, 0, Long.MAX_VALUE);
        assertLongs(x.cast(DType.BOOL), 1, 1, 1, 1, 1, 1);
        assertLongs(integers(DType.I32, 300, -1).cast(DType.U8), 44, 255);
        assertLongs(integers(DType.I32, 0, 256).cast(DType.BOOL), 0, 1);
    }

    @Test
    void castsToNarrowFloatsRoundOnceToNearestEven() {
        // Half way between two F16 numbers, and a little above: rounding to F32 first would hide
        // it.
        double tie = 1 + 0x1p-11;
        assertDoubles(doubles(tie, tie + 0x1p-40).cast(DType.F16), 1, 1 + 0x1p-10);
        assertDoubles(doubles(1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-40).cast(DType.BF16), 1, 1 + 0x1p-7);
        assertDoubles(doubles(65519, 65520, 1e-8).cast(DType.F16), 65504, INF, 0);
        assertDoubles(doubles(0x1p-24, 0x1p-25, 0x1.8p-25).cast(DType.F16), 0x1p-24, 0, 0x1p-24);
        assertDoubles(doubles(NAN, -INF).cast(DType.BF16), NAN, -INF);
        assertDoubles(
                integers(DType.I64, (1L << 62) + (1L << 54) + 1).cast(DType.BF16), 0x1p62 + 0x1p55);
        assertDoubles(
                integers(DType.I64, (1L << 24) + 1, Long.MAX_VALUE).cast(DType.F32),
                0x1p24,
                0x1p63);
    }

    @Test
    void viewsAreAlsoUnderstoodAsCopies() {
        Tensor x = Tensor.arange(DType.I32, 6).reshape(2, 3);

        assertLongs(copied(new Prim.Permute(Axes.of(1, 0)), x, 3, 2), 0, 3, 1, 4, 2, 5);
        assertLongs(
                copied(new Prim.Reshape(Shape.of(3, 2)), x.transpose(0, 1), 3, 2),
                0,
                3,
                1,
                4,
                2,
                5);
        assertLongs(
                copied(new Prim.Expand(Shape.of(2, 3)), x.slice(0, 1, 2), 2, 3), 3, 4, 5, 3, 4, 5);
        Prim.Range both = new Prim.Range(0, 1, 2);
        Prim.Range backwards = new Prim.Range(2, -2, 2);
        assertLongs(copied(new Prim.Slice(List.of(both, backwards)), x, 2, 2), 2, 0, 5, 3);
    }

    @Test
    void padPutsValuesAroundAndBetween() {
        Prim.Pad pad = new Prim.Pad(List.of(new Prim.Edges(1, 2, 1)), 9.0);

        assertDoubles(Engine.one(pad, doubles(1, 2)), 9, 1, 9, 2, 9, 9);
    }

    @Test
    void concatPutsOneAfterTheOther() {
        Tensor x = Tensor.arange(DType.I32, 4).reshape(2, 2);

        assertLongs(Tensor.concat(0, x, x.slice(0, 0, 1)), 0, 1, 2, 3, 0, 1);
        assertLongs(Tensor.concat(1, x, x.slice(1, 0, 1)), 0, 1, 0, 2, 3, 2);
    }

    @Test
    void reductionsCombineAlongAxes() {
        Tensor x = doubles(1, 2, 3, 4, 5, 6).reshape(2, 3);

        assertDoubles(x.sum(false, 0), 5, 7, 9);
        assertDoubles(x.sum(false, 1), 6, 15);
        assertDoubles(x.prod(false, 1), 6, 120);
        assertDoubles(x.max(false, 0), 4, 5, 6);
        assertDoubles(x.min(false), 1);
        assertDoubles(doubles(1, NAN, 3).max(false), NAN);
        assertDoubles(doubles().sum(), 0);
        assertDoubles(doubles().prod(false), 1);
        Tensor truths = Tensor.of(new boolean[] {true, false, false, false}, 2, 2);
        assertLongs(truths.any(false, 1), 1, 0);
        assertLongs(truths.all(false, 0), 0, 0);
        assertLongs(Tensor.of(new boolean[0], 0).all(false), 1);
    }

    @Test
    void sumsOfNarrowFloatsAreRoundedOnce() {
        Tensor ones = Tensor.ones(DType.F16, 4096);

        assertDoubles(ones.sum(), 4096);
        assertDoubles(Tensor.ones(DType.BF16, 512).add(0).sum(), 512);
    }

    @Test
    void argReduceFindsTheFirstAndNaNWins() {
        assertLongs(place(Prim.ArgReduce.Kind.MAX, 1, 3, 3, 2), 1);
        assertLongs(place(Prim.ArgReduce.Kind.MIN, 2, 1, 1), 1);
        assertLongs(place(Prim.ArgReduce.Kind.MAX, 1, NAN, 3, NAN), 1);
        assertLongs(place(Prim.ArgReduce.Kind.MIN, 0.0, -0.0), 0);
    }

    @Test
    void scansRunForwardAndBackward() {
        assertDoubles(scan(Prim.Scan.Kind.SUM, false, 1, 2, 3), 1, 3, 6);
        assertDoubles(scan(Prim.Scan.Kind.SUM, true, 1, 2, 3), 6, 5, 3);
        assertDoubles(scan(Prim.Scan.Kind.PROD, false, 2, 3, 4), 2, 6, 24);
        assertDoubles(scan(Prim.Scan.Kind.MAX, false, 1, 3, 2), 1, 3, 3);
        assertDoubles(scan(Prim.Scan.Kind.MIN, true, 1, NAN, 2), NAN, NAN, 2);
    }

    @Test
    void argSortIsStableBothWaysWithNaNLargest() {
        Tensor x = doubles(2, 1, NAN, 1, 2, -0.0, 0.0);

        assertLongs(Engine.one(new Prim.ArgSort(0, false), x), 5, 6, 1, 3, 0, 4, 2);
        assertLongs(Engine.one(new Prim.ArgSort(0, true), x), 2, 0, 4, 1, 3, 5, 6);
    }

    @Test
    void gatherAndScatterFollowAnIndex() {
        Tensor x = Tensor.arange(DType.I32, 6).reshape(3, 2);
        Tensor index = Tensor.of(new long[] {2, 0, 2, 1}, 2, 2);
        Tensor updates = Tensor.of(new int[] {10, 20, 30, 40}, 2, 2);

        assertLongs(Engine.one(new Prim.Gather(0), x, index), 4, 1, 4, 3);
        Prim.Scatter set = new Prim.Scatter(0, Prim.Scatter.Mode.SET);
        assertLongs(Engine.one(set, x, index, updates), 0, 20, 2, 40, 30, 5);
        Prim.Scatter add = new Prim.Scatter(0, Prim.Scatter.Mode.ADD);
        assertLongs(Engine.one(add, x, index, updates), 0, 21, 2, 43, 44, 5);
    }

    @Test
    void matMulMultipliesInBatches() {
        Tensor a = doubles(1, 2, 3, 4, 5, 6, 7, 8).reshape(2, 2, 2);

        assertDoubles(a.matmul(a), 7, 10, 15, 22, 67, 78, 91, 106);
        assertLongs(
                integers(DType.U8, 20).reshape(1, 1).matmul(integers(DType.U8, 20).reshape(1, 1)),
                144);
    }

    @Test
    void convSlidesWithStridePaddingDilationAndGroups() {
        Tensor x = doubles(1, 2, 3, 4).reshape(1, 1, 4);
        Tensor w = doubles(1, 10).reshape(1, 1, 2);

        assertDoubles(conv(x, w, new Prim.Window(1, 0, 0, 1), 1), 21, 32, 43);
        assertDoubles(conv(x, w, new Prim.Window(2, 1, 1, 1), 1), 10, 32, 4);
        assertDoubles(conv(x, w, new Prim.Window(1, 0, 0, 2), 1), 31, 42);
        Tensor two = doubles(1, 2, 3, 4).reshape(1, 2, 2);
        Tensor each = doubles(1, 10, 2, 20).reshape(2, 1, 2);
        assertDoubles(conv(two, each, new Prim.Window(1, 0, 0, 1), 2), 21, 86);
    }

    @Test
    void gradientsOfConvGatherItsTerms() {
        List<Prim.Window> windows = List.of(new Prim.Window(2, 1, 1, 1));
        Tensor x = doubles(1, 2, 3, 4).reshape(1, 1, 4);
        Tensor w = doubles(5, 7).reshape(1, 1, 2);
        Tensor dy = doubles(1, 10, 100).reshape(1, 1, 3);

        Tensor dx = Engine.one(new Prim.ConvDataGrad(windows, 1, Shape.of(4)), dy, w);
        assertDoubles(dx, 7, 50, 70, 500);
        Tensor dw = Engine.one(new Prim.ConvFilterGrad(windows, 1, Shape.of(2)), x, dy);
        assertDoubles(dw, 2 * 10 + 4 * 100, 1 + 3 * 10);
    }

    @Test
    void anIndexOutOfRangeIsNamed() {
        Tensor x = doubles(1, 2, 3);
        Tensor index = Tensor.of(new int[] {3}, 1);

        IndexOutOfBoundsException e =
                assertThrows(
                        IndexOutOfBoundsException.class,
                        () -> Engine.one(new Prim.Gather(0), x, index));

        assertEquals("gather: index 3 is outside of dimension 0 of extent 3", e.getMessage());
    }

    private static Tensor doubles(double... values) {
        return Tensor.of(values, values.length);
    }

    private static Tensor integers(DType dtype, long... values) {
        return Tensor.of(values, values.length).cast(dtype);
    }

    private static Tensor binary(Prim.Binary.Kind kind, Tensor x, Tensor y) {
        return Engine.one(new Prim.Binary(kind), x, y);
    }

    private static Tensor place(Prim.ArgReduce.Kind kind, double... values) {
        return Engine.one(new Prim.ArgReduce(kind, 0), doubles(values));
    }

    private static Tensor scan(Prim.Scan.Kind kind, boolean reverse, double... values) {
        return Engine.one(new Prim.Scan(kind, 0, reverse), doubles(values));
    }

    private static Tensor conv(Tensor x, Tensor w, Prim.Window window, int groups) {
        return Engine.one(new Prim.Conv(List.of(window), groups), x, w);
    }

    /** The result of an operation that the engine itself would take as a view. */
    private static Tensor copied(Prim op, Tensor x, long... shape) {
        Backend backend = Backends.forDevice(Device.current());
        Tensor result = Tensor.zeros(x.dtype(), shape);
        backend.execute(
                op, new Stored[] {(Stored) x.payload()}, new Stored[] {(Stored) result.payload()});
        return result;
    }

    private static void assertUnary(Prim.Unary.Kind kind, double x, double expected) {
        double actual = Engine.one(new Prim.Unary(kind), doubles(x)).item();
        assertEquals(expected, actual, 2 * Math.ulp(expected), () -> kind + " of " + x);
    }

    private static void assertDoubles(Tensor actual, double... expected) {
        assertArrayEquals(expected, actual.toDoubleArray(), 1e-14);
    }

    private static void assertLongs(Tensor actual, long... expected) {
        assertArrayEquals(expected, actual.toLongArray());
    }
}
