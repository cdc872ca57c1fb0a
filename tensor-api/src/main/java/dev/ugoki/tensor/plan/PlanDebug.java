package dev.ugoki.tensor.plan;

/** What {@code -Dugoki.debug} prints of plans: their graphs, steps, kernels, and times. */
final class PlanDebug {
    /** After so many runs the times are printed. */
    static final long RUNS = 100;

    private static final String PROPERTY = "ugoki.debug";

    private PlanDebug() {}

    static boolean isOn() {
        String value = System.getProperty(PROPERTY);
        return value != null && !value.equals("false");
    }

    static void print(String text) {
        System.err.println(text);
    }
}
