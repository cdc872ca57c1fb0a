package dev.ugoki.examples.pusht;

import dev.ugoki.tensor.io.WholeFile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

/** A self-contained HTML page: pictures are inside, and nothing is loaded from elsewhere. */
final class Page {
    private static final String STYLE =
            """
            body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
                padding: 0 1rem; color: #222; background: #fff; }
            h1 { font-size: 1.5rem; margin-bottom: 0; }
            h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
            th, td { padding: .3rem .9rem; text-align: right; border-bottom: 1px solid #ddd; }
            th:first-child, td:first-child { text-align: left; padding-left: 0; }
            th { font-weight: 600; }
            img { max-width: 100%; height: auto; }
            figure { margin: 0 1.5rem 1rem 0; display: inline-block; vertical-align: top; }
            figcaption, .note { color: #555; font-size: .9rem; }
            pre { background: #f5f5f5; padding: .8rem; overflow-x: auto; font-size: .85rem; }
            """;

    private final StringBuilder body = new StringBuilder();
    private final String title;

    Page(String title, String subtitle) {
        this.title = title;
        body.append("<h1>").append(escape(title)).append("</h1><p class=\"note\">");
        body.append(escape(subtitle)).append("</p>\n");
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    Page section(String heading) {
        body.append("<h2>").append(escape(heading)).append("</h2>\n");
        return this;
    }

    /** Adds HTML as it is. */
    Page html(String html) {
        body.append(html).append('\n');
        return this;
    }

    Page paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
        return this;
    }

    Page preformatted(String text) {
        body.append("<pre>").append(escape(text)).append("</pre>\n");
        return this;
    }

    /** Names and values. */
    Page facts(Map<String, String> facts) {
        body.append("<table><tbody>");
        facts.forEach(
                (name, value) -> {
                    body.append("<tr><td>").append(escape(name)).append("</td>");
                    body.append("<td style=\"text-align:left\">").append(escape(value));
                    body.append("</td></tr>");
                });
        body.append("</tbody></table>\n");
        return this;
    }

    /**
     * A picture.
     *
     * @param type {@code png} or {@code gif}
     * @param width in which it is shown, pixels
     */
    Page picture(byte[] bytes, String type, int width, String caption) {
        body.append("<figure><img width=\"").append(width).append("\" alt=\"");
        body.append(escape(caption)).append("\" src=\"data:image/").append(type);
        body.append(";base64,").append(Base64.getEncoder().encodeToString(bytes));
        body.append("\"><figcaption>").append(escape(caption)).append("</figcaption></figure>\n");
        return this;
    }

    void write(Path file) throws IOException {
        String text =
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>"
                        + escape(title)
                        + "</title><style>\n"
                        + STYLE
                        + "</style></head><body>\n"
                        + body
                        + "</body></html>\n";
        WholeFile.writeBytes(file, text.getBytes(StandardCharsets.UTF_8));
    }
}
