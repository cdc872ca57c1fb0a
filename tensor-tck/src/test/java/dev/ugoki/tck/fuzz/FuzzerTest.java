package dev.ugoki.tck.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tck.reference.BrokenProvider;
import dev.ugoki.tck.reference.BrokenProvider.Defect;
import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class FuzzerTest {
    private static final Device BROKEN = new Device("broken", 0);

    @AfterEach
    void repair() {
        BrokenProvider.defect = Defect.NONE;
    }

    @Test
    void everyMethodStandsUpToArgumentsOfEveryKind() {
        Fuzzer.Report report = new Fuzzer(BROKEN, 5).sweep(2);
        assertEquals("", String.join("\n", report.failures()));
        assertTrue(report.targets() > 400, () -> "targets: " + report.targets());
    }

    @Test
    void nearlyEveryMethodMeetsArgumentsThatFit() {
        Fuzzer fuzzer = new Fuzzer(BROKEN, 6);
        Fuzzer.Report report = fuzzer.run(8L * fuzzer.targets().size(), _ -> {});
        List<String> methods =
                report.neverComputed().stream()
                        .filter(label -> !label.startsWith("Engine") && !label.startsWith("row"))
                        .toList();
        assertEquals("", String.join("\n", report.failures()));
        assertTrue(methods.size() < fuzzer.targets().size() / 50, methods::toString);
    }

    @Test
    void wrongResultsAreFound() {
        assertTrue(firstFailure(Defect.LOSES_THE_LAST_ELEMENT).contains("instead of"));
        assertTrue(firstFailure(Defect.FORGETS_OFFSETS).contains("instead of"));
    }

    @Test
    void errorsWithoutANameAreFound() {
        assertTrue(firstFailure(Defect.THROWS).contains("does not begin with its name"));
    }

    private static String firstFailure(Defect defect) {
        BrokenProvider.defect = defect;
        Fuzzer.Report report = new Fuzzer(BROKEN, 1).run(2000, _ -> {});
        assertFalse(report.failures().isEmpty(), defect::name);
        return String.join("\n", report.failures());
    }

    @Test
    void aCallCanBeRepeatedAlone() {
        BrokenProvider.defect = Defect.LOSES_THE_LAST_ELEMENT;
        String failure = new Fuzzer(BROKEN, 1).run(2000, _ -> {}).failures().get(0);
        long number = Long.parseLong(failure.substring(5, failure.indexOf(':')));

        List<String> told = new ArrayList<>();
        Fuzzer.Report again = new Fuzzer(BROKEN, 1).replay(number, told::add);

        assertEquals(List.of(failure), again.failures());
        assertTrue(told.get(0).startsWith("call " + number + ": "), told::toString);
    }
}
