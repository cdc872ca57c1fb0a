package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.cuda.emulated.HostCompiler;
import dev.ugoki.tensor.spi.HostMemory;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What the emulated device is for: mistakes in copies of our kernels do not go unnoticed. */
final class PlantedMistakesTest {
    private static final int TERMS = 1000;
    private static final long[] SEEDS = {0, 1, 2, 3};

    @BeforeAll
    static void requireDevice() {
        Devices.requireEmulated();
    }

    private static String reductions() {
        return new KernelBatch("reductions", "reductions").preamble();
    }

    /** The text with one passage changed, which must be there once. */
    private static String changed(String text, String passage, String by) {
        assertEquals(2, text.split(java.util.regex.Pattern.quote(passage), -1).length);
        return text.replace(passage, by);
    }

    /** The sum of ones by a copy of the reduction, 128 threads for one output. */
    private static float sumOfOnes(String preamble, long seed) {
        KernelBatch batch = KernelBatch.ofPreamble("planted", preamble);
        KernelCode code = batch.add("planted_sum", "Reduction", "reduce<Sum, f32, f32>(p);");
        EmulatedDriver driver =
                new EmulatedDriver(new EmulatedDriver.Settings(1 << 20, seed, false, true));
        long stream = driver.createStream();
        long terms = driver.allocate(4 * TERMS);
        long result = driver.allocate(4);
        for (int i = 0; i < TERMS; i++) {
            HostMemory.segment(terms, 4 * TERMS).setAtIndex(ValueLayout.JAVA_FLOAT, i, 1f);
        }
        try {
            Strides kept = new Strides(1);
            Strides reduced = new Strides(1);
            reduced.add(TERMS, 1);
            Arguments arguments =
                    Arguments.begin().add(1).add(TERMS).add(TERMS).add(1).add(128).add(1);
            kept.addTo(arguments);
            reduced.addTo(arguments);
            arguments.add(terms).add(result);
            driver.launch(
                    driver.load(code),
                    1,
                    1,
                    128,
                    4 * 128,
                    arguments.address(),
                    arguments.bytes(),
                    stream);
            return HostMemory.segment(result, 4).get(ValueLayout.JAVA_FLOAT, 0);
        } finally {
            driver.free(terms);
            driver.free(result);
        }
    }

    @Test
    void theKernelItselfIsRightInAnyOrderOfThreads() {
        for (long seed : SEEDS) {
            assertEquals(TERMS, sumOfOnes(reductions(), seed));
        }
    }

    @Test
    void aMissingBarrierGivesWrongNumbers() {
        String planted =
                changed(
                        reductions(),
                        "            __syncthreads();\n            if (lane < half) {",
                        "            if (lane < half) {");
        for (long seed : SEEDS) {
            assertNotEquals(TERMS, sumOfOnes(planted, seed));
        }
    }

    @Test
    void aBarrierThatSomeThreadsNeverReachIsReported() {
        String planted =
                changed(
                        reductions(),
                        "            __syncthreads();\n            if (lane < half) {",
                        "            if (lane < half) {\n                __syncthreads();");
        var e = assertThrows(IllegalStateException.class, () -> sumOfOnes(planted, 0));
        assertTrue(String.valueOf(e.getMessage()).contains("divergent barrier"), e::getMessage);
    }

    @Test
    void anAccessBeyondABlockEndsTheCheckedProgram() throws Exception {
        String copies = new KernelBatch("words", "conversions", "elementwise").preamble();
        String kernel = "UGOKI_KERNEL(checked_copy, Strided) { copy<u32>(p); }\n";
        String clean = outcome("checked-copy", copies + kernel);
        assertTrue(clean.startsWith("0 ") && !clean.contains("ERROR"), clean);
        String planted =
                changed(
                        copies,
                        """
                        DEVICE void copy(const Strided& p) {
                            i64 i = global_index();
                            if (i < p.count) {\
                        """,
                        """
                        DEVICE void copy(const Strided& p) {
                            i64 i = global_index();
                            if (i <= p.count) {\
                        """);
        String problem = outcome("planted-copy", planted + kernel);
        assertTrue(problem.contains("heap-buffer-overflow"), problem);
        assertTrue(problem.contains("checked_copy"), problem);
    }

    /** The exit code of a program that copies 100 words, and what it says. */
    private static String outcome(String name, String unit)
            throws IOException, InterruptedException {
        String main =
                """
                #include <stdlib.h>
                extern "C" int ugoki_launch(void (*)(const void*), unsigned, unsigned, unsigned,
                                            unsigned long long, const void*, unsigned long long);
                int main() {
                    Strided p = {};
                    p.count = 100;
                    p.rank = 1;
                    p.extents[0] = 100;
                    p.strides[0][0] = p.strides[1][0] = 1;
                    p.pointers[0] = calloc(100, 4);
                    p.pointers[1] = calloc(100, 4);
                    int status = ugoki_launch(checked_copy, 1, 1, 128, 0, &p, 0);
                    free(p.pointers[0]);
                    free(p.pointers[1]);
                    return status;
                }
                """;
        Path program = HostCompiler.checkedProgram(name, unit, main);
        Process process = new ProcessBuilder(program.toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + " " + said;
    }
}
