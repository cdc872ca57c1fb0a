package dev.ugoki.examples.bits;

import java.util.ArrayList;
import java.util.List;

/**
 * A way to start Java that must not change a bit.
 *
 * @param options for Java
 * @param repeats how often every row is computed
 */
record Setting(String name, List<String> options, int repeats) {
    /** The one whose hashes are shown, and with which the others are compared, and those. */
    static List<Setting> all(int repeats) {
        // Long enough for generated kernels to take over from their interpreter.
        int some = Math.min(repeats, 10);
        return List.of(
                of("2 threads", 2, repeats),
                of("1 thread", 1, some),
                of("interpreted", 2, 1, "-Xint"),
                of("256 bits", 2, some, "-XX:UseAVX=2"),
                of("128 bits", 2, some, "-XX:MaxVectorSize=16"),
                of("scalar", 2, some, "-Dugoki.vector=none"));
    }

    private static Setting of(String name, int threads, int repeats, String... options) {
        List<String> all = new ArrayList<>(List.of(options));
        all.add("-Dugoki.threads=" + threads);
        return new Setting(name, all, repeats);
    }
}
