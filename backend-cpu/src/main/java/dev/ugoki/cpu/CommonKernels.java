package dev.ugoki.cpu;

import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Prim;

/** The kernels that networks use, for who wants them ready before the first use. */
final class CommonKernels {
    private CommonKernels() {}

    /** Asks for them; nothing is asked for twice. */
    static void request() {
        Tile.request(true);
        Tile.request(false);
        Transposition.isReady();
        ColumnMaxima.isReady();
        FusedKernels.requestCommon();
        for (Prim.Binary.Kind kind :
                new Prim.Binary.Kind[] {
                    Prim.Binary.Kind.ADD, Prim.Binary.Kind.SUB, Prim.Binary.Kind.MUL
                }) {
            FloatKernels.binary(kind, Layout.FULL, Layout.FULL).compileFlat();
            FloatKernels.binary(kind, Layout.FULL, Layout.SCALAR).compileFlat();
        }
        for (Activation activation :
                new Activation[] {
                    new Activation.Relu(), new Activation.Silu(), new Activation.Gelu()
                }) {
            FusedKernels.flat(activation).compileFlat();
        }
    }
}
