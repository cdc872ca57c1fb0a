package dev.ugoki.examples.operations;

import dev.ugoki.tensor.io.WholeFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code ugoki operations [FILE]}: writes the page about all operations. */
@Command(
        name = "operations",
        description = {
            "Writes docs/operations.md, the table of all operations, from the sources of this"
                    + " checkout.",
            "Exits with 1 where the Javadoc of an operation lacks its formula, shapes or source."
        },
        mixinStandardHelpOptions = true)
public final class WriteOperations implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "FILE",
            description = "Where the page goes; default: docs/operations.md of the checkout.")
    private @Nullable Path file;

    /** For the command line. */
    public WriteOperations() {}

    @Override
    public Integer call() throws IOException {
        Path root = checkout();
        Path target = file == null ? root.resolve("docs/operations.md") : file;
        WholeFile.writeString(target, OperationsPage.write(root));
        System.out.println("wrote " + target);
        return 0;
    }

    /** The folder of the checkout that this was built in. */
    static Path checkout() {
        Path place;
        try {
            place =
                    Path.of(
                            WriteOperations.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("no place to look for sources from", e);
        }
        for (Path at = place; at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("bom")) && Files.isDirectory(at.resolve("docs"))) {
                return at;
            }
        }
        throw new IllegalStateException(
                "operations: " + place + " is not inside a checkout, whose sources are needed");
    }
}
