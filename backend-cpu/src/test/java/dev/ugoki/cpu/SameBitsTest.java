package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.op.ScaledDotProductAttention;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Every kernel has the same bits in a JVM that interprets all code and in this one, where the
 * kernels are warm; with one thread and with three. Prints nothing unless they differ.
 */
class SameBitsTest {
    private static final int ELEMENTS = 1_207;

    /** A line for each kernel: its name and a hash of its results. */
    static String hashes(int threads) {
        ThreadPool.shared().setThreads(threads);
        StringBuilder lines = new StringBuilder();
        long x = Floats.of(Floats.normal(ELEMENTS, 1));
        long out = NativeMemory.allocate(4L * ELEMENTS);
        for (Prim.Unary.Kind kind : Prim.Unary.Kind.values()) {
            if (FunctionLoops.has(kind)) {
                FunctionLoops.BEST.run(kind, x, out, ELEMENTS);
                lines.append(kind).append(' ').append(hash(out, ELEMENTS)).append('\n');
            }
        }
        for (Prim.Reduce.Kind kind : Prim.Reduce.Kind.values()) {
            if (FloatReductions.has(kind)) {
                FloatReductions.run(kind, x, 3, 401, out);
                lines.append(kind).append(' ').append(hash(out, 3)).append('\n');
            }
        }
        for (int columns : new int[] {1, 2, 3, 4, 5, 7, 16, 31, 32}) {
            int rows = ELEMENTS / columns;
            FloatReductions.run(Prim.Reduce.Kind.SUM, x, rows, columns, out);
            lines.append("SHORT ROWS ").append(columns).append(' ');
            lines.append(hash(out, rows)).append('\n');
        }
        for (long[] line : new long[][] {{1, ELEMENTS, 1}, {40, 30, 40}}) {
            new FloatLines(line[0], line[1], line[2]).runningSums(false, x, out);
            lines.append("SUMS ").append(hash(out, (int) (line[0] * line[1]))).append('\n');
        }
        new RandomWords(1, 2, 3, 4).write(5, ELEMENTS, out, (_, _) -> {});
        lines.append("WORDS ").append(hash(out, ELEMENTS)).append('\n');
        for (float exponent : new float[] {2, 3, 0.37f}) {
            for (int i = 0; i < 500; i++) {
                float base = Math.abs(NativeMemory.getFloat(x + 4L * i));
                NativeMemory.setFloat(out + 4L * i, PreciseMath.pow(base, exponent));
            }
            lines.append("POW ").append(exponent).append(' ').append(hash(out, 500)).append('\n');
        }
        for (int rows : new int[] {1, 2, 3, 8}) {
            lines.append("FEW ROWS ").append(rows).append(' ');
            lines.append(fewRows(rows, false)).append(' ').append(fewRows(rows, true)).append('\n');
        }
        lines.append("PACKED PRODUCT ").append(packedProduct()).append('\n');
        lines.append("PRODUCT ").append(product(130, 120, 80)).append('\n');
        lines.append("WINOGRAD ").append(Arrays.hashCode(WinogradTest.bits())).append('\n');
        lines.append("ATTENTION ").append(attention()).append('\n');
        lines.append("ELIMINATION ").append(LinearEquationsTest.hash(97, 3)).append('\n');
        NativeMemory.free(x);
        NativeMemory.free(out);
        return lines.toString();
    }

    private static int fewRows(int m, boolean transposeB) {
        int n = 150;
        int k = 37;
        FewRows kernels = new VectorFewRows();
        return product(
                m,
                n,
                k,
                (a, b, c) -> {
                    if (transposeB) {
                        kernels.transposed(m, n, k, a, 4 * k, b, 4 * k, c, 4 * n, false);
                    } else {
                        kernels.plain(m, n, k, a, 4 * k, 4, b, 4 * n, c, 4 * n, false);
                    }
                });
    }

    private static int packedProduct() {
        return product(
                20,
                40,
                260,
                (a, b, c) ->
                        PackedProduct.run(20, 40, 260, a, 1040, 4, b, 160, 4, c, 160, false, null));
    }

    private static int product(int m, int n, int k) {
        return product(
                m,
                n,
                k,
                (a, b, c) -> MatrixProduct.f32(m, n, k, a, k, false, b, n, false, c, n, false));
    }

    private static int attention() {
        Tensor q = Random.normal(Key.of(1), DType.F32, 2, 20, 12);
        Tensor k = Random.normal(Key.of(2), DType.F32, 2, 141, 12);
        Tensor v = Random.normal(Key.of(3), DType.F32, 2, 141, 17);
        Tensor[] y = Engine.apply(new ScaledDotProductAttention(0.3, false), q, k, v);
        ScaledDotProductAttention.Gradient gradient =
                new ScaledDotProductAttention.Gradient(0.3, false);
        int hash = 0;
        for (Tensor each : Engine.apply(gradient, y[0], y[0], y[1], q, k, v)) {
            hash = 31 * hash + Arrays.hashCode(each.toDoubleArray());
        }
        return hash;
    }

    private interface Product {
        void make(long a, long b, long c);
    }

    private static int product(int m, int n, int k, Product product) {
        long a = Floats.of(Floats.normal(m * k, 2));
        long b = Floats.of(Floats.normal(k * n, 3));
        long c = NativeMemory.allocate(4L * m * n);
        product.make(a, b, c);
        int hash = hash(c, m * n);
        NativeMemory.free(a);
        NativeMemory.free(b);
        NativeMemory.free(c);
        return hash;
    }

    private static int hash(long address, int count) {
        int hash = 1;
        for (int bits : Floats.bits(Floats.read(address, count))) {
            hash = 31 * hash + bits;
        }
        return hash;
    }

    /** What the child JVM runs. */
    public static void main(String[] arguments) {
        System.out.print(hashes(3));
    }

    @Test
    void interpretedAndWarmKernelsHaveTheSameBits() throws IOException, InterruptedException {
        String warm = hashes(1);
        for (int round = 0; round < 100; round++) {
            warm = hashes(1);
        }
        assertEquals(warm, hashes(2));
        assertEquals(warm, interpreted());
    }

    private static String interpreted() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!argument.startsWith("-X") && !argument.startsWith("-agentlib")) {
                command.add(argument);
            }
        }
        command.addAll(
                List.of(
                        "-Xint",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SameBitsTest.class.getName()));
        Process child =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), "the child's exit status");
        return output;
    }
}
