package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Philox;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

@ExtendWith(OnReference.class)
final class PhiloxTest {
    /** The vectors of Random123's kat_vectors for philox4x32 with 10 rounds. */
    @Test
    void givesTheKnownAnswers() {
        assertBlock(
                new int[] {0, 0},
                new int[] {0, 0, 0, 0},
                new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
        assertBlock(
                new int[] {-1, -1},
                new int[] {-1, -1, -1, -1},
                new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
        assertBlock(
                new int[] {0xa4093822, 0x299f31d0},
                new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
    }

    private static void assertBlock(int[] key, int[] counter, int[] expected) {
        int[] words = {key[0], key[1], counter[2], counter[3]};
        long number = (long) counter[1] << 32 | counter[0] & 0xFFFFFFFFL;
        assertArrayEquals(expected, Philox.block(words, number));
    }

    @Test
    void oneKeyDrawsTheSameAndFoldedKeysDrawOthers() {
        Key key = Key.of(7);
        Set<String> draws = new HashSet<>();
        draws.add(bits(key));
        assertFalse(draws.add(bits(Key.of(7))));
        for (long data = 0; data < 100; data++) {
            draws.add(bits(key.fold(data)));
            draws.add(bits(key.fold(data).fold(0)));
        }
        assertEquals(201, draws.size());
        assertFalse(draws.add(bits(Key.of(7).fold(99))));
    }

    @Test
    void aKeyInATensorFoldsAndDrawsAsOneOfWords() {
        Key words = Key.of(0x1234_5678_9ABCL);
        Key tensor = Key.of(words.asTensor());

        assertArrayEquals(words.words(), tensor.words());
        assertArrayEquals(words.fold(3).words(), tensor.fold(3).words());
        assertEquals(bits(words.fold(3)), bits(tensor.fold(3)));
    }

    @Test
    void aTracedKeyIsAnInputSoThatEachRunDrawsAnew() {
        Tensor first = Key.of(1).asTensor();
        Tensor second = Key.of(2).asTensor();
        Graph graph =
                Graph.trace(
                        in -> new Tensor[] {Random.uniform(Key.of(in[0]).fold(5), DType.F32, 4)},
                        first.type());

        assertArrayEquals(
                Random.uniform(Key.of(1).fold(5), DType.F32, 4).toFloatArray(),
                graph.evaluate(first)[0].toFloatArray());
        assertArrayEquals(
                Random.uniform(Key.of(2).fold(5), DType.F32, 4).toFloatArray(),
                graph.evaluate(second)[0].toFloatArray());
    }

    @Test
    void badKeysAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Key.of(1).fold(-1));
        assertThrows(IllegalArgumentException.class, () -> Key.of(Tensor.zeros(DType.I32, 5)));
        assertThrows(IllegalArgumentException.class, () -> Key.of(Tensor.zeros(DType.I64, 4)));
    }

    private static String bits(Key key) {
        return Arrays.toString(Random.bits(key, 4).toLongArray());
    }
}
