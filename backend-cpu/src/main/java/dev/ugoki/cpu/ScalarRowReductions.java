package dev.ugoki.cpu;

/** The reductions without the Vector API. */
final class ScalarRowReductions implements RowReductions {
    @Override
    public double sum(long x, long count) {
        double[] lanes = new double[LANES];
        for (long i = 0; i < count; i++) {
            lanes[(int) i & LANES - 1] += NativeMemory.getFloat(x + 4 * i);
        }
        for (int distance = LANES / 2; distance > 0; distance /= 2) {
            for (int lane = 0; lane < distance; lane++) {
                lanes[lane] += lanes[lane + distance];
            }
        }
        return lanes[0];
    }

    @Override
    public float maximum(long x, long count) {
        float result = Float.NEGATIVE_INFINITY;
        for (long i = 0; i < count; i++) {
            result = Math.max(result, NativeMemory.getFloat(x + 4 * i));
        }
        return result;
    }

    @Override
    public float minimum(long x, long count) {
        float result = Float.POSITIVE_INFINITY;
        for (long i = 0; i < count; i++) {
            result = Math.min(result, NativeMemory.getFloat(x + 4 * i));
        }
        return result;
    }
}
