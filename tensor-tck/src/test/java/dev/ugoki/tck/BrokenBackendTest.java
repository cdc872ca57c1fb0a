package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import dev.ugoki.tck.reference.BrokenProvider;
import dev.ugoki.tck.reference.BrokenProvider.Defect;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

import java.util.List;
import java.util.Set;

/** The kit as a whole fails on a backend that is broken in any one way. */
final class BrokenBackendTest {
    private static final Set<String> ROWS =
            Set.of("sin of wide values", "add of wide values", "reduce SUM over [0]", "matMul");

    static final class Kit extends BackendConformanceTest {
        @Override
        protected Device device() {
            return new Device("broken", 0);
        }

        @Override
        protected List<Row> rows() {
            return PrimitiveRows.all().stream().filter(row -> ROWS.contains(row.name())).toList();
        }

        @Override
        protected void report(Tally counted) {
            assertEquals(
                    BrokenProvider.defect == Defect.NONE,
                    counted.failures().isEmpty(),
                    counted::toString);
        }
    }

    @AfterEach
    void repair() {
        BrokenProvider.defect = Defect.NONE;
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "TAKES_EVERYTHING_FOR_CONTIGUOUS",
                "FORGETS_OFFSETS",
                "IS_A_LITTLE_OFF",
                "LOSES_THE_LAST_ELEMENT",
                "CHANGES_ITS_OPERANDS",
                "DIFFERS_FROM_RUN_TO_RUN",
                "THROWS",
                "REFUSES"
            })
    void aDefectFailsTheKit(Defect defect) {
        BrokenProvider.defect = defect;

        assertTrue(failures().count() > 0);
    }

    @Test
    void withoutADefectTheKitPasses() {
        assertEquals(List.of(), failures().list());
    }

    private static Events failures() {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectMethod(Kit.class, "computesAsTheReferenceDoes"))
                .execute()
                .testEvents()
                .failed();
    }
}
