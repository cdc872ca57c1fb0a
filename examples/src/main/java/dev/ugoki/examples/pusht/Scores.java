package dev.ugoki.examples.pusht;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Evaluations side by side, as text and as HTML. */
record Scores(List<Row> rows) {
    /** A policy's name and how it did. */
    record Row(String name, Evaluation evaluation) {}

    private static final List<String> TITLES =
            List.of("policy", "mean of max reward", "success", "steps", "latency p50", "p99");

    Scores {
        rows = List.copyOf(rows);
    }

    private static List<String> cells(Row row) {
        Evaluation evaluation = row.evaluation();
        return List.of(
                row.name(),
                format("%.3f ± %.3f", evaluation.meanMaximumReward(), evaluation.standardError()),
                format("%.0f %%", 100 * evaluation.successRate()),
                format("%.0f", evaluation.meanSteps()),
                format("%.2f ms", evaluation.inferenceMillis(0.5)),
                format("%.2f ms", evaluation.inferenceMillis(0.99)));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    /** What the numbers were taken over. */
    String caption() {
        List<Evaluation.Episode> episodes = rows.getFirst().evaluation().episodes();
        return "%d episodes, seeds %d to %d; success: coverage above 0.95 within 300 steps"
                .formatted(episodes.size(), episodes.getFirst().seed(), episodes.getLast().seed());
    }

    /** A table with aligned columns. */
    String text() {
        List<List<String>> lines = new ArrayList<>(List.of(TITLES));
        rows.forEach(row -> lines.add(cells(row)));
        int[] widths = new int[TITLES.size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                String padding = " ".repeat(widths[i] - line.get(i).length());
                text.append(i == 0 ? line.get(i) + padding : "  " + padding + line.get(i));
            }
            text.append('\n');
            if (line == TITLES) {
                text.append("-".repeat(text.length() - 1)).append('\n');
            }
        }
        return text.append(caption()).append('\n').toString();
    }

    /** The rows of an HTML table. */
    String html() {
        StringBuilder html = new StringBuilder("<table><thead><tr>");
        TITLES.forEach(title -> html.append("<th>").append(title).append("</th>"));
        html.append("</tr></thead><tbody>");
        for (Row row : rows) {
            html.append("<tr>");
            cells(row)
                    .forEach(cell -> html.append("<td>").append(Page.escape(cell)).append("</td>"));
            html.append("</tr>");
        }
        return html.append("</tbody></table><p class=\"note\">")
                .append(Page.escape(caption()))
                .append("</p>")
                .toString();
    }
}
