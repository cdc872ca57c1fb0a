package dev.ugoki.cuda.nvidia;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Looks for NVIDIA's driver and for CUDA 13's libraries, without loading a CUDA class, in the
 * {@link SearchedFolders}.
 */
public final class CudaLibraries {
    private static final int OLDEST_DRIVER = 13000;

    private final Set<Path> folders;
    private final boolean windows;
    private final Map<Library, Path> found = new EnumMap<>(Library.class);
    private final List<String> broken = new ArrayList<>();
    private @Nullable String problem;
    private int devices;
    private int driverVersion;

    private CudaLibraries(Set<Path> folders, boolean windows) {
        this.folders = folders;
        this.windows = windows;
    }

    private static final class Search {
        static final CudaLibraries RESULT =
                search(SearchedFolders.ofThisMachine(), SearchedFolders.isWindows());
    }

    /** What there is on this machine; looked for once. */
    public static CudaLibraries ofThisMachine() {
        return Search.RESULT;
    }

    /** What there is in these folders, for tests. */
    static CudaLibraries search(Set<Path> folders, boolean windows) {
        CudaLibraries libraries = new CudaLibraries(folders, windows);
        libraries.find();
        return libraries;
    }

    private void find() {
        List<String> missing = new ArrayList<>();
        for (Library library : Library.values()) {
            Path file = file(library);
            if (file != null) {
                found.put(library, file);
            } else if (!library.isOptional() && library != Library.DRIVER) {
                missing.add(name(library));
            }
        }
        Path driver = found.get(Library.DRIVER);
        if (driver != null && missing.isEmpty()) {
            problem = askDriver(driver);
            return;
        }
        List<String> problems = new ArrayList<>();
        if (driver == null) {
            problems.add(
                    "no NVIDIA driver: there is no "
                            + Library.DRIVER.file(windows)
                            + "; install NVIDIA's driver 580 or later, which brings it, or, without"
                            + " a GPU, use the CPU");
        }
        if (!missing.isEmpty()) {
            problems.add(
                    "CUDA 13's libraries are missing: "
                            + String.join(", ", missing)
                            + "; install CUDA 13 (its toolkit, or 'pip install"
                            + " nvidia-cuda-runtime nvidia-cuda-nvrtc nvidia-cublas"
                            + " nvidia-cudnn-cu13'), or name their folders with"
                            + " -Dugoki.cuda.libraries=FOLDER"
                            + File.pathSeparator
                            + "FOLDER");
        }
        problem =
                String.join("; ", problems)
                        + "; searched: "
                        + folders
                        + "; found: "
                        + found.values();
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

    private String name(Library library) {
        return library.file(windows) + " (" + library.purpose() + ")";
    }

    /** The library's file, or one that adds a minor version, in the first folder with one. */
    private @Nullable Path file(Library library) {
        String name = library.file(windows);
        for (Path folder : folders) {
            Path exact = windows ? null : folder.resolve(name);
            if (exact != null && Files.isRegularFile(exact)) {
                return exact;
            }
            if (Files.isDirectory(folder)) {
                String pattern = windows ? name : name + ".*";
                try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
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
        return found.keySet()
                .containsAll(
                        Set.of(
                                Library.DNN,
                                Library.DNN_CONVOLUTIONS,
                                Library.DNN_OPERATIONS,
                                Library.DNN_GRAPHS));
    }

    /** cuDNN's library of graphs, where all of cuDNN is there. */
    Optional<Path> cudnnGraphs() {
        return hasCudnn() ? Optional.ofNullable(found.get(Library.DNN_GRAPHS)) : Optional.empty();
    }

    /** What was searched, found and missing, in lines. */
    public List<String> describe() {
        List<String> lines = new ArrayList<>();
        lines.add("searched: " + folders);
        if (driverVersion > 0) {
            lines.add("driver: CUDA up to " + versionText(driverVersion));
        }
        found.forEach((library, file) -> lines.add("found " + library.file(windows) + ": " + file));
        for (Library library : Library.values()) {
            if (!found.containsKey(library)) {
                String served = library.isOptional() ? "; our own kernels serve" : "";
                lines.add(
                        "missing "
                                + library.file(windows)
                                + " ("
                                + library.purpose()
                                + served
                                + ")");
            }
        }
        lines.addAll(broken);
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
        for (Library library : Library.values()) {
            Path file = found.get(library);
            if (file != null) {
                load(library, file);
            }
        }
    }

    /** What is optional and does not load counts as missing, and {@link #describe} says why. */
    @SuppressWarnings("restricted")
    private void load(Library library, Path file) {
        try {
            System.load(file.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
            if (!library.isOptional()) {
                throw e;
            }
            found.remove(library);
            broken.add(library.file(windows) + " was found, but does not load: " + e.getMessage());
        }
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
