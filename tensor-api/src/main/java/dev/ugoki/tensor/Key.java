package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

/**
 * What a random draw depends on, besides its shape: the same key draws the same bits, on every
 * backend and machine.
 *
 * <p>A key is used for one draw; more come from {@link #fold}. Under a trace a key is a value of
 * the program, so that a compiled program does not draw the same numbers again: make it of an input
 * with {@link #of(Tensor)}.
 *
 * <p>128 bits: two words are Philox's key, two the upper half of its counter.
 */
public final class Key {
    /** Block numbers from here up make keys, those below make draws. */
    private static final long FIRST_CHILD = Long.MIN_VALUE;

    private final int @Nullable [] words;
    private final @Nullable Tensor tensor;

    private Key(int @Nullable [] words, @Nullable Tensor tensor) {
        this.words = words;
        this.tensor = tensor;
    }

    /** The key of a seed. */
    public static Key of(long seed) {
        return new Key(new int[] {(int) seed, (int) (seed >>> 32), 0, 0}, null);
    }

    /**
     * The key in a tensor, I32[4].
     *
     * @throws IllegalArgumentException if it is of another type
     */
    public static Key of(Tensor words) {
        if (!words.type().equals(dev.ugoki.tensor.op.TypeRules.KEY)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("key")
                            + ": must be "
                            + dev.ugoki.tensor.op.TypeRules.KEY
                            + ", is "
                            + words.type());
        }
        return new Key(null, words);
    }

    /** A key of its own for each {@code data}, such as a step or a layer's number; not negative. */
    public Key fold(long data) {
        if (data < 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("key") + ": cannot fold in a negative number: " + data);
        }
        if (words != null) {
            return new Key(Philox.block(words, FIRST_CHILD + data), null);
        }
        return new Key(
                null, Engine.one(new Prim.RandomBits(Shape.of(4), FIRST_CHILD + data), asTensor()));
    }

    /** The words as a tensor, I32[4]. */
    public Tensor asTensor() {
        if (tensor != null) {
            return tensor;
        }
        if (words == null) {
            throw new IllegalStateException("a key has words or a tensor");
        }
        return Tensor.of(words.clone(), 4);
    }

    /** {@code Key[..]} with its words, or the type of the tensor that holds them. */
    @Override
    public String toString() {
        return words != null
                ? "Key" + java.util.Arrays.toString(words)
                : "Key[" + (tensor == null ? "" : tensor.type()) + "]";
    }

    /** The four words of a key that is not a traced value. */
    public int[] words() {
        if (words != null) {
            return words.clone();
        }
        return java.util.Arrays.stream(asTensor().toLongArray()).mapToInt(w -> (int) w).toArray();
    }
}
