package dev.ugoki.cuda.emulated;

import dev.ugoki.cuda.driver.CompiledCode;
import dev.ugoki.cuda.driver.KernelBatch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compiles the emulator and batches of kernels with g++ (or what the property {@code
 * ugoki.cuda.emulated.compiler} names), once for each content.
 */
public final class HostCompiler {
    private static final String FOLDER = "/dev/ugoki/cuda/emulated/";
    private static final List<String> FLAGS =
            List.of(
                    "-std=c++17",
                    "-fPIC",
                    "-shared",
                    "-march=native",
                    "-ffp-contract=off",
                    "-fwrapv",
                    "-fno-strict-aliasing",
                    "-DUGOKI_EMULATED");

    private HostCompiler() {}

    private static String command() {
        return System.getProperty("ugoki.cuda.emulated.compiler", "g++");
    }

    /** Why nothing can be compiled here, or empty. */
    public static Optional<String> missing() {
        String command = command();
        if (command.contains("/") && Files.isExecutable(Path.of(command))) {
            return Optional.empty();
        }
        String path = System.getenv("PATH");
        for (String folder : (path == null ? "" : path).split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, command))) {
                return Optional.empty();
            }
        }
        return Optional.of(
                "the emulated device needs a C++ compiler, and '"
                        + command
                        + "' is not on the PATH ("
                        + path
                        + "); install g++ (on Debian 'apt install g++'), or name one with"
                        + " -Dugoki.cuda.emulated.compiler=COMMAND");
    }

    /** The library of the emulator itself. */
    static Path runtime() {
        String[] files = {"emulator.h", "emulator.cpp", "libraries.cpp"};
        List<String> texts = new ArrayList<>();
        for (String file : files) {
            texts.add(KernelBatch.resource(FOLDER + file));
        }
        texts.add(KernelBatch.source("prelude.cuh"));
        texts.add(machine());
        texts.add(String.join(" ", FLAGS));
        Path library = CompiledCode.file("emulator", ".so", texts.toArray(String[]::new));
        if (!Files.exists(library)) {
            Path folder = sources(library);
            Path draft = CompiledCode.draft(library);
            run(
                    "the emulator",
                    List.of(
                            "-O3",
                            "-I",
                            folder.toString(),
                            folder.resolve("emulator.cpp").toString(),
                            folder.resolve("libraries.cpp").toString(),
                            "-Wl,-soname," + library.getFileName(),
                            "-o",
                            draft.toString()));
            CompiledCode.keep(draft, library);
        }
        return library;
    }

    /**
     * The program that runs {@code main} with a batch's kernels, and stops with a report at the
     * first access beyond a block of memory; for a process of its own.
     */
    public static Path checkedProgram(String name, String unit, String main) {
        Path runtime = runtime();
        Path program = CompiledCode.file(name, ".checked", unit, main, runtime.toString());
        if (!Files.exists(program)) {
            Path folder = runtime.resolveSibling(runtime.getFileName() + ".sources");
            Path source = program.resolveSibling(program.getFileName() + ".cpp");
            CompiledCode.write(source, (unit + main).getBytes(StandardCharsets.UTF_8));
            Path draft = CompiledCode.draft(program);
            start(
                    name,
                    List.of(
                            command(),
                            "-std=c++17",
                            "-O1",
                            "-g",
                            "-w",
                            "-fwrapv",
                            "-fno-strict-aliasing",
                            "-fsanitize=address",
                            "-DUGOKI_EMULATED",
                            "-I",
                            folder.toString(),
                            folder.resolve("emulator.cpp").toString(),
                            source.toString(),
                            "-o",
                            draft.toString()));
            CompiledCode.keep(draft, program);
        }
        return program;
    }

    /** The folder with the sources that the emulator's library was compiled from. */
    private static Path sources(Path library) {
        Path folder = library.resolveSibling(library.getFileName() + ".sources");
        for (String file : List.of("emulator.h", "emulator.cpp", "libraries.cpp")) {
            CompiledCode.write(
                    folder.resolve(file),
                    KernelBatch.resource(FOLDER + file).getBytes(StandardCharsets.UTF_8));
        }
        CompiledCode.write(
                folder.resolve("prelude.cuh"),
                KernelBatch.source("prelude.cuh").getBytes(StandardCharsets.UTF_8));
        return folder;
    }

    /** The library of one batch. */
    static Path library(String name, String unit) {
        Path runtime = runtime();
        Path library =
                CompiledCode.file(
                        name,
                        ".so",
                        unit,
                        runtime.getFileName().toString(),
                        String.join(" ", FLAGS));
        if (!Files.exists(library)) {
            Path source = library.resolveSibling(library.getFileName() + ".cpp");
            CompiledCode.write(source, unit.getBytes(StandardCharsets.UTF_8));
            Path draft = CompiledCode.draft(library);
            run(
                    "batch " + name,
                    List.of(
                            "-O1",
                            "-w",
                            "-I",
                            runtime.resolveSibling(runtime.getFileName() + ".sources").toString(),
                            source.toString(),
                            "-Wl,-soname," + library.getFileName(),
                            runtime.toString(),
                            "-Wl,-rpath,$ORIGIN",
                            "-o",
                            draft.toString()));
            CompiledCode.keep(draft, library);
        }
        return library;
    }

    private static void run(String what, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(command());
        command.addAll(FLAGS);
        command.addAll(arguments);
        start(what, command);
    }

    private static void start(String what, List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(
                        "compiling " + what + " failed: " + command + "\n" + output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the compiler " + command() + " did not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while compiling " + what, e);
        }
    }

    /** What "native" means: another processor needs other code. */
    private static String machine() {
        Path file = Path.of("/proc/cpuinfo");
        try {
            return Files.isReadable(file)
                    ? Files.readAllLines(file).stream()
                            .filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                            .findFirst()
                            .orElse("")
                    : System.getProperty("os.arch");
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
