package dev.ugoki.examples.bits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The hashes of rows, computed by this JVM. */
final class RowHashes {
    private RowHashes() {}

    /** All rows whose names contain {@code text}. */
    static List<BitRow> rows(String text) {
        List<BitRow> rows = new ArrayList<>(KitRows.all());
        rows.addAll(LargeRows.all());
        rows.addAll(TrainingRows.all());
        rows.removeIf(row -> !row.name().contains(text));
        return rows;
    }

    /**
     * Hashes by name. Every row is computed before any is computed again, so that compiled code
     * takes over between two repeats; a row whose hash then changes shows both.
     */
    static Map<String, String> compute(List<BitRow> rows, int repeats) throws Exception {
        Map<String, String> hashes = new LinkedHashMap<>();
        for (int repeat = 1; repeat <= repeats; repeat++) {
            for (BitRow row : rows) {
                String hash = row.hash();
                String first = hashes.putIfAbsent(row.name(), hash);
                if (first != null && !first.startsWith(hash)) {
                    hashes.put(row.name(), first + "," + hash + "@" + repeat);
                }
            }
        }
        return hashes;
    }
}
