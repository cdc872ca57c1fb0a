package dev.ugoki.embodied.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Key;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.stream.IntStream;

class SampleOrderTest {
    private static final Key KEY = Key.of(3);

    @Test
    void everyEpochHasEachSampleOnceInAnOrderOfItsOwn() {
        for (int count : new int[] {1, 2, 7, 100, 1001}) {
            SampleOrder order = new SampleOrder(KEY, count);
            int[] all = IntStream.range(0, count).toArray();
            for (int epoch = 0; epoch < 4; epoch++) {
                int[] samples = order.batch((long) epoch * count, count);
                Arrays.sort(samples);
                assertArrayEquals(all, samples);
            }
        }
        SampleOrder order = new SampleOrder(KEY, 100);
        assertFalse(Arrays.equals(order.batch(0, 100), order.batch(100, 100)));
    }

    @Test
    void aSequenceCanBeginAnywhere() {
        int[] through = new SampleOrder(KEY, 37).batch(0, 200);
        SampleOrder jumping = new SampleOrder(KEY, 37);
        for (int position : new int[] {150, 3, 74, 36, 111}) {
            assertArrayEquals(
                    Arrays.copyOfRange(through, position, position + 50),
                    jumping.batch(position, 50));
            assertEquals(position / 37, jumping.epoch(position));
            assertEquals(position % 37, jumping.offset(position));
        }
    }

    @Test
    void eachSampleIsEquallyLikelyInEachPlace() {
        int count = 6;
        int epochs = 6000;
        int[][] seen = new int[count][count];
        SampleOrder order = new SampleOrder(KEY, count);
        for (int epoch = 0; epoch < epochs; epoch++) {
            int[] samples = order.batch((long) epoch * count, count);
            for (int place = 0; place < count; place++) {
                seen[place][samples[place]]++;
            }
        }
        double expected = (double) epochs / count;
        for (int[] place : seen) {
            for (int times : place) {
                assertTrue(Math.abs(times - expected) < 5 * Math.sqrt(expected), "" + times);
            }
        }
    }

    @Test
    void anotherSeedGivesAnotherOrderAndNoSampleIsRefused() {
        assertFalse(
                Arrays.equals(
                        new SampleOrder(KEY, 50).batch(0, 50),
                        new SampleOrder(Key.of(4), 50).batch(0, 50)));
        assertThrows(IllegalArgumentException.class, () -> new SampleOrder(KEY, 0));
    }
}
