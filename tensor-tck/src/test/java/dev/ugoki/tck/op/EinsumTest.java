package dev.ugoki.tck.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.graph.Graph;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Sums of products of any number of operands. */
@ExtendWith(OnReference.class)
final class EinsumTest {
    private static Tensor count(long... shape) {
        Shape whole = Shape.of(shape);
        return Tensor.arange(DType.F64, whole.elementCount()).reshape(whole);
    }

    @Test
    void manyOperandsGiveWhatPyTorchGives() {
        Tensor a = count(2, 3);
        Tensor b = count(3, 4).sub(5);
        Tensor c = count(4, 2).sub(3);
        Tensor d = Tensor.of(new double[] {1, -2}, 2);
        assertArrayEquals(
                new double[] {30, -136, 120, -352},
                Tensor.einsum("ij,jk,kl,l->il", a, b, c, d).toDoubleArray());
        assertEquals(-44, Tensor.einsum("ij,j,i", a, count(3).add(1), d).item());
        assertArrayEquals(
                new double[] {20, 164},
                Tensor.einsum("...ii,...i->...", count(2, 3, 3), count(2, 3)).toDoubleArray());
    }

    @Test
    void randomEquationsGiveWhatSummingOverAllLabelsGives() {
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 300; i++) {
            try (TensorScope _ = TensorScope.open()) {
                checkRandomEquation(random);
            }
        }
    }

    private static void checkRandomEquation(SplittableRandom random) {
        long[] extents = random.longs(5, 1, 4).toArray();
        String[] inputs = new String[random.nextInt(1, 5)];
        Tensor[] operands = new Tensor[inputs.length];
        StringBuilder seen = new StringBuilder();
        for (int i = 0; i < inputs.length; i++) {
            StringBuilder labels = new StringBuilder();
            for (int dim = random.nextInt(4); dim > 0; dim--) {
                labels.append((char) ('a' + random.nextInt(5)));
            }
            inputs[i] = labels.toString();
            seen.append(labels);
            long[] shape = inputs[i].chars().mapToLong(label -> extents[label - 'a']).toArray();
            operands[i] = count(shape).sub(3);
        }
        String output =
                seen.chars()
                        .distinct()
                        .filter(_ -> random.nextBoolean())
                        .mapToObj(Character::toString)
                        .reduce(
                                "",
                                (left, label) ->
                                        random.nextBoolean() ? left + label : label + left);
        String equation = String.join(",", inputs) + "->" + output;
        double[] expected = summed(extents, inputs, operands, output);
        double[] actual = Tensor.einsum(equation, operands).toDoubleArray();
        assertArrayEquals(expected, actual, 1e-9, equation);
    }

    /** Whole numbers, so that every order of adding gives the same. */
    private static double[] summed(
            long[] extents, String[] inputs, Tensor[] operands, String output) {
        double[][] elements =
                Arrays.stream(operands).map(Tensor::toDoubleArray).toArray(double[][]::new);
        boolean[] used = new boolean[extents.length];
        String.join("", inputs).chars().forEach(label -> used[label - 'a'] = true);
        long[] over = new long[extents.length];
        Arrays.setAll(over, i -> used[i] ? extents[i] : 1);
        int results =
                (int)
                        output.chars()
                                .mapToLong(label -> extents[label - 'a'])
                                .reduce(1, (a, b) -> a * b);
        double[] sums = new double[results];
        long[] strides = Shape.of(over).toRowMajorStrides();
        for (long n = 0; n < Shape.of(over).elementCount(); n++) {
            long[] at = new long[over.length];
            for (int i = 0; i < at.length; i++) {
                at[i] = n / strides[i] % over[i];
            }
            double product = 1;
            for (int i = 0; i < inputs.length; i++) {
                product *= elements[i][number(inputs[i], at, extents)];
            }
            sums[number(output, at, extents)] += product;
        }
        return sums;
    }

    private static int number(String labels, long[] at, long[] extents) {
        long number = 0;
        for (char label : labels.toCharArray()) {
            number = number * extents[label - 'a'] + at[label - 'a'];
        }
        return (int) number;
    }

    @Test
    void theCheapestPairIsMultipliedFirst() {
        // From left to right the first product would have a million elements.
        TensorType wide = new TensorType(DType.F32, Shape.of(1000, 2));
        TensorType flat = new TensorType(DType.F32, Shape.of(2, 1000));
        Graph graph =
                Graph.trace(
                        in -> new Tensor[] {Tensor.einsum("ij,jk,kl->il", in)}, wide, flat, wide);
        for (Graph.Node node : graph.nodes()) {
            TensorType type = graph.typeOf(node.results().getFirst());
            assertTrue(type.shape().elementCount() <= 2000, node::toString);
        }
    }

    @Test
    void gradientsReachEveryOperand() {
        Graph.Program chain = in -> new Tensor[] {Tensor.einsum("bij,jk,kki->bk", in)};
        Tensor[] inputs = {
            count(2, 2, 3).mul(0.1), count(3, 2).mul(0.2), count(2, 2, 2).mul(0.3).sub(1)
        };
        GradientCheck.check(chain, inputs);
        GradientCheck.checkSecond(chain, inputs);
    }
}
