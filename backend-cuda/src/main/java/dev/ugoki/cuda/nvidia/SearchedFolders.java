package dev.ugoki.cuda.nvidia;

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The folders in which CUDA's libraries may be, in the order in which they are looked for: those of
 * the property {@code ugoki.cuda.libraries}, the library paths, toolkits, the folders that NVIDIA's
 * Python packages bring, the system's.
 */
final class SearchedFolders {
    private static final String LINUX_FOLDERS =
            "/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu:/usr/lib64:/usr/lib:/lib64"
                    + ":/usr/lib/wsl/lib:/run/opengl-driver/lib";

    private final boolean windows;
    private final Function<String, @Nullable String> environment;
    private final Function<String, @Nullable String> properties;
    private final Set<Path> folders = new LinkedHashSet<>();

    private SearchedFolders(
            boolean windows,
            Function<String, @Nullable String> environment,
            Function<String, @Nullable String> properties) {
        this.windows = windows;
        this.environment = environment;
        this.properties = properties;
    }

    /** Those of this machine that there are. */
    static Set<Path> ofThisMachine() {
        return of(isWindows(), System::getenv, System::getProperty);
    }

    static boolean isWindows() {
        return System.getProperty("os.name", "").startsWith("Windows");
    }

    /** Those that there are of a machine with such variables and properties. */
    static Set<Path> of(
            boolean windows,
            Function<String, @Nullable String> environment,
            Function<String, @Nullable String> properties) {
        SearchedFolders search = new SearchedFolders(windows, environment, properties);
        search.search();
        search.folders.removeIf(folder -> !Files.isDirectory(folder));
        return search.folders;
    }

    private void search() {
        addAll(properties.apply("ugoki.cuda.libraries"));
        addAll(environment.apply(windows ? "PATH" : "LD_LIBRARY_PATH"));
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            addToolkit(environment.apply(variable));
        }
        if (windows) {
            Path programs = path(environment.apply("ProgramFiles"));
            if (programs != null) {
                Path toolkits = programs.resolve("NVIDIA GPU Computing Toolkit").resolve("CUDA");
                matching(toolkits, "v13*").forEach(this::addToolkit);
                for (Path version : matching(programs.resolve("NVIDIA").resolve("CUDNN"), "v9*")) {
                    matching(version.resolve("bin"), "13*")
                            .forEach(bin -> folders.addAll(List.of(bin, bin.resolve("x64"))));
                }
            }
        } else {
            matching(Path.of("/usr/local"), "cuda*").forEach(this::addToolkit);
            addToolkit(Path.of("/opt/cuda"));
        }
        addPythons();
        addAll(properties.apply("java.library.path"));
        if (windows) {
            Path system = path(environment.apply("SystemRoot"));
            if (system != null) {
                folders.add(system.resolve("System32"));
            }
        } else {
            addAll(LINUX_FOLDERS);
        }
    }

    private static @Nullable Path path(@Nullable String name) {
        try {
            return name == null || name.isEmpty() ? null : Path.of(name);
        } catch (InvalidPathException e) {
            return null; // not a folder's name
        }
    }

    private void addAll(@Nullable String paths) {
        for (String each : (paths == null ? "" : paths).split(File.pathSeparator)) {
            Path folder = path(each);
            if (folder != null) {
                folders.add(folder);
            }
        }
    }

    private void addToolkit(@Nullable String home) {
        Path folder = path(home);
        if (folder != null) {
            addToolkit(folder);
        }
    }

    private void addToolkit(Path home) {
        if (windows) {
            folders.add(home.resolve("bin").resolve("x64"));
            folders.add(home.resolve("bin"));
            return;
        }
        folders.add(home.resolve("lib64"));
        for (Path target : matching(home.resolve("targets"), "*")) {
            folders.add(target.resolve("lib"));
        }
    }

    /** Where pip and conda put NVIDIA's packages. */
    private void addPythons() {
        List<Path> packages = new ArrayList<>();
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            Path root = path(environment.apply(variable));
            if (root != null && windows) {
                packages.add(root.resolve("Lib").resolve("site-packages"));
                folders.add(root.resolve("Library").resolve("bin"));
            } else if (root != null) {
                addPackages(root.resolve("lib"), packages);
                folders.add(root.resolve("lib"));
            }
        }
        if (windows) {
            addWindowsPackages(packages);
        } else {
            String home = properties.apply("user.home");
            if (home != null) {
                addPackages(Path.of(home, ".local", "lib"), packages);
            }
            for (String root : List.of("/usr/local/lib", "/usr/lib", "/opt/venv/lib")) {
                addPackages(Path.of(root), packages);
            }
        }
        for (Path each : packages) {
            for (Path library : matching(each.resolve("nvidia"), "*")) {
                if (windows) {
                    folders.add(library.resolve("bin").resolve("x86_64"));
                    folders.add(library.resolve("bin"));
                } else {
                    folders.add(library.resolve("lib"));
                }
            }
        }
    }

    private static void addPackages(Path root, List<Path> packages) {
        for (Path python : matching(root, "python3*")) {
            packages.add(python.resolve("site-packages"));
            packages.add(python.resolve("dist-packages"));
        }
    }

    /** Of Python's installer, for one user: the programs, and what pip adds without rights. */
    private void addWindowsPackages(List<Path> packages) {
        Path local = path(environment.apply("LOCALAPPDATA"));
        Path roaming = path(environment.apply("APPDATA"));
        if (local != null) {
            for (Path python : matching(local.resolve("Programs").resolve("Python"), "Python3*")) {
                packages.add(python.resolve("Lib").resolve("site-packages"));
            }
        }
        if (roaming != null) {
            for (Path python : matching(roaming.resolve("Python"), "Python3*")) {
                packages.add(python.resolve("site-packages"));
            }
        }
    }

    /** The newest version first. */
    private static List<Path> matching(Path folder, String pattern) {
        List<Path> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
                files.forEach(all::add);
            } catch (IOException e) {
                return List.of();
            }
        }
        all.sort(Comparator.reverseOrder());
        return all;
    }
}
