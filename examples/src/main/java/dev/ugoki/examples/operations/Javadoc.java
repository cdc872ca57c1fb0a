package dev.ugoki.examples.operations;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the Javadoc of one element says, as Markdown.
 *
 * @param sentence the first one
 * @param paragraphs the whole, without the block tags
 * @param parameters what is said of each, by name, in order
 * @param result what is said of the result; empty if nothing
 */
record Javadoc(
        String sentence, List<String> paragraphs, Map<String, String> parameters, String result) {
    static final Javadoc NONE = new Javadoc("", List.of(), Map.of(), "");

    private static final Pattern FORMULA = Pattern.compile("`[^`]* [^`]*`");
    private static final Pattern SHAPE = Pattern.compile("(?:(\\w+) )?`(\\[[^`]*)`");
    private static final Pattern ALIKE =
            Pattern.compile("\\b(?:[Ss]ee(?: also)?|[Aa]s(?: by| for)?) @(\\S+)@");

    /** A link as it stands in the texts, until it is known what it leads to. */
    static String link(String target) {
        return "@" + target.replaceFirst("\\(.*", "") + "@";
    }

    /** The rest of the paragraph that begins with {@code word} and a colon. */
    Optional<String> paragraph(String word) {
        Pattern start = Pattern.compile(word + "(?: of [^:]*|, where [^:]*)?: (.*)");
        return paragraphs.stream()
                .map(start::matcher)
                .filter(Matcher::matches)
                .map(found -> tidy(found.group(1)))
                .findFirst();
    }

    /** The formula: the paragraph of that name, or the first sentence if it has one in it. */
    Optional<String> formula() {
        return paragraph("Formula")
                .or(() -> Optional.of(tidy(sentence)).filter(text -> FORMULA.matcher(text).find()));
    }

    /** The first sentence; empty if it only says what this is like. */
    Optional<String> words() {
        return Optional.of(tidy(sentence))
                .filter(text -> !text.isEmpty() && !text.matches("(As|See|With|By) .*"));
    }

    /** The shapes: the paragraph of that name, or all that are written as code anywhere. */
    Optional<String> shapes() {
        return paragraph("Shapes").or(this::shapesInText);
    }

    private Optional<String> shapesInText() {
        String ofOperands =
                parameters.entrySet().stream()
                        .flatMap(
                                each -> shapesIn(each.getValue()).map(s -> each.getKey() + " " + s))
                        .collect(Collectors.joining(", "));
        String ofResult = shapesIn(result).findFirst().orElse("");
        if (!ofOperands.isEmpty()) {
            return Optional.of(ofResult.isEmpty() ? ofOperands : ofOperands + " → " + ofResult);
        }
        String inBody =
                paragraphs.stream()
                        .flatMap(text -> SHAPE.matcher(text).results())
                        .map(Javadoc::withName)
                        .distinct()
                        .collect(Collectors.joining(", "));
        return Optional.of(inBody).filter(text -> !text.isEmpty());
    }

    private static Stream<String> shapesIn(String text) {
        return SHAPE.matcher(text).results().map(found -> "`" + found.group(2) + "`").limit(1);
    }

    private static String withName(java.util.regex.MatchResult found) {
        String name = found.group(1);
        boolean isName = name != null && name.matches("[xyqkv]|input|index|weight|bias|operands?");
        return (isName ? name + " " : "") + "`" + found.group(2) + "`";
    }

    /**
     * The elements that this one is said to be like: {@code See {@link X}}, {@code as {@link X}}.
     */
    List<String> alike() {
        return paragraphs.stream()
                .flatMap(text -> ALIKE.matcher(text).results())
                .map(found -> found.group(1))
                .toList();
    }

    /** As it stands in a cell: links by their last name, no full stop. */
    static String tidy(String text) {
        String plain = Pattern.compile("@(?:\\S*[.#])?(\\w+)@").matcher(text).replaceAll("`$1`");
        return plain.replaceFirst("^See [^:]*: ", "")
                .replaceFirst("[;:,] (?:as|see) `[^`]*`\\.?$", "")
                .replaceFirst("\\.$", "")
                .strip();
    }
}
