package dev.ugoki.cpu;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;

/**
 * A library of native code that may be there: {@link #find()} loads it, and never throws. What goes
 * wrong on the way becomes a sentence in the result.
 *
 * <p>The jars {@code org.bytedeco:ARTIFACT:VERSION:PLATFORM} hold the library, and the few compiler
 * run-time libraries it needs, as resources under {@code org/bytedeco/ARTIFACT/PLATFORM/}. The
 * system's loader wants files, so they are unpacked once into a directory that is named after the
 * jar, and loaded in the order in which they need each other.
 *
 * @param artifact the name of the jar
 * @param property the system property with the path of a library, or {@code none}
 * @param functions what the library must have
 * @param linux the files in the jar for Linux, what is needed first before what needs it; likewise
 *     for the other systems
 */
@SuppressWarnings("restricted") // loading a native library is what this class is for
record NativeLibrary(
        String artifact,
        String property,
        List<String> functions,
        List<String> linux,
        List<String> macos,
        List<String> windows) {
    /**
     * What the search ended with: symbols and path, or a problem.
     *
     * @param symbols the library's functions; null if there is a problem
     * @param path the library's file; null if there is a problem
     * @param problem what was looked for, where, and what to do; null if the library was loaded
     */
    record Found(@Nullable SymbolLookup symbols, @Nullable Path path, @Nullable String problem) {}

    private static final String NONE = "none";

    /** As if the property were not there. */
    private static final String ON = "on";

    /** Searches and loads. */
    Found find() {
        String wanted = System.getProperty(property, "");
        if (wanted.equals(NONE)) {
            return failed("-D" + property + "=none asks to do without it");
        }
        try {
            return wanted.isEmpty() || wanted.equals(ON)
                    ? fromJar(platform())
                    : fromFile(Path.of(wanted));
        } catch (IOException | RuntimeException | UnsatisfiedLinkError e) {
            return failed("loading it failed: " + e);
        }
    }

    private static Found failed(String problem) {
        return new Found(null, null, problem);
    }

    private Found fromFile(Path file) {
        if (!Files.isRegularFile(file)) {
            return failed("-D%s=%s names no file".formatted(property, file));
        }
        return checked(load(file.toAbsolutePath()), file.toAbsolutePath());
    }

    private Found checked(SymbolLookup symbols, Path file) {
        for (String function : functions) {
            if (symbols.find(function).isEmpty()) {
                return failed("%s has no function %s".formatted(file, function));
            }
        }
        return new Found(symbols, file, null);
    }

    private static SymbolLookup load(Path file) {
        return SymbolLookup.libraryLookup(file, Arena.global());
    }

    /** The platform as the jars name it, such as {@code linux-x86_64}. */
    private static String platform() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        String system =
                name.startsWith("mac") ? "macosx" : name.startsWith("windows") ? "windows" : name;
        return switch (arch) {
            case "amd64", "x86_64" -> system + "-x86_64";
            case "aarch64" -> system + "-arm64";
            default -> system + "-" + arch;
        };
    }

    /** The files that may be in a platform's jar. */
    private List<String> fileNames(String platform) {
        return platform.startsWith("windows")
                ? windows
                : platform.startsWith("macosx") ? macos : linux;
    }

    private Found fromJar(String platform) throws IOException {
        List<String> names = fileNames(platform);
        String folder = "org/bytedeco/" + artifact + "/" + platform + "/";
        URL library = resource(folder + names.getLast());
        if (library == null) {
            return failed(
                    "the class path has no "
                            + folder
                            + names.getLast()
                            + "; add the dependency org.bytedeco:"
                            + artifact
                            + " with classifier "
                            + platform
                            + ", or name a library with -D"
                            + property
                            + "=PATH");
        }
        Path directory = directoryFor(library, platform);
        SymbolLookup symbols = null;
        for (String name : names) {
            URL source = resource(folder + name);
            if (source != null) {
                symbols = load(unpack(source, directory.resolve(name)));
            }
        }
        Path file = directory.resolve(names.getLast());
        return symbols == null ? failed(file + " could not be read") : checked(symbols, file);
    }

    private static @Nullable URL resource(String name) {
        ClassLoader own = NativeLibrary.class.getClassLoader();
        URL found = own == null ? null : own.getResource(name);
        return found == null ? ClassLoader.getSystemResource(name) : found;
    }

    /** The user's cache, or a new temporary directory where that cannot be written. */
    private Path directoryFor(URL library, String platform) throws IOException {
        String name = artifact + "-" + platform + "-" + fingerprint(library);
        Path directory = userCache().resolve("ugoki").resolve(name);
        try {
            Files.createDirectories(directory);
            if (Files.isWritable(directory)) {
                return directory;
            }
        } catch (IOException e) {
            // no home, or one that is read-only: unpack for this run alone
        }
        Path temporary = Files.createTempDirectory("ugoki-" + artifact);
        for (String file : fileNames(platform)) {
            temporary.resolve(file).toFile().deleteOnExit();
        }
        temporary.toFile().deleteOnExit();
        return temporary;
    }

    private static Path userCache() {
        String cache = System.getenv("XDG_CACHE_HOME");
        if (cache != null && !cache.isEmpty()) {
            return Path.of(cache);
        }
        return Path.of(System.getProperty("user.home"), ".cache");
    }

    /** Differs where the content does: the jar's checksum of it, else its length. */
    private static String fingerprint(URL library) throws IOException {
        URLConnection connection = library.openConnection();
        if (connection instanceof JarURLConnection jar) {
            return Long.toHexString(jar.getJarEntry().getCrc());
        }
        return Long.toString(connection.getContentLengthLong());
    }

    /** Writes the resource to {@code target}, unless it is there already; whole or not at all. */
    private static Path unpack(URL source, Path target) throws IOException {
        URLConnection connection = source.openConnection();
        long length = connection.getContentLengthLong();
        if (Files.isRegularFile(target) && Files.size(target) == length) {
            return target;
        }
        Path unfinished = Files.createTempFile(target.getParent(), "unpacking", ".tmp");
        try {
            try (InputStream content = connection.getInputStream()) {
                Files.copy(content, unfinished, StandardCopyOption.REPLACE_EXISTING);
            }
            try (FileChannel file = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                file.force(true);
            }
            moveIntoPlace(unfinished, target);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        return target;
    }

    private static void moveIntoPlace(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
