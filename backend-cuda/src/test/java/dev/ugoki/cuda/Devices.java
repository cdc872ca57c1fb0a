package dev.ugoki.cuda;

import org.junit.jupiter.api.Assumptions;

/** Skips tests where there is neither a GPU nor a compiler for the emulated device. */
final class Devices {
    private Devices() {}

    /** Goes on where the device {@code cuda:0} can be opened. */
    static void require() {
        new CudaProvider()
                .unusableBecause()
                .ifPresent(reason -> Assumptions.abort("skipped: " + reason));
    }

    /** Goes on where that is the emulated device. */
    static void requireEmulated() {
        Assumptions.assumeTrue(
                "emulated".equals(System.getProperty("ugoki.cuda")),
                "skipped: this is about the emulated device");
        require();
    }
}
