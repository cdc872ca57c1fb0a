package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The expected texts are what NumPy 2 prints with {@code str}, behind the type. */
@ExtendWith(OnReference.class)
class PrintingTest {
    private static String floats(float... values) {
        return Tensor.of(values, values.length).toString();
    }

    @Test
    void numbersLineUpAtThePoint() {
        assertEquals("F32[3] [1.  2.5 3. ]", floats(1, 2.5f, 3));
        assertEquals("F32[3] [-1.25  0.   10.5 ]", floats(-1.25f, 0, 10.5f));
        assertEquals("F32[2] [0.1 0.2]", floats(0.1f, 0.2f));
        assertEquals("F32[2] [0.33333334 1.        ]", floats(1 / 3f, 1));
    }

    @Test
    void numbersFarApartArePrintedWithPowersOfTen() {
        assertEquals("F32[2] [1.0e-05 1.5e+00]", floats(1e-5f, 1.5f));
        assertEquals("F32[2] [1.e+10 2.e+10]", floats(1e10f, 2e10f));
        assertEquals("F32[2] [1000.    1.]", floats(1000, 1));
        assertEquals("F64[2] [1.e+000 1.e-300]", Tensor.of(new double[] {1, 1e-300}, 2).toString());
    }

    @Test
    void whatIsNoNumberIsPrintedAsSuch() {
        float infinity = Float.POSITIVE_INFINITY;
        assertEquals("F32[4] [ nan  inf -inf  1.5]", floats(Float.NaN, infinity, -infinity, 1.5f));
        assertEquals("F32[2] [-0.  0.]", floats(-0f, 0));
    }

    @Test
    void integersAndBooleansAreAlignedToTheRight() {
        assertEquals("I64[3] [  1 -20   3]", Tensor.of(new long[] {1, -20, 3}, 3).toString());
        assertEquals("BOOL[2] [ true false]", Tensor.of(new boolean[] {true, false}, 2).toString());
        assertEquals("U8[2] [  1 255]", Tensor.of(new int[] {1, 255}, 2).cast(DType.U8).toString());
    }

    @Test
    void narrowFloatsPrintTheFewestDigitsThatTellThemApart() {
        Tensor tenths = Tensor.of(new float[] {0.1f, 3.25f}, 2);
        assertEquals("F16[2] [0.1  3.25]", tenths.cast(DType.F16).toString());
        assertEquals("BF16[2] [0.1  3.25]", tenths.cast(DType.BF16).toString());
    }

    @Test
    void rowsStandBelowOneAnother() {
        Tensor count = Tensor.arange(DType.I32, 12);
        assertEquals(
                "I32[3,4]\n[[ 0  1  2  3]\n [ 4  5  6  7]\n [ 8  9 10 11]]",
                count.reshape(3, 4).toString());
        assertEquals(
                "I32[2,2,3]\n[[[ 0  1  2]\n  [ 3  4  5]]\n\n [[ 6  7  8]\n  [ 9 10 11]]]",
                count.reshape(2, 2, 3).toString());
    }

    @Test
    void viewsPrintTheirElements() {
        Tensor count = Tensor.arange(DType.I32, 6).reshape(2, 3);
        assertEquals("I32[3,2]\n[[3 0]\n [4 1]\n [5 2]]", count.flip(0).transpose(0, 1).toString());
        assertEquals(
                "I32[2,2]\n[[7 7]\n [7 7]]",
                Tensor.full(DType.I32, Shape.SCALAR, 7).expand(2, 2).toString());
    }

    @Test
    void longRowsAreBroken() {
        String text = Tensor.arange(DType.I32, 40).toString();
        assertEquals(
                "I32[40] [ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
                        + " 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39]",
                text);
    }

    @Test
    void moreThanAThousandElementsAreSummarized() {
        assertEquals(
                "I32[2000] [   0    1    2 ... 1997 1998 1999]",
                Tensor.arange(DType.I32, 2000).toString());
        assertEquals(
                "I32[100,100]\n"
                        + "[[   0    1    2 ...   97   98   99]\n"
                        + " [ 100  101  102 ...  197  198  199]\n"
                        + " [ 200  201  202 ...  297  298  299]\n"
                        + " ...\n"
                        + " [9700 9701 9702 ... 9797 9798 9799]\n"
                        + " [9800 9801 9802 ... 9897 9898 9899]\n"
                        + " [9900 9901 9902 ... 9997 9998 9999]]",
                Tensor.arange(DType.I32, 10_000).reshape(100, 100).toString());
    }

    @Test
    void hugeViewsAndHighRanksStayShort() {
        Tensor huge = Tensor.scalar(1).expand(1L << 40, 1L << 20);
        assertTrue(huge.toString().startsWith("F32[1099511627776,1048576]\n[[1. 1. 1. ... 1. 1."));
        long[] twos = new long[20];
        java.util.Arrays.fill(twos, 2);
        assertTrue(Tensor.zeros(DType.U8, twos).toString().endsWith(" [...]"));
    }

    @Test
    void scalarsAndEmptyTensorsPrint() {
        assertEquals("F32[] 2.5", Tensor.scalar(2.5f).toString());
        assertEquals("F32[0,3] []", Tensor.zeros(DType.F32, 0, 3).toString());
    }

    @Test
    void tracedAndReleasedTensorsPrintWithoutValues() {
        String[] seen = new String[1];
        Graph.trace(
                in -> {
                    seen[0] = in[0].toString();
                    return in;
                },
                new TensorType(DType.F32, Shape.of(3)));
        assertEquals("F32[3] traced as %0", seen[0]);
        Tensor released;
        try (TensorScope _ = TensorScope.open()) {
            released = Tensor.zeros(DType.F32, 3);
        }
        assertEquals("F32[3] released", released.toString());
    }

    @Test
    void printingWithinATraceRecordsNothing() {
        Tensor stored = Tensor.arange(DType.F32, 4).flip(0);
        Graph graph =
                Graph.trace(
                        in -> {
                            assertEquals("F32[4] [3. 2. 1. 0.]", stored.toString());
                            return in;
                        },
                        new TensorType(DType.F32, Shape.of(3)));
        assertEquals(0, graph.nodes().size());
    }

    @Test
    void graphsPrintAsPrograms() {
        Graph graph =
                Graph.trace(
                        in -> new Tensor[] {in[0].matmul(in[1]).exp().sum(false, 1)},
                        new TensorType(DType.F32, Shape.of(2, 3)),
                        new TensorType(DType.F32, Shape.of(3, 4)));
        assertEquals(
                """
                graph(%0: F32[2,3], %1: F32[3,4])
                  %2: F32[2,4] = matMul(%0, %1)
                  %3: F32[2,4] = exp(%2)
                  %4: F32[2] = reduceSum[axes=[1]](%3)
                  return %4
                """,
                graph.toString());
    }

    @Test
    void shapesDevicesAndKeysPrint() {
        assertEquals("[8,64]", Shape.of(8, 64).toString());
        assertEquals("reference", Device.current().toString());
        assertEquals("Key[7, 0, 0, 0]", Key.of(7).toString());
    }
}
