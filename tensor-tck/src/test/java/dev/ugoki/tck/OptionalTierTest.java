package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.BrokenProvider;
import dev.ugoki.tck.reference.BrokenProvider.Defect;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.LinearAlgebra;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

import java.util.List;
import java.util.stream.Stream;

/** A backend may decline linear algebra: users are told so, and the kit skips what it declines. */
final class OptionalTierTest {
    private static final Device BROKEN = new Device("broken", 0);

    /** Never run as a test of its own: static nested classes are not discovered. */
    private static final class OfBroken extends BackendConformanceTest {
        @Override
        protected Device device() {
            return BROKEN;
        }
    }

    @AfterEach
    void repair() {
        BrokenProvider.defect = Defect.NONE;
    }

    @Test
    void whatIsDeclinedIsSkippedWithTheReason() {
        BrokenProvider.defect = Defect.REFUSES_THE_OPTIONAL_TIER;
        OfBroken kit = new OfBroken();

        for (String row : List.of("solve", "cholesky", "determinant VALUE in batches")) {
            List<DynamicTest> tests = testsOf(kit.computesAsTheReferenceDoes(), row);
            assertEquals(2, tests.size());
            for (DynamicTest test : tests) {
                TestAbortedException skipped =
                        assertThrows(
                                TestAbortedException.class, () -> test.getExecutable().execute());
                assertTrue(String.valueOf(skipped.getMessage()).contains("it will not"));
            }
        }
        assertThrows(TestAbortedException.class, kit::aMatrixThatCannotBeSolvedForIsNamed);
    }

    @Test
    void whatIsNotOptionalMayNotBeDeclined() {
        BrokenProvider.defect = Defect.REFUSES;

        DynamicTest test =
                testsOf(new OfBroken().computesAsTheReferenceDoes(), "sin of wide values").get(0);

        Throwable failed = assertThrows(Throwable.class, () -> test.getExecutable().execute());
        assertFalse(failed instanceof TestAbortedException, failed::toString);
        assertTrue(String.valueOf(failed.getMessage()).contains("it will not"));
    }

    @Test
    void usersAreToldTheReason() {
        BrokenProvider.defect = Defect.REFUSES_THE_OPTIONAL_TIER;
        BROKEN.run(
                () -> {
                    Tensor identity = LinearAlgebra.eye(DType.F32, 2);

                    var e =
                            assertThrows(
                                    UnsupportedOperationException.class,
                                    () -> LinearAlgebra.inverse(identity));

                    assertEquals(
                            "inverse: in solve: broken cannot run it: it will not", e.getMessage());
                });
    }

    private static List<DynamicTest> testsOf(Stream<DynamicNode> nodes, String row) {
        return nodes.filter(node -> node.getDisplayName().equals(row))
                .flatMap(node -> ((DynamicContainer) node).getChildren())
                .map(DynamicTest.class::cast)
                .toList();
    }
}
