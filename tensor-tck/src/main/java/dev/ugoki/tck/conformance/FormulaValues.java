package dev.ugoki.tck.conformance;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.io.HostArray;

import java.nio.charset.StandardCharsets;

/**
 * Tensors that cases do not store: their values follow from a name.
 *
 * <pre>
 * u_i = (splitmix64(fnv1a64(name) + i) >>> 40) * 2^-24
 * x_i = offset + scale * (2 * u_i - 1), rounded to F32
 * </pre>
 *
 * <p>i counts the elements row-major; names are hashed as UTF-8. Sources: Fowler, Noll, Vo (the
 * hash FNV-1a); Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014).
 */
public final class FormulaValues {
    private FormulaValues() {}

    /** The values that belong to a name. */
    public static HostArray of(String name, Shape shape, double scale, double offset) {
        return HostArray.of(shape, floats(name, shape, scale, offset));
    }

    static float[] floats(String name, Shape shape, double scale, double offset) {
        long hash = hash(name);
        float[] values = new float[Math.toIntExact(shape.elementCount())];
        for (int i = 0; i < values.length; i++) {
            double u = (splitMix(hash + i) >>> 40) * 0x1p-24;
            values[i] = (float) (offset + scale * (2 * u - 1));
        }
        return values;
    }

    private static long hash(String name) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    private static long splitMix(long state) {
        long z = state + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
