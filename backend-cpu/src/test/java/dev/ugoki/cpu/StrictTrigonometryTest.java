package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

final class StrictTrigonometryTest {
    private static final int COUNT = 300_000;

    @Test
    void allBitsAreThoseOfStrictMath() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < COUNT; i++) {
            check(random.nextDouble(-4, 4));
            check(Math.PI / 4 + random.nextDouble(-1e-6, 1e-6));
            check(0x1p-27 * random.nextDouble(0, 2));
            check(random.nextDouble(-1000, 1000));
            check(random.nextDouble(-5e5, 5e5));
            check(random.nextInt(400_000));
            double multiple = random.nextInt(250_000) * (Math.PI / 2);
            check(multiple + Math.ulp(multiple) * (random.nextInt(9) - 4));
        }
        for (double special : new double[] {0, -0.0, Double.NaN, 1e300, Double.MIN_VALUE, 1e-9}) {
            check(special);
            check(-special);
        }
        check(Double.POSITIVE_INFINITY);
    }

    private static void check(double x) {
        assertEquals(StrictMath.sin(x), StrictTrigonometry.sin(x), () -> "sin of " + x);
        assertEquals(StrictMath.cos(x), StrictTrigonometry.cos(x), () -> "cos of " + x);
    }
}
