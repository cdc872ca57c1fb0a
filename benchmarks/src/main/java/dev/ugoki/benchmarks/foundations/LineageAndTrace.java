package dev.ugoki.benchmarks.foundations;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Prim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Whether payload, lineage and trace carry what is to come: second derivatives, a checkpointed
 * dropout, an optimizer's step as a program, a sampler's loop as one operation.
 */
final class LineageAndTrace {
    private LineageAndTrace() {}

    static List<Foundations.Finding> ask() {
        try (TensorScope _ = TensorScope.open()) {
            return List.of(
                    finding("The second derivative of sum(tanh(x)^3), in F64", secondDerivative()),
                    finding(
                            "A checkpointed layer with dropout: value and gradient have the bits of"
                                    + " the plain one",
                            checkpointedDropout()),
                    finding(
                            "AdamW traced to a program and run: the bits of the eager step",
                            tracedStep()),
                    finding(
                            "A sampler of 100 steps as one loop operation: the bits of the steps",
                            samplerLoop()));
        }
    }

    private static Foundations.Finding finding(String question, boolean holds) {
        return new Foundations.Finding(question, "holds", holds ? "holds" : "**does not hold**");
    }

    private static boolean secondDerivative() {
        Tensor x = Autograd.variable(Random.normal(Key.of(1), DType.F64, 9));
        Tensor y = x.tanh().pow(3).sum();
        Tensor first = Autograd.gradientsToDifferentiate(y, List.of(x)).getFirst();
        double[] second = Autograd.gradients(first.sum(), List.of(x)).getFirst().toDoubleArray();
        double[] at = x.toDoubleArray();
        for (int i = 0; i < at.length; i++) {
            double t = StrictMath.tanh(at[i]);
            double d = 1 - t * t;
            double exact = 6 * t * d * d - 6 * t * t * t * d;
            if (Math.abs(second[i] - exact) > 1e-12) {
                return false;
            }
        }
        return true;
    }

    private static boolean checkpointedDropout() {
        Tensor x = Random.normal(Key.of(2), DType.F32, 16, 16);
        Key key = Key.of(3);
        Graph.Program layer =
                in -> new Tensor[] {Random.dropout(key, in[0].matmul(in[0]).gelu(), 0.5)};
        var plain = Autograd.valueAndGrad(in -> layer.apply(in)[0].square().sum(), x);
        var saved =
                Autograd.valueAndGrad(in -> Autograd.checkpoint(layer, in)[0].square().sum(), x);
        return same(plain.value(), saved.value())
                && same(plain.gradients().getFirst(), saved.gradients().getFirst());
    }

    private static boolean tracedStep() {
        List<Tensor> operands = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            operands.add(Random.uniform(Key.of(10 + i), DType.F32, 50));
        }
        for (double setting : new double[] {1e-3, 0.9, 0.99, 1e-8, 1e-2, 0.1, 0.01}) {
            operands.add(Tensor.full(DType.F64, Shape.SCALAR, setting));
        }
        Tensor[] inputs = operands.toArray(Tensor[]::new);
        TensorType[] types = operands.stream().map(Tensor::type).toArray(TensorType[]::new);
        Graph.Program step = in -> Engine.apply(new OptimizerStep.AdamWStep(), in);
        Tensor[] eager = step.apply(inputs);
        Tensor[] traced = Graph.trace(step, types).evaluate(inputs);
        return same(eager[0], traced[0]) && same(eager[1], traced[1]) && same(eager[2], traced[2]);
    }

    private static boolean samplerLoop() {
        Tensor weight = Random.normal(Key.of(5), DType.F32, 8, 8);
        Tensor start = Random.normal(Key.of(6), DType.F32, 4, 8);
        TensorType index = new TensorType(DType.I64, Shape.SCALAR);
        Graph body =
                Graph.trace(
                        in ->
                                new Tensor[] {
                                    in[1].sub(
                                            in[1].matmul(in[2])
                                                    .tanh()
                                                    .mul(in[0].cast(DType.F32).mul(1e-4)))
                                },
                        index,
                        start.type(),
                        weight.type());
        Tensor looped = Engine.apply(new Prim.Loop(body, 100), start, weight)[0];
        Tensor stepped = start;
        for (long step = 0; step < 100; step++) {
            Tensor number = Tensor.full(DType.I64, Shape.SCALAR, step);
            stepped = body.evaluate(number, stepped, weight)[0];
        }
        return same(looped, stepped);
    }

    private static boolean same(Tensor a, Tensor b) {
        return Arrays.equals(a.toFloatArray(), b.toFloatArray());
    }
}
