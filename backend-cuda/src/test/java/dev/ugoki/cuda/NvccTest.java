package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.cuda.driver.CompiledCode;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Every kernel compiles for GPUs of one generation, or of those that {@code -Dugoki.nvcc=80,90,100}
 * names, which takes minutes; and the hot ones keep their values in registers. What was compiled
 * before is not compiled again; the report of registers and spills is in the folder of compiled
 * code.
 */
final class NvccTest {
    private static final List<String> ARCHITECTURES =
            List.of(System.getProperty("ugoki.nvcc", "90").split(","));

    /** Batches whose kernels must not spill. */
    private static final List<String> HOT =
            List.of(
                    "attention",
                    "products",
                    "fused",
                    "joined",
                    "normalizations",
                    "optimizer",
                    "reductions",
                    "words");

    private static final Pattern ENTRY =
            Pattern.compile("Compiling entry function '(\\w+)' for 'sm_(\\d+)'");
    private static final Pattern SPILLS = Pattern.compile("(\\d+) bytes spill stores");
    private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");

    private static Path nvcc() {
        List<String> folders = new ArrayList<>();
        String path = System.getenv("PATH");
        folders.addAll(List.of((path == null ? "" : path).split(":")));
        folders.add("/usr/local/cuda/bin");
        for (String folder : folders) {
            Path file = Path.of(folder, "nvcc");
            if (Files.isExecutable(file)) {
                return file;
            }
        }
        return Assumptions.abort("skipped: no nvcc on the PATH or in /usr/local/cuda/bin");
    }

    @TestFactory
    Stream<DynamicTest> everyKernelCompilesForEachGeneration() {
        Path nvcc = nvcc();
        return Stream.concat(CudaBackend.batches().stream(), Stream.of(joined()))
                .map(batch -> DynamicTest.dynamicTest(batch.name(), () -> check(nvcc, batch)));
    }

    /** Kernels as plans join them: of operands that lie in every way, few elements and many. */
    private static KernelBatch joined() {
        KernelBuilder builder = new KernelBuilder();
        FloatValue x = builder.input(Layout.FULL);
        FloatValue y = builder.input(Layout.FULL);
        FloatValue z = builder.input(Layout.FULL);
        Kernel kernel =
                builder.output(Activations.gelu(x.timesPlus(y, z)))
                        .output(ElementaryFunctions.tanh(x).lessThan(z))
                        .build();
        KernelBatch batch = new KernelBatch("joined", "conversions");
        for (DType dtype : Fused.DTYPES) {
            for (boolean wide : new boolean[] {false, true}) {
                String name = "joined_" + Names.of(dtype) + (wide ? "_wide" : "");
                batch.addText(
                        name,
                        NestWriter.writeJoined(
                                name,
                                new NestWriter.Joined(
                                        kernel,
                                        List.of(dtype, dtype, dtype),
                                        List.of(dtype, DType.BOOL),
                                        List.of(NestWriter.Form.values()),
                                        3,
                                        wide)));
            }
        }
        return batch;
    }

    private static void check(Path nvcc, KernelBatch batch) throws Exception {
        Map<String, String> spilling = new TreeMap<>();
        int compiled = 0;
        int most = 0;
        String kernel = "";
        for (String line : log(nvcc, batch).lines().toList()) {
            Matcher entry = ENTRY.matcher(line);
            Matcher spills = SPILLS.matcher(line);
            Matcher registers = REGISTERS.matcher(line);
            if (entry.find()) {
                kernel = entry.group(1) + " for sm_" + entry.group(2);
                compiled++;
            } else if (spills.find() && !spills.group(1).equals("0")) {
                spilling.put(kernel, spills.group(1) + " bytes");
            } else if (registers.find()) {
                most = Math.max(most, Integer.parseInt(registers.group(1)));
            }
        }
        System.out.printf(
                "nvcc: %s: %d kernels for sm_%s, up to %d registers, spills: %s%n",
                batch.name(),
                batch.kernels().size(),
                String.join(", sm_", ARCHITECTURES),
                most,
                spilling.isEmpty() ? "none" : spilling);
        assertEquals(batch.kernels().size() * ARCHITECTURES.size(), compiled);
        if (HOT.contains(batch.name())) {
            assertEquals(Map.of(), spilling);
        }
    }

    /** What nvcc says about a batch. */
    private static String log(Path nvcc, KernelBatch batch)
            throws IOException, InterruptedException {
        Path report =
                CompiledCode.file(
                        batch.name(), ".nvcc.txt", batch.unit(), ARCHITECTURES.toString());
        if (Files.exists(report)) {
            return Files.readString(report);
        }
        Path source = report.resolveSibling(report.getFileName() + ".cu");
        CompiledCode.write(source, batch.unit().getBytes(StandardCharsets.UTF_8));
        List<String> command =
                new ArrayList<>(
                        List.of(
                                nvcc.toString(),
                                "-std=c++17",
                                "--fmad=false",
                                "--threads=2",
                                "-fatbin",
                                "-Xptxas",
                                "-v"));
        for (String architecture : ARCHITECTURES) {
            command.add("-gencode=arch=compute_%1$s,code=sm_%1$s".formatted(architecture));
        }
        command.addAll(List.of(source.toString(), "-o", report + ".fatbin"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        CompiledCode.write(report, said.getBytes(StandardCharsets.UTF_8));
        return said;
    }
}
