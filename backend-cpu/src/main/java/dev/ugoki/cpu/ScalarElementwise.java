package dev.ugoki.cpu;

/** The loops without the Vector API. */
final class ScalarElementwise implements ElementwiseLoops {
    @Override
    public void unary(UnaryFunction function, long x, long out, long count) {
        for (long i = 0; i < count; i++) {
            float value = ScalarMath.apply(function, NativeMemory.getFloat(x + 4 * i));
            NativeMemory.setFloat(out + 4 * i, value);
        }
    }

    @Override
    public void binary(
            BinaryFunction function, long a, int aStep, long b, int bStep, long out, long count) {
        long aBytes = 4L * aStep;
        long bBytes = 4L * bStep;
        for (long i = 0; i < count; i++) {
            float left = NativeMemory.getFloat(a + aBytes * i);
            float right = NativeMemory.getFloat(b + bBytes * i);
            NativeMemory.setFloat(out + 4 * i, ScalarMath.apply(function, left, right));
        }
    }
}
