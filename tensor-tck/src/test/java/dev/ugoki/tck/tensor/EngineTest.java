package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.RowCheck;
import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Overwrite;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnReference.class)
final class EngineTest {
    /** Parameter, momentum, gradient: {@code m <- m / 2 + g, p <- p - m}, both in place. */
    private record Momentum() implements Composite {
        @Override
        public int resultCount() {
            return 2;
        }

        @Override
        public int overwrites(int result) {
            return result;
        }

        @Override
        public Tensor[] decompose(Tensor... in) {
            Tensor momentum = in[1].mul(0.5).add(in[2]);
            return new Tensor[] {in[0].sub(momentum), momentum};
        }
    }

    @Test
    void updateWritesResultsOverOperands() {
        Tensor p = Tensor.of(new float[] {1, 2}, 2);
        Tensor m = Tensor.of(new float[] {4, 8}, 2);
        Tensor alias = p.reshape(1, 2);

        Engine.update(new Momentum(), p, m, Tensor.of(new float[] {10, 20}, 2));

        assertArrayEquals(new float[] {-11, -22}, p.toFloatArray());
        assertArrayEquals(new float[] {12, 24}, m.toFloatArray());
        assertArrayEquals(new float[] {-11, -22}, alias.toFloatArray());
    }

    @Test
    void updateCountsVersions() {
        Tensor p = Tensor.of(new float[] {1, 2}, 2);
        int before = version(p);

        Engine.update(new Overwrite(), p, Tensor.zeros(DType.F32, 2));

        assertEquals(before + 1, version(p));
    }

    @Test
    void updateOfAPartLeavesTheRest() {
        Tensor all = Tensor.arange(DType.F32, 6).reshape(3, 2);

        Engine.update(
                new Overwrite(),
                all.slice(0, 1, 2),
                Tensor.full(DType.F32, dev.ugoki.tensor.Shape.of(1, 2), 9));

        assertArrayEquals(new float[] {0, 1, 9, 9, 4, 5}, all.toFloatArray());
    }

    @Test
    void updateFromAViewOfTheTargetReadsBeforeItWrites() {
        Tensor p = Tensor.arange(DType.F32, 4);

        Engine.update(new Overwrite(), p, p.flip(0));

        assertArrayEquals(new float[] {3, 2, 1, 0}, p.toFloatArray());
    }

    /** Both results are operands as they were: written one after the other, one would be lost. */
    private record Exchange() implements Composite {
        @Override
        public int resultCount() {
            return 2;
        }

        @Override
        public int overwrites(int result) {
            return result;
        }

        @Override
        public Tensor[] decompose(Tensor... in) {
            return new Tensor[] {in[1], in[0]};
        }
    }

    @Test
    void updateExchangesTwoTensors() {
        Tensor a = Tensor.of(new float[] {1, 2}, 2);
        Tensor b = Tensor.of(new float[] {3, 4}, 2);

        Engine.update(new Exchange(), a, b);

        assertArrayEquals(new float[] {3, 4}, a.toFloatArray());
        assertArrayEquals(new float[] {1, 2}, b.toFloatArray());
    }

    @Test
    void onlyWhatAnOperationOverwritesCanBeUpdated() {
        Tensor x = Tensor.arange(DType.F32, 4);
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Engine.update(new Prim.Unary(Prim.Unary.Kind.EXP), x));
        assertTrue(e.getMessage().startsWith("exp: result 0 overwrites no operand"));
    }

    @Test
    void aViewWithGapsCannotBeUpdated() {
        Tensor x = Tensor.arange(DType.F32, 4).slice(0, 0, 4, 2);
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> Engine.update(new Overwrite(), x, x));
        assertTrue(e.getMessage().contains("contiguous"), e.getMessage());
    }

    @Test
    void anUpdateOfAnotherTypeIsRefusedBeforeAnythingIsWritten() {
        Tensor p = Tensor.of(new float[] {1, 2}, 2);
        Tensor m = Tensor.of(new float[] {4}, 1);

        assertThrows(
                IllegalArgumentException.class,
                () -> Engine.update(new Momentum(), p, m, Tensor.ones(DType.F32, 2)));
        assertArrayEquals(new float[] {1, 2}, p.toFloatArray());
    }

    @Test
    void operandsOnTwoDevicesAreRefusedWithAWayOut() {
        MarkingBackend other = new MarkingBackend(1 << 20);
        Tensor here = Tensor.ones(DType.F32, 2);
        Tensor there = other.mark(new TensorType(DType.F32, here.shape()), 1);

        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> here.add(there));
        assertTrue(e.getMessage().contains("x.to(device)"), e.getMessage());
        assertTrue(e.getMessage().contains("marking"), e.getMessage());
    }

    @Test
    void typesAreCheckedBeforeABackendIsTouched() {
        Tensor x = Tensor.ones(DType.F32, 8, 64);
        Tensor y = Tensor.ones(DType.F32, 32, 16);

        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> x.matmul(y));
        assertEquals(
                "matmul: inner dimensions differ: lhs F32[8,64], rhs F32[32,16] (64 and 32);"
                        + " transpose or reshape one of them",
                e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> x.add(Tensor.ones(DType.F64, 8, 64)));
    }

    @Test
    void numbersGoToTheTensorsDevice() {
        Tensor x = RowCheck.REFERENCE.call(() -> Tensor.ones(DType.F32, 2));

        assertArrayEquals(new float[] {3, 3}, x.add(2).toFloatArray());
    }

    private static int version(Tensor tensor) {
        return ((Stored) tensor.payload()).storage().version();
    }
}
