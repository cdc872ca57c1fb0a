package dev.ugoki.embodied.data;

import org.junit.jupiter.api.Assumptions;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where tests find data: public data sets beside the repository, and samples in the resources. */
public final class SharedData {
    private SharedData() {}

    /** A data set of {@code ../shared/data}; where that is absent, the test is skipped. */
    public static Path dataSet(String name) {
        Path folder = repositoryRoot().resolveSibling("shared").resolve("data").resolve(name);
        Assumptions.assumeTrue(Files.isDirectory(folder), () -> folder + " is absent");
        return folder;
    }

    static Path pushtZarr() {
        return dataSet("pusht_zarr").resolve("pusht_cchi_v7_replay.zarr");
    }

    private static Path repositoryRoot() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.isDirectory(folder.resolve("bom"))) {
            folder = folder.getParent();
        }
        Assumptions.assumeTrue(folder != null, "not run within the repository");
        return folder;
    }

    /** A folder of samples. */
    static Path samples(String name) {
        try {
            return Path.of(SharedData.class.getResource(name).toURI());
        } catch (URISyntaxException problem) {
            throw new AssertionError(problem);
        }
    }
}
