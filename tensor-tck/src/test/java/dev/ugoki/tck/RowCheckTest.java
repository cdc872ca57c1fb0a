package dev.ugoki.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.BrokenProvider;
import dev.ugoki.tck.reference.BrokenProvider.Defect;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;

/** The kit finds what is wrong with a backend that is broken on purpose. */
final class RowCheckTest {
    @AfterEach
    void repair() {
        BrokenProvider.defect = Defect.NONE;
    }

    @Test
    void aRightBackendPasses() {
        assertEquals(List.of(), failures(Defect.NONE, "sin of wide values"));
        assertEquals(List.of(), failures(Defect.NONE, "matMul"));
    }

    @Test
    void stridesThatAreIgnoredShowInEveryStridedLayout() {
        List<String> failures =
                failures(Defect.TAKES_EVERYTHING_FOR_CONTIGUOUS, "sin of wide values");

        for (Layout layout : Layout.values()) {
            assertEquals(layout != Layout.CONTIGUOUS, mentions(failures, layout), layout::name);
        }
    }

    @Test
    void offsetsThatAreForgottenShow() {
        List<String> failures = failures(Defect.FORGETS_OFFSETS, "add of wide values");

        assertTrue(mentions(failures, Layout.OFFSET));
        assertTrue(mentions(failures, Layout.SLICED));
        assertTrue(
                failures.stream().anyMatch(text -> text.startsWith("[CONTIGUOUS, OFFSET]")),
                failures::toString);
    }

    @Test
    void anErrorOfTwentyUlpsShows() {
        List<String> failures = failures(Defect.IS_A_LITTLE_OFF, "sin of wide values");

        assertTrue(mentions(failures, Layout.CONTIGUOUS));
        assertTrue(failures.get(0).contains("the first, number 0"), failures::toString);
    }

    @Test
    void aMissingLastElementShows() {
        List<String> failures = failures(Defect.LOSES_THE_LAST_ELEMENT, "reduce SUM over [0]");

        assertTrue(mentions(failures, Layout.CONTIGUOUS), failures::toString);
    }

    @Test
    void operandsThatAreWrittenShow() {
        assertTrue(
                failures(Defect.CHANGES_ITS_OPERANDS, "sin of wide values").stream()
                        .anyMatch(text -> text.startsWith("a second run gives other bits")));
    }

    @Test
    void bitsThatChangeFromRunToRunShow() {
        assertTrue(
                failures(Defect.DIFFERS_FROM_RUN_TO_RUN, "tan").stream()
                        .anyMatch(text -> text.startsWith("a second run gives other bits")));
    }

    @Test
    void whatIsThrownShows() {
        assertTrue(
                failures(Defect.THROWS, "matMul").stream()
                        .allMatch(text -> text.contains("throws")));
    }

    private static List<String> failures(Defect defect, String name) {
        BrokenProvider.defect = defect;
        Row row =
                PrimitiveRows.all().stream()
                        .filter(each -> each.name().equals(name))
                        .findFirst()
                        .orElseThrow();
        return new RowCheck(new Device("broken", 0)).failures(row, DType.F32);
    }

    private static boolean mentions(List<String> failures, Layout layout) {
        return failures.stream().anyMatch(text -> text.startsWith("[" + layout));
    }
}
