package dev.ugoki.tck.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.ugoki.tck.BackendConformanceTest;
import dev.ugoki.tck.PrimitiveRows;
import dev.ugoki.tck.Row;
import dev.ugoki.tck.Tally;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The kit in the hands of somebody else: a backend that has only begun, and says so. */
final class SampleBackendTest {
    /** What a third party writes; other rows are left out here to save time. */
    static class Kit extends BackendConformanceTest {
        static Tally tally;

        @Override
        protected Device device() {
            return new Device("sample", 0);
        }

        @Override
        protected boolean mayRefuse(Op op, DType dtype) {
            return !(op instanceof Prim prim && SampleBackend.runs(prim, dtype));
        }

        @Override
        protected List<Row> rows() {
            return PrimitiveRows.all().stream()
                    .filter(
                            row ->
                                    Stream.of("fill", "reshape", "neg", "add", "mul", "sin")
                                            .anyMatch(row.name()::startsWith))
                    .toList();
        }

        @Override
        protected void report(Tally counted) {
            tally = counted;
        }
    }

    /** The same, which promises everything. */
    static final class Boastful extends Kit {
        @Override
        protected boolean mayRefuse(Op op, DType dtype) {
            return false;
        }

        @Override
        protected List<Row> rows() {
            return PrimitiveRows.all().stream()
                    .filter(row -> row.name().startsWith("sin"))
                    .toList();
        }
    }

    @Test
    void whatIsDeclinedIsSkippedAndNamedAndTheRestPasses() {
        Events tests = run(Kit.class);

        assertEquals(0, tests.failed().count(), () -> Kit.tally.toString());
        assertTrue(tests.succeeded().count() > 100, () -> Kit.tally.toString());
        assertTrue(tests.aborted().count() > 100, () -> Kit.tally.toString());
        assertTrue(
                Kit.tally.refusals().contains("sin in F32: sin is not written yet"),
                () -> Kit.tally.toString());
        assertTrue(Kit.tally.comparisons() > 500, () -> Kit.tally.toString());
    }

    @Test
    void whatIsDeclinedWithoutLeaveFails() {
        Events tests = run(Boastful.class);

        assertTrue(tests.failed().count() > 100, () -> Kit.tally.toString());
        assertTrue(
                Kit.tally.failures().contains("sin of wide values in F32"),
                () -> Kit.tally.toString());
    }

    static Events run(Class<?> kit) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(kit))
                .execute()
                .testEvents();
    }

    @Test
    void thePageShowsThisBackend() throws IOException {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("bom").resolve("pom.xml"))) {
            root = root.getParent();
        }
        String page = Files.readString(root.resolve("docs/bring-up-a-backend.md"));
        for (String name : List.of("SampleBackend", "SampleProvider")) {
            String source =
                    Files.readString(
                            root.resolve("tensor-tck/src/test/java/dev/ugoki/tck/sample")
                                    .resolve(name + ".java"));
            String code = source.substring(source.indexOf("/** "));
            assertTrue(page.contains(code), name + " differs from what the page shows");
        }
    }
}
