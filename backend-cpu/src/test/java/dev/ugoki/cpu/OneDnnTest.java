package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class OneDnnTest {
    @Test
    void isNotTouchedUnlessAskedFor() {
        assertFalse(OneDnn.isUsable());
        assertTrue(OneDnn.describe().contains("-Dugoki.onednn=on"), OneDnn.describe());
    }

    @Test
    void aCallWithoutItSaysHowToGetIt() {
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> OneDnn.sgemm(false, false, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1));
        assertTrue(e.getMessage().contains("-Dugoki.onednn=on"), e.getMessage());
    }

    @Test
    void aMissingJarIsNamed() {
        String before = System.setProperty(OneDnn.PROPERTY, "on");
        try {
            String problem = OneDnn.SOURCE.find().problem();
            assertTrue(
                    problem == null || problem.contains("org.bytedeco:dnnl"),
                    "problem: " + problem);
        } finally {
            if (before == null) {
                System.clearProperty(OneDnn.PROPERTY);
            } else {
                System.setProperty(OneDnn.PROPERTY, before);
            }
        }
    }
}
