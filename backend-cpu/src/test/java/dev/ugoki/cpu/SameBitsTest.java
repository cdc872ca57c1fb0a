package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Every kernel has the same bits in a JVM that interprets all code and in this one, where the
 * kernels are warm; with one thread and with three. Prints nothing unless they differ.
 */
class SameBitsTest {
    private static final int ELEMENTS = 6_007;

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
                FloatReductions.run(kind, x, 6, 1001, out);
                lines.append(kind).append(' ').append(hash(out, 6)).append('\n');
            }
        }
        for (float exponent : new float[] {2, 3, 0.37f}) {
            for (int i = 0; i < 500; i++) {
                float base = Math.abs(NativeMemory.getFloat(x + 4L * i));
                NativeMemory.setFloat(out + 4L * i, PreciseMath.pow(base, exponent));
            }
            lines.append("POW ").append(exponent).append(' ').append(hash(out, 500)).append('\n');
        }
        int[][] shapes = {
            {1, 300, 1000},
            {3, 300, 500},
            {8, 300, 450},
            {20, 300, 200},
            {40, 50, 70},
            {130, 120, 80}
        };
        for (int[] shape : shapes) {
            for (boolean transposeB : new boolean[] {false, true}) {
                lines.append("MATMUL ")
                        .append(java.util.Arrays.toString(shape))
                        .append(transposeB)
                        .append(' ')
                        .append(product(shape[0], shape[1], shape[2], transposeB))
                        .append('\n');
            }
        }
        lines.append("OWN ").append(ownProduct(50, 70, 300)).append('\n');
        NativeMemory.free(x);
        NativeMemory.free(out);
        return lines.toString();
    }

    private static int product(int m, int n, int k, boolean transposeB) {
        long a = Floats.of(Floats.normal(m * k, 2));
        long b = Floats.of(Floats.normal(k * n, 3));
        long c = NativeMemory.allocate(4L * m * n);
        MatrixProduct.f32(m, n, k, a, k, false, b, transposeB ? k : n, transposeB, c, n, false);
        int hash = hash(c, m * n);
        NativeMemory.free(a);
        NativeMemory.free(b);
        NativeMemory.free(c);
        return hash;
    }

    private static int ownProduct(int m, int n, int k) {
        long a = Floats.of(Floats.normal(m * k, 2));
        long b = Floats.of(Floats.normal(k * n, 3));
        long c = NativeMemory.allocate(4L * m * n);
        new VectorProduct().tile(m, n, k, a, 4L * k, 4, b, 4L * n, 4, c, 4L * n, false);
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
        for (int round = 0; round < 30; round++) {
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
