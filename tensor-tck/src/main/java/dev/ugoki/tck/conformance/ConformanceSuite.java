package dev.ugoki.tck.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One kind of cases that a folder may hold, such as operations. */
public interface ConformanceSuite {
    /** The name by which it is chosen: {@code operations}. */
    String name();

    /**
     * The cases in a folder; none where it holds none of this kind.
     *
     * @throws IOException if the folder's files cannot be read or are not of the format
     */
    List<ConformanceCase> cases(Path folder) throws IOException;
}
