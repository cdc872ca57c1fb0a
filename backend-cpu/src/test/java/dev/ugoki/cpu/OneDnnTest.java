package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With the library, {@code mvn -Ppeers -pl backend-cpu -am verify}; without it, what is said. */
class OneDnnTest {
    private static final String WAY = "-D" + OneDnn.PROPERTY + "=on";

    private static boolean isAskedFor() {
        return System.getProperty(OneDnn.PROPERTY) != null;
    }

    @Test
    void isNotTouchedUnlessAskedFor() {
        assumeTrue(!isAskedFor());
        assertFalse(OneDnn.isUsable());
        assertTrue(OneDnn.describe().contains(WAY), OneDnn.describe());
    }

    @Test
    void aCallWithoutItSaysHowToGetIt() {
        assumeTrue(!isAskedFor());
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> OneDnn.sgemm(false, false, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1));
        assertTrue(String.valueOf(e.getMessage()).contains(WAY), e.getMessage());
    }

    @Test
    void whatIsAskedForIsThere() {
        assumeTrue(isAskedFor());
        assertTrue(OneDnn.isUsable(), OneDnn.describe());
        assertTrue(OneDnn.describe().startsWith("oneDNN "), OneDnn.describe());
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "3,5,7", "64,64,64", "33,130,513", "256,300,256"})
    void bf16ProductsAreThoseOfF32RoundedOnce(long m, long n, long k) {
        assumeTrue(OneDnn.isUsable(), OneDnn.describe());
        Tensor a = Random.normal(Key.of(1), DType.F32, m, k).cast(DType.BF16);
        Tensor b = Random.normal(Key.of(2), DType.F32, n, k).cast(DType.BF16).transpose(0, 1);
        float[] expected = a.cast(DType.F32).matmul(b.cast(DType.F32)).toFloatArray();
        float[] got = a.matmul(b).cast(DType.F32).toFloatArray();
        for (int i = 0; i < got.length; i++) {
            float allowed = Math.abs(expected[i]) / 256 + 1e-4f;
            assertTrue(
                    Math.abs(got[i] - expected[i]) <= allowed,
                    i + ": " + got[i] + " and " + expected[i]);
        }
        assertArrayEquals(got, a.matmul(b).cast(DType.F32).toFloatArray());
    }
}
