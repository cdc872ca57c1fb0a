package dev.ugoki.tensor.kernel;

import dev.ugoki.tensor.kernel.Instruction.Comparison;
import dev.ugoki.tensor.kernel.Instruction.FloatBinaryOperator;
import dev.ugoki.tensor.kernel.Instruction.FloatUnaryOperator;
import dev.ugoki.tensor.kernel.Instruction.IntBinaryOperator;

import java.util.Arrays;

/**
 * The interpreter's loops: each does one instruction over the first {@code n} elements of arrays.
 * An output array may be one of the inputs. Masks are 0 and 1.
 */
final class BlockArithmetic {
    private BlockArithmetic() {}

    static void unary(FloatUnaryOperator operator, float[] x, float[] out, int n) {
        switch (operator) {
            case NEGATE -> negate(x, out, n);
            case ABSOLUTE -> absolute(x, out, n);
            case SQUARE_ROOT -> squareRoot(x, out, n);
        }
    }

    private static void negate(float[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = -x[i];
        }
    }

    private static void absolute(float[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = Math.abs(x[i]);
        }
    }

    private static void squareRoot(float[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (float) Math.sqrt(x[i]);
        }
    }

    static void binary(FloatBinaryOperator operator, float[] x, float[] y, float[] out, int n) {
        switch (operator) {
            case ADD -> add(x, y, out, n);
            case SUBTRACT -> subtract(x, y, out, n);
            case MULTIPLY -> multiply(x, y, out, n);
            case DIVIDE -> divide(x, y, out, n);
        }
    }

    private static void add(float[] x, float[] y, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i] + y[i];
        }
    }

    private static void subtract(float[] x, float[] y, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i] - y[i];
        }
    }

    private static void multiply(float[] x, float[] y, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i] * y[i];
        }
    }

    private static void divide(float[] x, float[] y, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i] / y[i];
        }
    }

    static void multiplyAdd(float[] x, float[] y, float[] z, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = Math.fma(x[i], y[i], z[i]);
        }
    }

    static void binary(IntBinaryOperator operator, int[] x, int[] y, int[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] =
                    switch (operator) {
                        case ADD -> x[i] + y[i];
                        case SUBTRACT -> x[i] - y[i];
                        case MULTIPLY -> x[i] * y[i];
                        case AND -> x[i] & y[i];
                        case OR -> x[i] | y[i];
                        case XOR -> x[i] ^ y[i];
                        case SHIFT_LEFT -> x[i] << y[i];
                        case SHIFT_RIGHT -> x[i] >> y[i];
                        case SHIFT_RIGHT_UNSIGNED -> x[i] >>> y[i];
                    };
        }
    }

    static void compare(Comparison comparison, float[] x, float[] y, int[] out, int n) {
        for (int i = 0; i < n; i++) {
            boolean holds =
                    switch (comparison) {
                        case EQUAL -> x[i] == y[i];
                        case NOT_EQUAL -> x[i] != y[i];
                        case LESS -> x[i] < y[i];
                        case LESS_OR_EQUAL -> x[i] <= y[i];
                        case GREATER -> x[i] > y[i];
                        case GREATER_OR_EQUAL -> x[i] >= y[i];
                    };
            out[i] = holds ? 1 : 0;
        }
    }

    static void compare(Comparison comparison, int[] x, int[] y, int[] out, int n) {
        for (int i = 0; i < n; i++) {
            boolean holds =
                    switch (comparison) {
                        case EQUAL -> x[i] == y[i];
                        case NOT_EQUAL -> x[i] != y[i];
                        case LESS -> x[i] < y[i];
                        case LESS_OR_EQUAL -> x[i] <= y[i];
                        case GREATER -> x[i] > y[i];
                        case GREATER_OR_EQUAL -> x[i] >= y[i];
                    };
            out[i] = holds ? 1 : 0;
        }
    }

    static void select(int[] mask, float[] x, float[] y, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = mask[i] != 0 ? x[i] : y[i];
        }
    }

    static void select(int[] mask, int[] x, int[] y, int[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = mask[i] != 0 ? x[i] : y[i];
        }
    }

    static void toBits(float[] x, int[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = Float.floatToRawIntBits(x[i]);
        }
    }

    static void toFloats(int[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = Float.intBitsToFloat(x[i]);
        }
    }

    static void truncate(float[] x, int[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = (int) x[i];
        }
    }

    static void round(int[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = x[i];
        }
    }

    static float reduce(Reduction reduction, float[] x, int n) {
        float[][] sets = new float[Reduction.SETS][Reduction.LANES];
        for (float[] set : sets) {
            Arrays.fill(set, reduction.identity());
        }
        for (int i = 0; i < n; i++) {
            float[] set = sets[i / Reduction.LANES % Reduction.SETS];
            int lane = i % Reduction.LANES;
            set[lane] = reduction.combine(set[lane], x[i]);
        }
        int next = Math.ceilDiv(n, Reduction.LANES);
        float[] lanes = new float[Reduction.LANES];
        for (int lane = 0; lane < Reduction.LANES; lane++) {
            lanes[lane] =
                    reduction.combine(
                            reduction.combine(
                                    sets[next % Reduction.SETS][lane],
                                    sets[(next + 1) % Reduction.SETS][lane]),
                            reduction.combine(
                                    sets[(next + 2) % Reduction.SETS][lane],
                                    sets[(next + 3) % Reduction.SETS][lane]));
        }
        for (int distance = Reduction.LANES / 2; distance > 0; distance /= 2) {
            for (int lane = 0; lane < distance; lane++) {
                lanes[lane] = reduction.combine(lanes[lane], lanes[lane + distance]);
            }
        }
        return lanes[0];
    }
}
