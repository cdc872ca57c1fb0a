package dev.ugoki.cuda.bundle;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs the conformance kit on the device {@code cuda:0}, and says what became of it. */
public final class RunTests {
    private static final List<String> CLASSES =
            List.of(
                    "dev.ugoki.cuda.CudaConformanceTest",
                    "dev.ugoki.cuda.AdamStepsTest",
                    "dev.ugoki.cuda.ScatterTest",
                    "dev.ugoki.cuda.StreamsTest",
                    "dev.ugoki.cuda.PlansTest",
                    "dev.ugoki.cuda.TrainingTest");

    private RunTests() {}

    /** Counts what was run. */
    private static final class Counter implements TestExecutionListener {
        private int passed;
        private int skipped;
        private final List<String> failures = new ArrayList<>();

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            switch (result.getStatus()) {
                case FAILED -> {
                    String why = result.getThrowable().map(Throwable::toString).orElse("");
                    failures.add(test.getDisplayName() + ": " + why);
                    System.out.println("FAILED " + failures.getLast());
                }
                case ABORTED -> skipped++;
                case SUCCESSFUL -> passed += test.isTest() ? 1 : 0;
            }
        }
    }

    /** Argument: the file to write. Exits with 1 where a test fails, with 2 without a device. */
    public static void main(String[] arguments) throws Exception {
        Report.requireDevice();
        Report.machine().forEach(System.out::println);
        Map<String, Object> results = new LinkedHashMap<>();
        int failed = 0;
        int passed = 0;
        for (String name : CLASSES) {
            Counter counter = new Counter();
            LauncherDiscoveryRequest request =
                    LauncherDiscoveryRequestBuilder.request()
                            .selectors(DiscoverySelectors.selectClass(name))
                            .build();
            long start = System.nanoTime();
            LauncherFactory.create().execute(request, counter);
            System.out.printf(
                    "%-45s %6d passed %4d failed %4d skipped %7.1f s%n",
                    name,
                    counter.passed,
                    counter.failures.size(),
                    counter.skipped,
                    (System.nanoTime() - start) * 1e-9);
            passed += counter.passed;
            results.put(
                    name,
                    Map.of(
                            "passed",
                            counter.passed,
                            "failures",
                            counter.failures,
                            "skipped",
                            counter.skipped));
            failed += counter.failures.size();
        }
        Report.write(Path.of(arguments[0]), "tests", results);
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }
}
