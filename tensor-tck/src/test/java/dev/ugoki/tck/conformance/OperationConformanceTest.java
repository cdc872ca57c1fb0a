package dev.ugoki.tck.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

class OperationConformanceTest {
    private static final Device REFERENCE = new Device("reference", 0);

    @TestFactory
    Stream<DynamicTest> theReferenceBackendAgreesWithPyTorch() throws Exception {
        Map<String, List<ConformanceCase>> byOperation = byOperation();
        return byOperation.entrySet().stream()
                .map(
                        entry ->
                                DynamicTest.dynamicTest(
                                        entry.getKey(), () -> assertPasses(entry.getValue())));
    }

    private static void assertPasses(List<ConformanceCase> cases) {
        String failures =
                cases.stream()
                        .map(each -> REFERENCE.call(() -> Conformance.run(each)))
                        .filter(outcome -> outcome.failure() != null)
                        .map(outcome -> outcome.id() + ": " + outcome.failure())
                        .collect(Collectors.joining("\n"));
        assertEquals("", failures);
    }

    @Test
    void theCopyHoldsAllCases() throws Exception {
        Map<String, List<ConformanceCase>> byOperation = byOperation();
        assertEquals(114, byOperation.size());
        assertEquals(618, byOperation.values().stream().mapToInt(List::size).sum());
    }

    @Test
    void everyOperationMeetsViews() throws Exception {
        List<String> views =
                JsonLines.read(folder().resolve("cases.jsonl")).stream()
                        .flatMap(line -> line.path("inputs").valueStream())
                        .flatMap(input -> input.path("view").valueStream())
                        .map(step -> step.path(0).asText())
                        .distinct()
                        .toList();
        assertTrue(views.containsAll(List.of("permute", "slice", "flip", "expand")), "" + views);
    }

    private static Map<String, List<ConformanceCase>> byOperation()
            throws IOException, URISyntaxException {
        return new OperationSuite()
                .cases(folder()).stream()
                        .collect(
                                Collectors.groupingBy(
                                        ConformanceCase::group,
                                        LinkedHashMap::new,
                                        Collectors.toList()));
    }

    static Path folder() throws URISyntaxException {
        return Path.of(
                        Objects.requireNonNull(
                                        OperationConformanceTest.class.getResource("cases.jsonl"))
                                .toURI())
                .getParent();
    }
}
