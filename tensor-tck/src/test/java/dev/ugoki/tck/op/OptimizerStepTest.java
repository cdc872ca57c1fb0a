package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.OptimizerStep;

import org.junit.jupiter.api.Test;

class OptimizerStepTest {
    private static final Device REFERENCE = new Device("reference", 0);
    private static final double RATE = 0.01;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;
    private static final double DECAY = 0.1;
    private static final int STEPS = 5;

    private static Tensor setting(double value) {
        return Tensor.full(DType.F64, Shape.SCALAR, value);
    }

    private static Tensor gradient(int step) {
        return Tensor.of(new double[] {Math.sin(step + 1), 1e-6 * step, -3.0 / (step + 1)}, 3);
    }

    private static double[] trained(OptimizerStep op, double... settings) {
        return REFERENCE.call(
                () -> {
                    Tensor parameter = Tensor.of(new double[] {1, -2, 0.5}, 3);
                    Tensor first = Tensor.of(new double[3], 3);
                    Tensor second = Tensor.of(new double[3], 3);
                    for (int step = 0; step < STEPS; step++) {
                        Tensor[] operands = new Tensor[op.operandNames().size()];
                        operands[0] = parameter;
                        operands[1] = gradient(step);
                        operands[2] = first;
                        if (op.tensorCount() > 3) {
                            operands[3] = second;
                            operands[9] = setting(1 - Math.pow(BETA1, step + 1));
                            operands[10] = setting(1 - Math.pow(BETA2, step + 1));
                        }
                        for (int i = 0; i < settings.length; i++) {
                            operands[op.tensorCount() + i] = setting(settings[i]);
                        }
                        Engine.update(op, operands);
                    }
                    return parameter.toDoubleArray();
                });
    }

    private static double[] expectedAdam(boolean decoupled) {
        double[] p = {1, -2, 0.5};
        double[] m = new double[3];
        double[] v = new double[3];
        for (int step = 0; step < STEPS; step++) {
            double[] g = REFERENCE.call(gradientOf(step));
            for (int i = 0; i < 3; i++) {
                double each = g[i] + (decoupled ? 0 : DECAY * p[i]);
                p[i] *= decoupled ? 1 - RATE * DECAY : 1;
                m[i] = BETA1 * m[i] + (1 - BETA1) * each;
                v[i] = BETA2 * v[i] + (1 - BETA2) * each * each;
                double mean = m[i] / (1 - Math.pow(BETA1, step + 1));
                double square = v[i] / (1 - Math.pow(BETA2, step + 1));
                p[i] -= RATE * mean / (Math.sqrt(square) + EPSILON);
            }
        }
        return p;
    }

    private static java.util.concurrent.Callable<double[]> gradientOf(int step) {
        return () -> gradient(step).toDoubleArray();
    }

    @Test
    void adamWDecaysWeightsApartFromTheMoments() {
        double[] trained =
                trained(new OptimizerStep.AdamWStep(), RATE, BETA1, BETA2, EPSILON, DECAY);
        assertArrayEquals(expectedAdam(true), trained, 1e-12);
    }

    @Test
    void adamDecaysWeightsThroughTheGradient() {
        double[] trained =
                trained(new OptimizerStep.AdamStep(), RATE, BETA1, BETA2, EPSILON, DECAY);
        assertArrayEquals(expectedAdam(false), trained, 1e-12);
    }

    @Test
    void sgdFollowsItsVelocity() {
        for (boolean nesterov : new boolean[] {false, true}) {
            double[] p = {1, -2, 0.5};
            double[] v = new double[3];
            for (int step = 0; step < STEPS; step++) {
                double[] g = REFERENCE.call(gradientOf(step));
                for (int i = 0; i < 3; i++) {
                    double each = g[i] + DECAY * p[i];
                    v[i] = 0.9 * v[i] + each;
                    p[i] -= RATE * (nesterov ? each + 0.9 * v[i] : v[i]);
                }
            }
            double[] trained = trained(new OptimizerStep.SgdStep(nesterov), RATE, 0.9, DECAY);
            assertArrayEquals(p, trained, 1e-12);
        }
    }

    @Test
    void aSettingOfAnotherDtypeIsNamed() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> REFERENCE.run(OptimizerStepTest::stepWithNarrowRate));
        assertTrue(
                e.getMessage().startsWith("sgdStep: the learningRate must be F64[], not F32[]"),
                e.getMessage());
    }

    private static void stepWithNarrowRate() {
        Tensor p = Tensor.of(new double[] {1}, 1);
        Tensor g = Tensor.of(new double[] {1}, 1);
        Tensor v = Tensor.of(new double[] {0}, 1);
        Engine.update(
                new OptimizerStep.SgdStep(false),
                p,
                g,
                v,
                Tensor.scalar(0.1f),
                setting(0),
                setting(0));
    }

    @Test
    void onlyWhatIsDeclaredIsOverwritten() {
        OptimizerStep adam = new OptimizerStep.AdamWStep();
        assertEquals(0, adam.overwrites(0));
        assertEquals(2, adam.overwrites(1));
        assertEquals(3, adam.overwrites(2));
    }
}
