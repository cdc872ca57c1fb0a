package dev.ugoki.tck.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What the kit brings along; {@code BackendConformanceTest} runs it. */
class BundledCasesTest {
    @Test
    void theCopyHoldsAllCases() throws IOException {
        List<ConformanceCase> cases = BundledCases.operations();

        assertEquals(618, cases.size());
        assertEquals(114, cases.stream().map(ConformanceCase::group).distinct().count());
    }

    @Test
    void everyKindOfViewIsMet(@TempDir Path folder) throws IOException {
        BundledCases.copyTo(folder);
        List<String> views =
                JsonLines.read(folder.resolve("cases.jsonl")).stream()
                        .flatMap(line -> line.path("inputs").valueStream())
                        .flatMap(input -> input.path("view").valueStream())
                        .map(step -> step.path(0).asText())
                        .distinct()
                        .toList();
        assertTrue(views.containsAll(List.of("permute", "slice", "flip", "expand")), "" + views);
    }
}
