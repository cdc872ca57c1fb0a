package dev.ugoki.examples.bits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.ugoki.tensor.Device;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

/** A few rows under three settings; {@code ./ugoki bits} compares all under all. */
class CheckBitsTest {
    private static final String ROWS = "perceptron";

    @Test
    void bitsDoNotDependOnHowJavaWasStarted() throws Exception {
        List<Setting> settings = Setting.all(1);
        Map<String, String> first = CheckBits.inNewMachine(settings.getFirst(), ROWS);
        assertFalse(first.isEmpty());
        for (Setting setting : settings) {
            if (List.of("interpreted", "256 bits", "128 bits").contains(setting.name())) {
                assertEquals(first, CheckBits.inNewMachine(setting, ROWS), setting.name());
            }
        }
    }

    @Test
    void bitsStayAsCompiledCodeTakesOver() throws Exception {
        Map<String, String> hashes =
                Device.parse("cpu").call(() -> RowHashes.compute(RowHashes.rows("gelu"), 30));
        assertFalse(hashes.isEmpty());
        hashes.forEach((row, hash) -> assertFalse(hash.contains(","), () -> row + ": " + hash));
    }
}
