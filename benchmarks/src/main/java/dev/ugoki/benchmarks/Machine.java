package dev.ugoki.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The machine as contenders may use it.
 *
 * @param avx2 whether none may use wider vectors than AVX2's
 * @param busy whether others use it too, so that processor time is measured, of one thread
 */
record Machine(boolean avx2, boolean busy) {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    /** The command that starts Java, up to the name of a class. */
    List<String> java() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options());
        return command;
    }

    /** The options for Java, all but the class path. */
    List<String> options() {
        List<String> options =
                new ArrayList<>(
                        List.of(
                                "--add-modules",
                                "jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:Tier3DelayOn=1000",
                                "-XX:+UseSerialGC",
                                "-Xms32m",
                                "-XX:MinHeapFreeRatio=20",
                                "-XX:MaxHeapFreeRatio=40",
                                "-XX:-ShrinkHeapInSteps",
                                "-Xmx4g",
                                "-Dai.djl.offline=true"));
        if (avx2) {
            options.add("-XX:UseAVX=2");
        }
        if (busy) {
            options.add("-D" + Worker.PROCESSOR_TIME + "=true");
        }
        String more = System.getenv().getOrDefault("UGOKI_JAVA_OPTS", "").strip();
        options.addAll(more.isEmpty() ? List.of() : Arrays.asList(more.split("\\s+")));
        return options;
    }

    /** What tells native libraries how many threads and which instructions to use. */
    Map<String, String> environment(int threads) {
        Map<String, String> environment = new HashMap<>();
        environment.put("OMP_NUM_THREADS", Integer.toString(threads));
        environment.put("MKL_NUM_THREADS", Integer.toString(threads));
        environment.put("OPENBLAS_NUM_THREADS", Integer.toString(threads));
        environment.put("OPT_OUT_TRACKING", "true");
        // Not an argument: ONNX Runtime 1.29 reads the command line of its process when it starts,
        // and crashes where that has some 4096 bytes.
        environment.put("CLASSPATH", System.getProperty("java.class.path"));
        if (avx2) {
            environment.put("ATEN_CPU_CAPABILITY", "avx2");
            environment.put("ONEDNN_MAX_CPU_ISA", "AVX2");
            environment.put("MKL_ENABLE_INSTRUCTIONS", "AVX2");
            environment.put("OPENBLAS_CORETYPE", "Haswell");
        }
        return environment;
    }

    /** Whether products of BF16 matrices have tiles of their own in this processor. */
    static boolean hasAmx() {
        return processor("flags").contains(" amx_bf16");
    }

    /** In words. */
    String describe() {
        String model = processor("model name");
        return (model.isEmpty() ? System.getProperty("os.arch") : model)
                + ", "
                + Runtime.getRuntime().availableProcessors()
                + " processors, "
                + (avx2 ? "no vectors beyond AVX2" : "vectors as wide as it has them");
    }

    private static String processor(String field) {
        if (!Files.exists(PROCESSORS)) {
            return "";
        }
        try {
            return Files.readAllLines(PROCESSORS).stream()
                    .filter(line -> line.startsWith(field))
                    .map(line -> line.replaceFirst(".*:", "").strip())
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
