package dev.ugoki.benchmarks.foundations;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Whether kernels give the same bits interpreted and compiled, cold and warm, on 1 and 2 threads.
 */
final class BitsOfKernels {
    private static final int REPEATS = 400;

    private BitsOfKernels() {}

    static List<Foundations.Finding> ask() throws IOException, InterruptedException {
        List<String> interpreted =
                Foundations.child(BitsOfKernels.class, List.of("-Xint", "-Drepeats=1"));
        List<String> one =
                Foundations.child(
                        BitsOfKernels.class, List.of("-Dugoki.threads=1", "-Drepeats=" + REPEATS));
        List<String> two =
                Foundations.child(
                        BitsOfKernels.class, List.of("-Dugoki.threads=2", "-Drepeats=" + REPEATS));
        long same = 0;
        for (int i = 0; i < one.size(); i++) {
            if (one.get(i).equals(two.get(i)) && one.get(i).equals(interpreted.get(i))) {
                same++;
            }
        }
        return List.of(
                new Foundations.Finding(
                        "Kernels with the same bits under `-Xint`, cold, after "
                                + REPEATS
                                + " runs, with 1 and with 2 threads",
                        "all " + one.size(),
                        Long.toString(same)));
    }

    /** Prints a line for each kernel: its name, and the hashes of its first and last run. */
    public static void main(String[] arguments) {
        int repeats = Integer.getInteger("repeats");
        kernels()
                .forEach(
                        (name, kernel) -> {
                            int first = hash(kernel.get());
                            int last = first;
                            for (int i = 1; i < repeats; i++) {
                                last = hash(kernel.get());
                            }
                            System.out.println(name + " " + first + " " + last);
                        });
    }

    private static Map<String, Supplier<Tensor>> kernels() {
        Tensor x = Random.normal(Key.of(1), DType.F32, 130, 517);
        Tensor y = Random.normal(Key.of(2), DType.F32, 130, 517);
        Tensor weight = Random.normal(Key.of(3), DType.F32, 517);
        Tensor bias = Random.normal(Key.of(4), DType.F32, 517);
        Map<String, Supplier<Tensor>> kernels = new LinkedHashMap<>();
        kernels.put("add", () -> x.add(y));
        kernels.put("divide by column", () -> x.div(weight));
        kernels.put("exp", x::exp);
        kernels.put("log1p", () -> x.abs().log1p());
        kernels.put("tanh", x::tanh);
        kernels.put("gelu", x::gelu);
        kernels.put("mish", x::mish);
        kernels.put("softmax", () -> x.softmax(-1));
        kernels.put("layerNorm", () -> Normalizations.layerNorm(x, 1, weight, bias, 1e-5));
        kernels.put("sum over rows", () -> x.sum(false, 0));
        kernels.put("sum over columns", () -> x.sum(false, 1));
        kernels.put("matmul", () -> x.matmul(y.transpose(0, 1)));
        return kernels;
    }

    private static int hash(Tensor tensor) {
        return Arrays.hashCode(tensor.toMemory().toArray(ValueLayout.JAVA_INT_UNALIGNED));
    }
}
