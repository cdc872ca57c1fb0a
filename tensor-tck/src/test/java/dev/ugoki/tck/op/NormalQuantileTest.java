package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.op.NormalQuantile;

import org.junit.jupiter.api.Test;

class NormalQuantileTest {
    /** The words whose probability beyond is {@code q}, as near as they come. */
    private static double ofProbability(double q) {
        long m = Math.round(q * 0x1p53 - 0.5);
        return NormalQuantile.ofWords((int) (m >>> 21), (int) (m << 11));
    }

    @Test
    void givesTheQuantilesOfTheTables() {
        assertEquals(0.6744897501960817, ofProbability(0.25), 1e-14);
        assertEquals(1.6448536269514722, ofProbability(0.05), 1e-14);
        assertEquals(1.9599639845400545, ofProbability(0.025), 1e-14);
        assertEquals(3.090232306167813, ofProbability(0.001), 1e-12);
        assertEquals(5.997807015007686, ofProbability(1e-9), 1e-7);
    }

    @Test
    void narrowNumbersAreTheRoundedWideOnes() {
        double worst = 0;
        for (long word = 0; word <= Integer.MAX_VALUE; word += word < 4096 ? 1 : 1031) {
            double wide = wideOf((int) word);
            worst = Math.max(worst, Math.abs(NormalQuantile.ofWord((int) word) - wide) / wide);
        }
        assertTrue(worst < 6e-7, "worst relative error " + worst);
    }

    /** The same probability {@code (word + 0.5) / 2^32} in two words. */
    private static double wideOf(int word) {
        return NormalQuantile.ofWords(word, 1 << 31);
    }

    @Test
    void theSignOfAWordIsThatOfTheNumber() {
        assertEquals(
                -NormalQuantile.ofWord(12345), NormalQuantile.ofWord(12345 | Integer.MIN_VALUE));
        assertTrue(NormalQuantile.ofWord(12345) > 0);
    }

    @Test
    void theRarestWordsAreFinite() {
        assertEquals(6.34, NormalQuantile.ofWord(0), 0.01);
        assertEquals(0, NormalQuantile.ofWord(Integer.MAX_VALUE), 1e-6);
        assertEquals(8.29, NormalQuantile.ofWords(0, 0), 0.01);
    }
}
