package dev.ugoki.cuda.nvidia;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Looks for NVIDIA's driver and for CUDA 13's libraries, without loading a CUDA class: in the
 * folders of the property {@code ugoki.cuda.libraries}, on the library paths, in toolkits, and in
 * the folders that NVIDIA's Python packages bring.
 */
public final class CudaLibraries {
    /** A library, and whether the backend can do without it. */
    private record Wanted(String file, boolean optional, String purpose) {}

    private static final String DRIVER = "libcuda.so.1";
    private static final int OLDEST_DRIVER = 13000;
    private static final List<Wanted> WANTED =
            List.of(
                    new Wanted("libcudart.so.13", false, "the runtime"),
                    new Wanted("libnvrtc-builtins.so.13", false, "the compiler's headers"),
                    new Wanted("libnvrtc.so.13", false, "the compiler of kernels"),
                    new Wanted("libcublasLt.so.13", false, "matrix products"),
                    new Wanted("libcublas.so.13", false, "matrix products"),
                    new Wanted("libcudnn_graph.so.9", true, "convolutions"),
                    new Wanted("libcudnn_ops.so.9", true, "convolutions"),
                    new Wanted("libcudnn_cnn.so.9", true, "convolutions"),
                    new Wanted("libcudnn_adv.so.9", true, "convolutions"),
                    new Wanted("libcudnn_heuristic.so.9", true, "convolutions"),
                    new Wanted("libcudnn_engines_precompiled.so.9", true, "convolutions"),
                    new Wanted("libcudnn_engines_runtime_compiled.so.9", true, "convolutions"),
                    new Wanted("libcudnn.so.9", true, "convolutions"));

    private final Set<Path> folders;
    private final Map<String, Path> found = new LinkedHashMap<>();
    private @Nullable String problem;
    private int devices;
    private int driverVersion;

    private CudaLibraries(Set<Path> folders) {
        this.folders = folders;
    }

    private static final class Search {
        static final CudaLibraries RESULT = search(foldersOfThisMachine());
    }

    /** What there is on this machine; looked for once. */
    public static CudaLibraries ofThisMachine() {
        return Search.RESULT;
    }

    /** What there is in these folders, for tests. */
    static CudaLibraries search(Set<Path> folders) {
        CudaLibraries libraries = new CudaLibraries(folders);
        libraries.find();
        return libraries;
    }

    private void find() {
        Path driver = file(DRIVER);
        if (driver == null) {
            problem =
                    "no NVIDIA driver: "
                            + DRIVER
                            + " was searched for in "
                            + folders
                            + "; install NVIDIA's driver 580 or later (it brings this file), or,"
                            + " without a GPU, use the CPU";
            return;
        }
        found.put(DRIVER, driver);
        List<String> missing = new ArrayList<>();
        for (Wanted wanted : WANTED) {
            Path file = file(wanted.file());
            if (file != null) {
                found.put(wanted.file(), file);
            } else if (!wanted.optional()) {
                missing.add(wanted.file() + " (" + wanted.purpose() + ")");
            }
        }
        if (!missing.isEmpty()) {
            problem =
                    "CUDA 13's libraries are missing: "
                            + String.join(", ", missing)
                            + "; searched for in "
                            + folders
                            + "; install CUDA 13 (its toolkit, or 'pip install"
                            + " nvidia-cuda-runtime nvidia-cuda-nvrtc nvidia-cublas"
                            + " nvidia-cudnn-cu13'), or name their folders with"
                            + " -Dugoki.cuda.libraries=FOLDER:FOLDER";
            return;
        }
        problem = askDriver(driver);
    }

    /** Null, or why the driver has no device for us. */
    @SuppressWarnings("restricted")
    private @Nullable String askDriver(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup driver = SymbolLookup.libraryLookup(file, Arena.global());
            Linker linker = Linker.nativeLinker();
            var i = ValueLayout.JAVA_INT;
            var init =
                    linker.downcallHandle(
                            driver.findOrThrow("cuInit"), FunctionDescriptor.of(i, i));
            var toCell = FunctionDescriptor.of(i, ValueLayout.ADDRESS);
            MemorySegment cell = arena.allocate(8, 8);
            var version = linker.downcallHandle(driver.findOrThrow("cuDriverGetVersion"), toCell);
            int status = (int) version.invokeExact(cell);
            driverVersion = status == 0 ? cell.get(i, 0) : 0;
            if (driverVersion < OLDEST_DRIVER) {
                return "NVIDIA's driver ("
                        + file
                        + ") supports CUDA up to "
                        + versionText(driverVersion)
                        + "; CUDA 13 needs driver 580 or later: update it";
            }
            status = (int) init.invokeExact(0);
            if (status != 0) {
                return "NVIDIA's driver ("
                        + file
                        + ") does not start: cuInit gives error "
                        + status
                        + "; see whether 'nvidia-smi' lists a GPU";
            }
            var count = linker.downcallHandle(driver.findOrThrow("cuDeviceGetCount"), toCell);
            status = (int) count.invokeExact(cell);
            devices = status == 0 ? cell.get(i, 0) : 0;
            return devices > 0 ? null : "NVIDIA's driver knows no GPU; see 'nvidia-smi'";
        } catch (Throwable e) {
            return "NVIDIA's driver (" + file + ") cannot be called: " + e;
        }
    }

    static String versionText(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    /** A file of this name, or of one that adds a minor version, in the first folder with one. */
    private @Nullable Path file(String name) {
        for (Path folder : folders) {
            Path exact = folder.resolve(name);
            if (Files.isRegularFile(exact)) {
                return exact;
            }
            if (Files.isDirectory(folder)) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, name + ".*")) {
                    for (Path each : files) {
                        return each;
                    }
                } catch (IOException e) {
                    continue; // a folder that cannot be read has nothing for us
                }
            }
        }
        return null;
    }

    private static Set<Path> foldersOfThisMachine() {
        Set<Path> folders = new LinkedHashSet<>();
        addAll(folders, System.getProperty("ugoki.cuda.libraries"));
        addAll(folders, System.getenv("LD_LIBRARY_PATH"));
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            String home = System.getenv(variable);
            if (home != null) {
                addToolkit(folders, Path.of(home));
            }
        }
        for (Path toolkit : matching(Path.of("/usr/local"), "cuda*")) {
            addToolkit(folders, toolkit);
        }
        addToolkit(folders, Path.of("/opt/cuda"));
        addPythons(folders);
        addAll(folders, System.getProperty("java.library.path"));
        addAll(
                folders,
                "/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu:/usr/lib64:/usr/lib:/lib64"
                        + ":/usr/lib/wsl/lib:/run/opengl-driver/lib");
        folders.removeIf(folder -> !Files.isDirectory(folder));
        return folders;
    }

    private static void addAll(Set<Path> folders, @Nullable String paths) {
        for (String path : (paths == null ? "" : paths).split(":")) {
            try {
                if (!path.isEmpty()) {
                    folders.add(Path.of(path));
                }
            } catch (InvalidPathException e) {
                continue; // not a folder's name
            }
        }
    }

    private static void addToolkit(Set<Path> folders, Path home) {
        folders.add(home.resolve("lib64"));
        for (Path target : matching(home.resolve("targets"), "*")) {
            folders.add(target.resolve("lib"));
        }
    }

    /** Where pip and conda put NVIDIA's packages. */
    private static void addPythons(Set<Path> folders) {
        List<Path> roots = new ArrayList<>();
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            String root = System.getenv(variable);
            if (root != null) {
                roots.add(Path.of(root, "lib"));
                folders.add(Path.of(root, "lib"));
            }
        }
        roots.add(Path.of(System.getProperty("user.home"), ".local", "lib"));
        roots.add(Path.of("/usr/local/lib"));
        roots.add(Path.of("/usr/lib"));
        roots.add(Path.of("/opt/venv/lib"));
        for (Path root : roots) {
            for (Path python : matching(root, "python3*")) {
                for (String packages : List.of("site-packages", "dist-packages")) {
                    Path nvidia = python.resolve(packages).resolve("nvidia");
                    for (Path each : matching(nvidia, "*")) {
                        folders.add(each.resolve("lib"));
                    }
                }
            }
        }
    }

    private static List<Path> matching(Path folder, String pattern) {
        List<Path> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
                files.forEach(all::add);
            } catch (IOException e) {
                return List.of();
            }
        }
        all.sort(Comparator.reverseOrder()); // the newest version first
        return all;
    }

    /** Why CUDA cannot be used here, or empty. */
    public Optional<String> unusableBecause() {
        return Optional.ofNullable(problem);
    }

    /** How many devices the driver knows; 0 where unusable. */
    public int deviceCount() {
        return problem == null ? devices : 0;
    }

    /** Whether cuDNN is there. */
    public boolean hasCudnn() {
        return found.containsKey("libcudnn.so.9")
                && found.containsKey("libcudnn_cnn.so.9")
                && found.containsKey("libcudnn_ops.so.9")
                && found.containsKey("libcudnn_graph.so.9");
    }

    /** What was searched, found and missing, in lines. */
    public List<String> describe() {
        List<String> lines = new ArrayList<>();
        lines.add("searched: " + folders);
        if (driverVersion > 0) {
            lines.add("driver: CUDA up to " + versionText(driverVersion));
        }
        found.forEach((name, file) -> lines.add("found " + name + ": " + file));
        for (Wanted wanted : WANTED) {
            if (!found.containsKey(wanted.file())) {
                lines.add(
                        "missing "
                                + wanted.file()
                                + " ("
                                + wanted.purpose()
                                + (wanted.optional() ? "; our own kernels serve" : "")
                                + ")");
            }
        }
        return lines;
    }

    /**
     * Loads what was found, by its full path, so that the bindings meet each library by its name
     * wherever it lies; and keeps JavaCPP from collecting garbage on our behalf.
     */
    @SuppressWarnings("restricted")
    void load() {
        setUnlessSet("org.bytedeco.javacpp.maxBytes", "0");
        setUnlessSet("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        setUnlessSet("org.bytedeco.javacpp.noPointerGC", "true");
        for (Path file : found.values()) {
            System.load(file.toAbsolutePath().toString());
        }
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
