package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.graph.Graph;
import dev.ugoki.tensor.op.Composite;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnReference.class)
final class GradientCheckTest {
    /** {@code x^3} with a gradient of {@code factor * x^2}, which should be 3. */
    private record Cube(double factor) implements Composite {
        @Override
        public Tensor[] decompose(Tensor... in) {
            return new Tensor[] {in[0].mul(in[0]).mul(in[0])};
        }

        @Override
        public @Nullable Tensor[] backward(
                Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
            Tensor g = cotangents[0];
            return new Tensor[] {operands[0].mul(operands[0]).mul(factor).mul(g)};
        }
    }

    @Test
    void rightGradientsPass() {
        assertDoesNotThrow(() -> GradientCheck.check(in -> Engine.apply(new Cube(3), in), x()));
        assertDoesNotThrow(
                () -> GradientCheck.checkSecond(in -> Engine.apply(new Cube(3), in), x()));
    }

    @Test
    void aGradientThatIsALittleOffFails() {
        AssertionError e =
                assertThrows(
                        AssertionError.class,
                        () -> GradientCheck.check(in -> Engine.apply(new Cube(3.00001), in), x()));
        assertTrue(e.getMessage().contains("input 0 (F64[3]), element 0"), e.getMessage());
    }

    @Test
    void aGradientThatStopsFails() {
        assertThrows(
                AssertionError.class,
                () -> GradientCheck.check(in -> new Tensor[] {in[0].mul(in[0].detach())}, x()));
    }

    @Test
    void aSecondGradientThatStopsFails() {
        Graph.Program slopeStops =
                in -> new Tensor[] {in[0].mul(in[0]).sub(in[0].mul(in[0].detach())).add(in[0])};

        // The value x^2 - x * stop(x) + x is x, and so its gradient is not x + 1.
        assertThrows(AssertionError.class, () -> GradientCheck.check(slopeStops, x()));
        assertThrows(AssertionError.class, () -> GradientCheck.checkSecond(slopeStops, x()));
    }

    @Test
    void integersAreHeldAndNarrowFloatsRefused() {
        Tensor index = Tensor.of(new long[] {2, 0, 2}, 3);
        assertDoesNotThrow(
                () -> GradientCheck.check(in -> new Tensor[] {in[0].gather(0, in[1])}, x(), index));
        assertThrows(
                IllegalArgumentException.class,
                () -> GradientCheck.check(in -> in, x().cast(DType.F32)));
    }

    private static Tensor x() {
        return Tensor.of(new double[] {0.5, -1.5, 2}, 3);
    }
}
