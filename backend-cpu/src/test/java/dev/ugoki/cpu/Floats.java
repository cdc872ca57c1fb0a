package dev.ugoki.cpu;

import java.util.Random;

/** F32 and F64 arrays in native memory, for tests: filled from and copied to Java arrays. */
final class Floats {
    private Floats() {}

    /** A block that holds these values; the caller frees it. */
    static long of(float... values) {
        long address = NativeMemory.allocate(4L * values.length);
        for (int i = 0; i < values.length; i++) {
            NativeMemory.setFloat(address + 4L * i, values[i]);
        }
        return address;
    }

    /** A block that holds these values; the caller frees it. */
    static long of(double... values) {
        long address = NativeMemory.allocate(8L * values.length);
        for (int i = 0; i < values.length; i++) {
            NativeMemory.setDouble(address + 8L * i, values[i]);
        }
        return address;
    }

    static float[] read(long address, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = NativeMemory.getFloat(address + 4L * i);
        }
        return values;
    }

    static double[] readDoubles(long address, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = NativeMemory.getDouble(address + 8L * i);
        }
        return values;
    }

    /** The bits of the values, those of every NaN alike. */
    static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }

    /** Normally distributed values. */
    static float[] normal(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    static double[] toDoubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
