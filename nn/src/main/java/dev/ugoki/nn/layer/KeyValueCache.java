package dev.ugoki.nn.layer;

import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Keys and values of the tokens that were read, for each layer of a decoder: what comes later
 * attends to them without computing them again.
 *
 * <p>The tensors belong to the scope in which they were made: a cache must not outlive it.
 */
public final class KeyValueCache {
    private final @Nullable Tensor[] keys;
    private final @Nullable Tensor[] values;

    /** An empty cache for a number of layers. */
    public KeyValueCache(int layers) {
        keys = new @Nullable Tensor[layers];
        values = new @Nullable Tensor[layers];
    }

    private KeyValueCache(KeyValueCache other) {
        keys = Arrays.copyOf(other.keys, other.keys.length);
        values = Arrays.copyOf(other.values, other.values.length);
    }

    /** A cache with the same content, which grows by itself: to go on from here more than once. */
    public KeyValueCache copy() {
        return new KeyValueCache(this);
    }

    /** How many tokens a layer has read. */
    public long length(int layer) {
        Tensor known = keys[layer];
        return known == null ? 0 : known.extent(-2);
    }

    /**
     * Adds tokens to a layer.
     *
     * @param newKeys {@code [n, heads, new, width]}
     * @param newValues {@code [n, heads, new, width]}
     * @return keys and values of all tokens so far, {@code [n, heads, length, width]}
     */
    public Tensor[] extend(int layer, Tensor newKeys, Tensor newValues) {
        Tensor allKeys = joined(keys[layer], newKeys);
        Tensor allValues = joined(values[layer], newValues);
        keys[layer] = allKeys;
        values[layer] = allValues;
        return new Tensor[] {allKeys, allValues};
    }

    private static Tensor joined(@Nullable Tensor known, Tensor more) {
        return known == null ? more : Tensor.concat(-2, known, more);
    }
}
