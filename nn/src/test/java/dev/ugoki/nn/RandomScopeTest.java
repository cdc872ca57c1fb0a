package dev.ugoki.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.layer.Dropout;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

class RandomScopeTest {
    private static final Key KEY = Key.of(5);

    private static Tensor ones() {
        return Tensor.ones(DType.F32, 64);
    }

    @Test
    void dropoutKeepsAFewScaledUp() {
        Dropout dropout = new Dropout(0.25);
        float[] dropped =
                RandomScope.call(KEY, () -> dropout.apply(Tensor.ones(DType.F32, 10_000)))
                        .toFloatArray();
        int kept = 0;
        for (float each : dropped) {
            assertTrue(each == 0 || each == 1 / 0.75f, () -> "was " + each);
            kept += each == 0 ? 0 : 1;
        }
        assertEquals(7_500, kept, 200);
    }

    @Test
    void theSameKeyDropsTheSameAndEachDrawIsItsOwn() {
        Dropout dropout = new Dropout(0.5);
        float[][] first = twice(dropout);
        float[][] again = twice(dropout);
        assertArrayEquals(first[0], again[0]);
        assertArrayEquals(first[1], again[1]);
        assertFalse(Arrays.equals(first[0], first[1]));
    }

    private static float[][] twice(Dropout dropout) {
        return RandomScope.call(
                KEY,
                () ->
                        new float[][] {
                            dropout.apply(ones()).toFloatArray(),
                            dropout.apply(ones()).toFloatArray()
                        });
    }

    @Test
    void inEvaluationDropoutDoesNothingAndNeedsNoKey() {
        Dropout dropout = new Dropout(0.5);
        dropout.eval();
        Tensor x = ones();
        assertSame(x, dropout.apply(x));
    }

    @Test
    void withoutAKeyADrawSaysWhatToDo() {
        var error = assertThrows(IllegalStateException.class, () -> new Dropout(0.5).apply(ones()));
        assertTrue(error.getMessage().contains("RandomScope.call"), error.getMessage());
    }

    @Test
    void anotherThreadMustOpenItsOwnScope() throws InterruptedException {
        IllegalStateException[] caught = new IllegalStateException[1];
        RandomScope.run(
                KEY,
                () -> {
                    // A scoped value is not inherited by a plain thread: there is no key there.
                    Thread other =
                            new Thread(
                                    () ->
                                            caught[0] =
                                                    assertThrows(
                                                            IllegalStateException.class,
                                                            RandomScope::nextKey));
                    other.start();
                    try {
                        other.join();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
        assertTrue(caught[0].getMessage().contains("needs a key"), caught[0].getMessage());
    }

    @Test
    void aProbabilityOfOneIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Dropout(1));
        assertThrows(IllegalArgumentException.class, () -> new Dropout(Double.NaN));
    }

    @Test
    void aCheckpointDropsTheSameInItsSecondPass() {
        Dropout dropout = new Dropout(0.5);
        Tensor x = Tensor.arange(DType.F32, 64).add(1);
        var plain =
                Autograd.valueAndGrad(
                        in ->
                                RandomScope.call(
                                        KEY,
                                        () ->
                                                RandomScope.call(
                                                        RandomScope.nextKey(),
                                                        () -> twoDrops(dropout, in[0]))),
                        x);
        var checkpointed =
                Autograd.valueAndGrad(
                        in ->
                                RandomScope.call(
                                        KEY,
                                        () ->
                                                RandomScope.checkpoint(
                                                        each ->
                                                                new Tensor[] {
                                                                    twoDrops(dropout, each[0])
                                                                },
                                                        in)[0]),
                        x);
        assertEquals(plain.value().item(), checkpointed.value().item());
        float[] gradient = plain.gradients().getFirst().toFloatArray();
        assertArrayEquals(gradient, checkpointed.gradients().getFirst().toFloatArray());
        assertTrue(plain.value().item() > 0);
    }

    private static Tensor twoDrops(Dropout dropout, Tensor x) {
        return dropout.apply(dropout.apply(x.square())).sum();
    }
}
