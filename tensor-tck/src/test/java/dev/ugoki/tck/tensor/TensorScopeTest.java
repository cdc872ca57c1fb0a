package dev.ugoki.tck.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.OnReference;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Backends;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.concurrent.CompletableFuture;

@ExtendWith(OnReference.class)
final class TensorScopeTest {
    @Test
    void whatIsComputedInsideIsReleasedAtTheEnd() {
        Tensor outer = Tensor.ones(DType.F32, 3);
        Tensor inner;
        try (TensorScope _ = TensorScope.open()) {
            inner = outer.add(outer);
            assertArrayEquals(new float[] {2, 2, 2}, inner.toFloatArray());
        }

        assertArrayEquals(new float[] {1, 1, 1}, outer.toFloatArray());
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> inner.mul(outer));
        assertTrue(e.getMessage().contains("mul"), e.getMessage());
        assertTrue(e.getMessage().contains("F32[3]"), e.getMessage());
        assertTrue(e.getMessage().contains("scope.keep"), e.getMessage());
        assertThrows(IllegalStateException.class, inner::toFloatArray);
    }

    @Test
    void aViewLivesAsLongAsItsOwner() {
        Tensor view;
        try (TensorScope _ = TensorScope.open()) {
            view = Tensor.ones(DType.F32, 2, 3).transpose(0, 1);
        }

        assertThrows(IllegalStateException.class, view::toFloatArray);
    }

    @Test
    void aViewOfAnOuterTensorOutlivesTheScope() {
        Tensor outer = Tensor.arange(DType.F32, 6);
        Tensor view;
        try (TensorScope _ = TensorScope.open()) {
            view = outer.slice(0, 2, 4);
        }

        assertArrayEquals(new float[] {2, 3}, view.toFloatArray());
    }

    @Test
    void whatIsKeptGoesToTheEnclosingScope() {
        Tensor kept;
        try (TensorScope outer = TensorScope.open()) {
            try (TensorScope inner = TensorScope.open()) {
                kept = inner.keep(Tensor.ones(DType.F32, 2));
                assertSame(kept, inner.keep(kept));
            }
            assertArrayEquals(new float[] {1, 1}, kept.toFloatArray());
            assertSame(outer, TensorScope.current());
        }
        assertThrows(IllegalStateException.class, kept::toFloatArray);
    }

    @Test
    void whatTheOutermostScopeKeepsBelongsToNobody() {
        Tensor kept;
        try (TensorScope scope = TensorScope.open()) {
            kept = scope.keep(Tensor.ones(DType.F32, 2));
        }

        assertArrayEquals(new float[] {1, 1}, kept.toFloatArray());
    }

    @Test
    void keepingAViewKeepsWhatItViews() {
        Tensor kept;
        try (TensorScope scope = TensorScope.open()) {
            kept = scope.keep(Tensor.arange(DType.F32, 6).reshape(2, 3).transpose(0, 1));
        }

        assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, kept.toFloatArray());
    }

    @Test
    void keepingDoesNotTakeWhatOthersOwn() {
        try (TensorScope outer = TensorScope.open()) {
            Tensor ofOuter = Tensor.ones(DType.F32, 2);
            try (TensorScope inner = TensorScope.open()) {
                inner.keep(ofOuter);
            }
            assertArrayEquals(new float[] {1, 1}, ofOuter.toFloatArray());
            assertSame(outer, TensorScope.current());
        }
        assertNull(TensorScope.current());
    }

    @Test
    void keepingAfterTheEndSaysThatItIsTooLate() {
        TensorScope scope = TensorScope.open();
        Tensor lost = Tensor.ones(DType.F32, 2);
        scope.close();

        IllegalStateException e = assertThrows(IllegalStateException.class, () -> scope.keep(lost));
        assertTrue(e.getMessage().contains("closed"), e.getMessage());
    }

    @Test
    void whatIsMadeOutsideOutlivesAllScopes() {
        Tensor made;
        try (TensorScope scope = TensorScope.open()) {
            made = TensorScope.outside(() -> Tensor.ones(DType.F32, 2));
            assertSame(scope, TensorScope.current());
        }

        assertArrayEquals(new float[] {1, 1}, made.toFloatArray());
    }

    @Test
    void scopesCloseFromTheInside() {
        TensorScope outer = TensorScope.open();
        TensorScope inner = TensorScope.open();

        IllegalStateException e = assertThrows(IllegalStateException.class, outer::close);
        assertTrue(e.getMessage().contains("still open"), e.getMessage());
        inner.close();
        outer.close();
        outer.close();
        assertNull(TensorScope.current());
    }

    @Test
    void aScopeBelongsToItsThread() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = Tensor.ones(DType.F32, 2);
            Throwable thrown =
                    CompletableFuture.runAsync(() -> scope.keep(tensor)).handle((_, e) -> e).join();
            assertTrue(
                    thrown != null && thrown.getCause() instanceof IllegalStateException,
                    () -> "" + thrown);
            assertNull(CompletableFuture.supplyAsync(TensorScope::current).join());
        }
    }

    @Test
    void aThousandTensorsTakeTheMemoryOfOne() {
        var memory = Backends.forDevice(Device.current()).memory();
        round();
        long before = memory.committedBytes();
        for (int i = 0; i < 1000; i++) {
            round();
        }

        assertEquals(before, memory.committedBytes());
    }

    private static void round() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor.ones(DType.F32, 1000).sum();
        }
    }
}
