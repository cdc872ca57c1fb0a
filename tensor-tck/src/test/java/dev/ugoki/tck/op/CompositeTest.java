package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Clamp;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Erfinv;
import dev.ugoki.tensor.op.Interpolate;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.MathFunction;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.op.ScaledDotProductAttention;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** What must hold of every composite, whatever it computes. */
class CompositeTest {
    private static final Device REFERENCE = new Device("reference", 0);
    private static final TensorType KEY = new TensorType(DType.I32, Shape.of(4));

    /** A composite and the types of operands to try it on. */
    record Row(Composite op, TensorType... operands) {
        @Override
        public String toString() {
            return op + " of " + Arrays.toString(operands);
        }
    }

    private static TensorType f64(long... shape) {
        return new TensorType(DType.F64, Shape.of(shape));
    }

    private static TensorType i64(long... shape) {
        return new TensorType(DType.I64, Shape.of(shape));
    }

    private static TensorType bool(long... shape) {
        return new TensorType(DType.BOOL, Shape.of(shape));
    }

    static Stream<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (Activation activation :
                List.of(
                        new Activation.Relu(),
                        new Activation.LeakyRelu(0.2),
                        new Activation.Elu(0.7),
                        new Activation.Silu(),
                        new Activation.Gelu(),
                        new Activation.GeluTanh(),
                        new Activation.Mish(),
                        new Activation.Softplus(),
                        new Activation.LogSigmoid(),
                        new Activation.Hardswish(),
                        new Activation.Relu6(),
                        new Activation.Hardsigmoid(),
                        new Activation.Hardtanh(-0.5, 0.6),
                        new Activation.Selu(),
                        new Activation.Celu(1.2),
                        new Activation.Threshold(0.1, -3),
                        new Activation.Softsign(),
                        new Activation.Tanhshrink(),
                        new Activation.Softshrink(0.3),
                        new Activation.Hardshrink(0.3))) {
            rows.add(new Row(activation, f64(3, 4)));
            rows.add(new Row(new Activation.Gradient(activation), f64(3, 4), f64(3, 4)));
        }
        for (MathFunction function :
                List.of(
                        new MathFunction.Asinh(),
                        new MathFunction.Atanh(),
                        new MathFunction.Erfc(),
                        new MathFunction.Sinc())) {
            rows.add(new Row(function, f64(3, 4)));
        }
        rows.add(new Row(new MathFunction.LogAddExp(), f64(5), f64(5)));
        rows.add(new Row(new MathFunction.Hypot(), f64(5), f64(5)));
        List<Prim.Window> windows =
                List.of(new Prim.Window(2, 1, 1, 1), new Prim.Window(1, 0, 0, 2));
        rows.addAll(
                List.of(
                        new Row(new Clamp(-0.3, 0.4), f64(7)),
                        new Row(new Erfinv(), f64(5)),
                        new Row(new Linear(), f64(2, 3, 4), f64(5, 4)),
                        new Row(new Linear(), f64(4), f64(5, 4), f64(5)),
                        new Row(new Likelihood.Softmax(1), f64(2, 3, 2)),
                        new Row(new Likelihood.LogSoftmax(0), f64(2, 3)),
                        new Row(new Likelihood.LogSumExp(Axes.of(0, 2)), f64(2, 3, 2)),
                        new Row(new Likelihood.SoftmaxGradient(1), f64(2, 3, 2), f64(2, 3, 2)),
                        new Row(new Likelihood.LogSoftmaxGradient(0), f64(2, 3), f64(2, 3)),
                        new Row(new ElementaryGradient.TanhGradient(), f64(2, 3), f64(2, 3)),
                        new Row(new ElementaryGradient.SigmoidGradient(), f64(2, 3), f64(2, 3)),
                        new Row(
                                new Likelihood.CrossEntropyGradient(0.1, 1),
                                f64(4, 3),
                                i64(4),
                                f64(4),
                                f64(4),
                                f64(4)),
                        new Row(new Likelihood.CrossEntropy(0, -100), f64(4, 3), i64(4)),
                        new Row(new Likelihood.CrossEntropy(0.1, 1), f64(4, 3, 2), i64(4, 2)),
                        new Row(new Normalization.LayerNorm(1, 1e-5), f64(2, 3, 4)),
                        new Row(
                                new Normalization.LayerNorm(2, 1e-5),
                                f64(2, 3, 4),
                                f64(3, 4),
                                f64(3, 4)),
                        new Row(new Normalization.LayerNorm(1, 1e-5), f64(4), f64(4)),
                        new Row(new Normalization.RmsNorm(1, 1e-6), f64(2, 4)),
                        new Row(new Normalization.RmsNorm(1, 1e-6), f64(2, 4), f64(4)),
                        new Row(new Normalization.GroupNorm(2, 1e-5), f64(2, 4, 3)),
                        new Row(
                                new Normalization.GroupNorm(2, 1e-5),
                                f64(2, 4, 3, 2),
                                f64(4),
                                f64(4)),
                        new Row(new Normalization.BatchNorm(1e-5), f64(3, 2, 4), f64(2), f64(2)),
                        new Row(
                                new Normalization.BatchNormInference(1e-5),
                                f64(3, 2, 4),
                                f64(2),
                                f64(2),
                                f64(2),
                                f64(2)),
                        new Row(
                                new ScaledDotProductAttention(0.5, false),
                                f64(2, 3, 4),
                                f64(2, 5, 4),
                                f64(2, 5, 2)),
                        new Row(
                                new ScaledDotProductAttention(0.5, true),
                                f64(2, 3, 4),
                                f64(2, 5, 4),
                                f64(2, 5, 2),
                                bool(2, 3, 5)),
                        new Row(new Pooling.MaxPool(Shape.of(3, 2), windows), f64(1, 2, 5, 6)),
                        new Row(
                                new Pooling.AvgPool(Shape.of(3, 2), windows, true),
                                f64(1, 2, 5, 6)),
                        new Row(
                                new Pooling.AvgPool(Shape.of(3, 2), windows, false),
                                f64(1, 2, 5, 6)),
                        new Row(new Pooling.AdaptiveAvgPool(Shape.of(1, 4)), f64(1, 2, 5, 6)),
                        new Row(
                                new Interpolate(Shape.of(7, 3), Interpolate.Mode.NEAREST, false),
                                f64(1, 2, 5, 6)),
                        new Row(
                                new Interpolate(Shape.of(7), Interpolate.Mode.CUBIC, false),
                                f64(1, 2, 5)),
                        new Row(
                                new Interpolate(Shape.of(7), Interpolate.Mode.LINEAR, true),
                                f64(1, 2, 5)),
                        new Row(new RandomDraw.RandomUniform(DType.F64, Shape.of(3)), KEY),
                        new Row(new RandomDraw.RandomUniform(DType.BF16, Shape.of(3)), KEY),
                        new Row(new RandomDraw.RandomIntegers(-3, 7, Shape.of(2, 2)), KEY),
                        new Row(new RandomDraw.RandomIntegers(0, 1L << 40, Shape.of(3)), KEY),
                        new Row(new RandomDraw.RandomNormal(DType.F32, Shape.of(3)), KEY),
                        new Row(new RandomDraw.RandomNormal(DType.F64, Shape.of(3)), KEY),
                        step(new OptimizerStep.SgdStep(true)),
                        step(new OptimizerStep.AdamStep()),
                        step(new OptimizerStep.AdamWStep())));
        return rows.stream();
    }

    private static Row step(OptimizerStep op) {
        TensorType[] operands = new TensorType[op.operandNames().size()];
        for (int i = 0; i < operands.length; i++) {
            operands[i] = i < op.tensorCount() ? f64(3, 2) : OptimizerStep.SETTING;
        }
        return new Row(op, operands);
    }

    /** Numbers within (-1, 1), or positive for what must be; classes; keys. */
    private static Tensor[] operands(Row row) {
        Tensor[] operands = new Tensor[row.operands().length];
        for (int i = 0; i < operands.length; i++) {
            TensorType type = row.operands()[i];
            Key key = Key.of(100 + i);
            long[] shape = type.shape().toArray();
            operands[i] =
                    switch (type.dtype()) {
                        case I64 -> Random.integers(key, 0, 3, shape);
                        case I32 -> key.asTensor();
                        case BOOL -> Random.bernoulli(key, 0.5, shape);
                        default -> {
                            double low =
                                    row.op() instanceof OptimizerStep
                                                    || row.op()
                                                                    instanceof
                                                                    Normalization.BatchNormInference
                                                            && i == 2
                                            ? 0.1
                                            : -0.9;
                            yield Random.uniformBetween(low, 0.9, key, DType.F64, shape);
                        }
                    };
        }
        return operands;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void saysTheTypesThatItMakes(Row row) {
        REFERENCE.run(
                () -> {
                    Tensor[] operands = operands(row);
                    Tensor[] results = row.op().decompose(operands);
                    TensorType[] types =
                            Arrays.stream(results).map(Tensor::type).toArray(TensorType[]::new);
                    assertArrayEquals(row.op().infer(row.operands()), types);
                    assertEquals(row.op().resultCount(), types.length);
                });
    }

    @ParameterizedTest
    @MethodSource("rows")
    void givesTheSameBitsUnderATrace(Row row) {
        REFERENCE.run(
                () -> {
                    Tensor[] operands = operands(row);
                    Tensor[] eager = row.op().decompose(operands);
                    Graph graph = Graph.trace(row.op()::decompose, row.operands());
                    Tensor[] traced = graph.evaluate(operands);
                    for (int i = 0; i < eager.length; i++) {
                        assertArrayEquals(
                                eager[i].toDoubleArray(), traced[i].toDoubleArray(), "" + i);
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("rows")
    void hasTheGradientOfItsDecomposition(Row row) {
        REFERENCE.run(
                () -> {
                    Tensor[] operands = operands(row);
                    List<double[]> own = gradients(row.op(), operands);
                    List<double[]> expected = gradients(new Decomposed(row.op()), operands);
                    for (int i = 0; i < own.size(); i++) {
                        assertArrayEquals(expected.get(i), own.get(i), 1e-12, "operand " + i);
                    }
                });
    }

    /** An operation that is differentiated by its decomposition. */
    record Decomposed(Composite of) implements Composite {
        @Override
        public int resultCount() {
            return of.resultCount();
        }

        @Override
        public TensorType[] infer(TensorType... operands) {
            return of.infer(operands);
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            return of.decompose(operands);
        }
    }

    private static List<double[]> gradients(Composite op, Tensor[] operands) {
        Tensor[] followed = new Tensor[operands.length];
        List<Tensor> variables = new ArrayList<>();
        for (int i = 0; i < operands.length; i++) {
            followed[i] = operands[i];
            if (operands[i].dtype().isFloating()) {
                followed[i] = Autograd.variable(operands[i]);
                variables.add(followed[i]);
            }
        }
        Tensor result = Engine.apply(op, followed)[0];
        if (variables.isEmpty() || !result.dtype().isFloating()) {
            return List.of();
        }
        Tensor cotangent =
                Random.uniformBetween(-1, 1, Key.of(7), DType.F64, result.shape().toArray());
        Tensor loss = result.mul(cotangent).sum();
        return Autograd.gradients(loss, variables).stream().map(Tensor::toDoubleArray).toList();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void hasTheGradientOfCentralDifferences(Row row) {
        if (row.op() instanceof OptimizerStep || row.op() instanceof RandomDraw) {
            return;
        }
        REFERENCE.run(
                () -> {
                    Tensor[] operands = operands(row);
                    List<double[]> own = gradients(row.op(), operands);
                    int next = 0;
                    for (int i = 0; i < operands.length; i++) {
                        if (operands[i].dtype().isFloating()) {
                            double[] numeric = centralDifferences(row.op(), operands, i);
                            assertArrayEquals(numeric, own.get(next++), 1e-6, "operand " + i);
                        }
                    }
                });
    }

    private static double[] centralDifferences(Composite op, Tensor[] operands, int which) {
        double step = 1e-6;
        double[] values = operands[which].toDoubleArray();
        double[] slopes = new double[values.length];
        for (int at = 0; at < values.length; at++) {
            slopes[at] =
                    (loss(op, operands, which, at, step) - loss(op, operands, which, at, -step))
                            / (2 * step);
        }
        return slopes;
    }

    private static double loss(
            Composite op, Tensor[] operands, int which, int at, double difference) {
        double[] values = operands[which].toDoubleArray();
        values[at] += difference;
        Tensor[] moved = operands.clone();
        moved[which] = Tensor.of(values, operands[which].shape().toArray());
        Tensor result = Engine.apply(op, moved)[0];
        Tensor cotangent =
                Random.uniformBetween(-1, 1, Key.of(7), DType.F64, result.shape().toArray());
        return result.mul(cotangent).sum().item();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void computesHalfPrecisionAsWellAsItsResultsAllow(Row row) {
        if (row.op() instanceof RandomDraw || row.op() instanceof OptimizerStep) {
            return;
        }
        REFERENCE.run(
                () -> {
                    Tensor[] wide = operands(row);
                    Tensor[] half = new Tensor[wide.length];
                    for (int i = 0; i < half.length; i++) {
                        boolean floating = wide[i].dtype().isFloating();
                        half[i] = floating ? wide[i].cast(DType.F16) : wide[i];
                        wide[i] = floating ? half[i].cast(DType.F64) : wide[i];
                    }
                    Tensor result = Engine.apply(row.op(), half)[0];
                    assertEquals(DType.F16, result.dtype());
                    double[] expected = Engine.apply(row.op(), wide)[0].toDoubleArray();
                    double[] actual = result.toDoubleArray();
                    for (int i = 0; i < expected.length; i++) {
                        // Half a unit of F16's eleven bits, and a little for F32 on the way.
                        double allowed = 5e-4 * Math.abs(expected[i]) + 1e-6;
                        if (row.op() instanceof Linear) {
                            allowed += 2e-3;
                        }
                        assertTrue(
                                Math.abs(actual[i] - expected[i]) <= allowed,
                                () -> row + ": " + Arrays.toString(actual));
                    }
                });
    }
}
