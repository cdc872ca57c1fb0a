package dev.ugoki.tck.conformance;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The cases that come with the kit: operations with the results and gradients that PyTorch gives
 * them. {@code README.md} beside the files says where they come from.
 */
public final class BundledCases {
    private static final List<String> FILES = List.of("cases.jsonl", "tensors.safetensors");

    private BundledCases() {}

    /**
     * All of them, in the order of their file.
     *
     * @throws IOException if the files cannot be copied out of the jar for reading
     */
    public static List<ConformanceCase> operations() throws IOException {
        Path folder = Files.createTempDirectory("ugoki-conformance");
        try {
            copyTo(folder);
            return new OperationSuite().cases(folder);
        } finally {
            for (String name : FILES) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.delete(folder);
        }
    }

    /**
     * Copies the files into a folder, for those who run them from there.
     *
     * @throws IOException if the folder cannot be written to, or holds files of these names
     */
    public static void copyTo(Path folder) throws IOException {
        for (String name : FILES) {
            try (InputStream file = BundledCases.class.getResourceAsStream(name)) {
                if (file == null) {
                    throw new FileNotFoundException(
                            name + " is missing beside " + BundledCases.class.getName());
                }
                Files.copy(file, folder.resolve(name));
            }
        }
    }
}
