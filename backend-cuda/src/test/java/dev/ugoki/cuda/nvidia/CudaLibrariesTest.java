package dev.ugoki.cuda.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Looking for CUDA tells what was searched for, where, and the fix; and loads nothing. */
final class CudaLibrariesTest {
    private static String problem(Path... folders) {
        return CudaLibraries.search(Set.of(folders), false).unusableBecause().orElse("");
    }

    @Test
    void withoutADriverItSaysWhereItLooked(@TempDir Path folder) {
        String problem = problem(folder);
        for (String part : List.of("libcuda.so.1", folder.toString(), "driver 580")) {
            assertTrue(problem.contains(part), problem);
        }
    }

    @Test
    void withoutLibrariesItNamesEachOfThem(@TempDir Path folder) throws IOException {
        Files.createFile(folder.resolve("libcuda.so.1"));
        Files.createFile(folder.resolve("libnvrtc.so.13"));
        String problem = problem(folder);
        for (String part :
                List.of("libcudart.so.13", "libcublasLt.so.13", "pip install", "toolkit")) {
            assertTrue(problem.contains(part), problem);
        }
        String missing = problem.substring(0, problem.indexOf("; searched"));
        assertFalse(missing.contains("libnvrtc.so.13"), problem);
        assertFalse(missing.contains("libcudnn"), problem);
        assertTrue(problem.contains("libnvrtc.so.13]"), problem);
    }

    @Test
    void aDriverThatIsNoneIsTold(@TempDir Path folder) throws IOException {
        for (String file :
                List.of(
                        "libcuda.so.1",
                        "libcudart.so.13",
                        "libnvrtc.so.13.1.2",
                        "libnvrtc-builtins.so.13.1",
                        "libcublas.so.13",
                        "libcublasLt.so.13")) {
            Files.createFile(folder.resolve(file));
        }
        CudaLibraries found = CudaLibraries.search(Set.of(folder), false);
        assertTrue(found.unusableBecause().orElse("").contains("cannot be called"));
        assertEquals(0, found.deviceCount());
        String lines = String.join("\n", found.describe());
        assertTrue(lines.contains("found libnvrtc.so.13: "), lines);
        assertTrue(
                lines.contains("missing libcudnn.so.9 (convolutions and attention; our own"),
                lines);
    }

    @Test
    void windowsHasOtherNamesAndFolders(@TempDir Path home) throws IOException {
        Path toolkit = home.resolve("NVIDIA GPU Computing Toolkit/CUDA/v13.0/bin/x64");
        Path packages = home.resolve("venv/Lib/site-packages/nvidia/cu13/bin/x86_64");
        Path system = home.resolve("windows/System32");
        for (Path folder : List.of(toolkit, packages, system)) {
            Files.createDirectories(folder);
        }
        for (String file : List.of("nvrtc64_130_0.dll", "cudart64_13.dll")) {
            Files.createFile(toolkit.resolve(file));
        }
        Files.createFile(packages.resolve("cublasLt64_13.dll"));
        Files.createFile(system.resolve("nvcuda.dll"));
        Map<String, String> variables =
                Map.of(
                        "ProgramFiles", home.toString(),
                        "VIRTUAL_ENV", home.resolve("venv").toString(),
                        "SystemRoot", home.resolve("windows").toString());
        Set<Path> folders = SearchedFolders.of(true, variables::get, _ -> null);
        assertTrue(folders.containsAll(List.of(toolkit, packages, system)), folders::toString);
        CudaLibraries libraries = CudaLibraries.search(folders, true);
        String lines = String.join("\n", libraries.describe());
        for (String found : List.of("nvcuda.dll", "cublasLt64_13.dll", "nvrtc64_13*.dll")) {
            assertTrue(lines.contains("found " + found), lines);
        }
        String problem = libraries.unusableBecause().orElse("");
        assertTrue(problem.contains("nvrtc-builtins64_13*.dll"), problem);
        assertFalse(problem.contains("no NVIDIA driver"), problem);
    }

    /** A process of its own, since this one may have loaded anything. */
    @Test
    void noCudaClassIsLoadedWhereThereIsNoCuda() throws Exception {
        String said = run(UsesTheCpu.class);
        assertTrue(said.contains("cpu computed 6.0"), said);
        assertTrue(said.contains("asking for a GPU: device cuda: "), said);
        assertFalse(said.contains(" org.bytedeco."), said);
    }

    private static String run(Class<?> main) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xlog:class+load:stdout",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }
}
