import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import com.google.googlejavaformat.java.StringWrapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Formats every Java source of the repository with google-java-format in AOSP style (4 spaces, 100
 * columns), or checks that it is formatted. Imports are sorted and unused ones removed.
 *
 * <p>The build runs this from source with the toolchain's JDK, because a formatter parses with the
 * compiler of the JDK it runs in, and Maven's own may be too old for our sources: {@code java
 * [--add-exports ...] -cp google-java-format.jar tools/FormatSources.java check|format ROOT}.
 */
final class FormatSources {
    private static final Formatter FORMATTER =
            new Formatter(
                    JavaFormatterOptions.builder().style(JavaFormatterOptions.Style.AOSP).build());

    public static void main(String[] arguments) throws IOException {
        boolean write = arguments[0].equals("format");
        Path root = Path.of(arguments[1]).toAbsolutePath().normalize();
        List<Path> sources = sourcesUnder(root);
        List<String> problems =
                sources.parallelStream().flatMap(file -> visit(root, file, write)).toList();
        problems.forEach(System.err::println);
        if (!problems.isEmpty()) {
            System.err.println(
                    write
                            ? "These sources cannot be parsed; repair them, then format again."
                            : "The sources above are not formatted; 'mvn -Pformat' formats them.");
            System.exit(1);
        }
    }

    private static List<Path> sourcesUnder(Path root) throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> children = Files.list(root)) {
            for (Path child : children.sorted().toList()) {
                String name = child.getFileName().toString();
                boolean ours = !name.startsWith(".") && !name.equals("target");
                if (ours && Files.isDirectory(child)) {
                    sources.addAll(sourcesUnder(child));
                } else if (ours && name.endsWith(".java")) {
                    sources.add(child);
                }
            }
        }
        return sources;
    }

    /** Returns one line for a file that is not as it should be, nothing otherwise. */
    private static Stream<String> visit(Path root, Path file, boolean write) {
        try {
            String found = Files.readString(file);
            String formatted = formatted(found);
            if (found.equals(formatted)) {
                return Stream.empty();
            }
            if (write) {
                Files.writeString(file, formatted);
                System.out.println("formatted " + root.relativize(file));
                return Stream.empty();
            }
            return Stream.of(root.relativize(file).toString());
        } catch (FormatterException | IOException failure) {
            return Stream.of(root.relativize(file) + ": " + failure.getMessage());
        }
    }

    private static String formatted(String source) throws FormatterException {
        String withoutUnused = RemoveUnusedImports.removeUnusedImports(source);
        String ordered =
                ImportOrderer.reorderImports(withoutUnused, JavaFormatterOptions.Style.AOSP);
        return StringWrapper.wrap(FORMATTER.formatSource(ordered), FORMATTER);
    }
}
