package dev.ugoki.embodied.language;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.embodied.json.JsonSettings;

import java.io.IOException;
import java.text.Normalizer;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The {@code normalizer} of a {@code tokenizer.json}: what is done to a text before anything. */
final class TextNormalizer {
    private static final Pattern MARKS = Pattern.compile("\\p{Mn}+");

    private TextNormalizer() {}

    /** Takes the normalizer under a name; one that is null changes nothing. */
    static UnaryOperator<String> read(JsonSettings parent, String name) throws IOException {
        if (!parent.has(name)) {
            parent.skip(name);
            return UnaryOperator.identity();
        }
        return of(parent.object(name));
    }

    private static UnaryOperator<String> of(JsonSettings json) throws IOException {
        String type = json.text("type");
        UnaryOperator<String> made =
                switch (type) {
                    case "Sequence" -> sequence(json);
                    case "Lowercase" -> TextNormalizer::lowerCase;
                    case "NFC" -> form(Normalizer.Form.NFC);
                    case "NFD" -> form(Normalizer.Form.NFD);
                    case "NFKC" -> form(Normalizer.Form.NFKC);
                    case "NFKD" -> form(Normalizer.Form.NFKD);
                    case "StripAccents" -> text -> MARKS.matcher(text).replaceAll("");
                    case "Strip" -> strip(json);
                    case "Prepend" -> prepend(json.text("prepend"));
                    case "Replace" -> replace(json);
                    case "ByteLevel" -> ByteAlphabet::encode;
                    case "BertNormalizer" -> bert(json);
                    default -> throw json.wrong("type", "is '" + type + "', not known here");
                };
        json.done();
        return made;
    }

    private static UnaryOperator<String> sequence(JsonSettings json) throws IOException {
        UnaryOperator<String> all = UnaryOperator.identity();
        for (JsonSettings each : json.objects("normalizers")) {
            UnaryOperator<String> before = all;
            UnaryOperator<String> next = of(each);
            all = text -> next.apply(before.apply(text));
        }
        return all;
    }

    private static UnaryOperator<String> form(Normalizer.Form form) {
        return text -> Normalizer.normalize(text, form);
    }

    private static UnaryOperator<String> strip(JsonSettings json) throws IOException {
        boolean left = json.flag("strip_left");
        boolean right = json.flag("strip_right");
        return text -> {
            String shorter = left ? text.stripLeading() : text;
            return right ? shorter.stripTrailing() : shorter;
        };
    }

    private static UnaryOperator<String> prepend(String start) {
        return text -> text.isEmpty() ? text : start + text;
    }

    private static UnaryOperator<String> replace(JsonSettings json) throws IOException {
        Pattern pattern = pattern(json, "pattern");
        String content = Matcher.quoteReplacement(json.text("content"));
        return text -> pattern.matcher(text).replaceAll(content);
    }

    /** A pattern given as {@code {"String": ..}} or {@code {"Regex": ..}}. */
    static Pattern pattern(JsonSettings json, String name) throws IOException {
        JsonNode node = json.keep(name);
        if (node != null && node.isObject() && node.size() == 1) {
            if (node.path("String").isTextual()) {
                return Pattern.compile(Pattern.quote(node.path("String").textValue()));
            }
            if (node.path("Regex").isTextual()) {
                String regex = node.path("Regex").textValue();
                try {
                    return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
                } catch (PatternSyntaxException problem) {
                    throw json.wrong(
                            name, "is no pattern that Java reads: " + problem.getDescription());
                }
            }
        }
        throw json.wrong(name, "must be an object with \"String\" or \"Regex\"");
    }

    private static UnaryOperator<String> bert(JsonSettings json) throws IOException {
        boolean cleans = json.flag("clean_text", true);
        boolean chinese = json.flag("handle_chinese_chars", true);
        boolean lower = json.flag("lowercase", true);
        boolean accents = json.flag("strip_accents", lower);
        return text -> {
            String clean = cleans || chinese ? clean(text, cleans, chinese) : text;
            if (accents) {
                clean =
                        MARKS.matcher(Normalizer.normalize(clean, Normalizer.Form.NFD))
                                .replaceAll("");
            }
            return lower ? lowerCase(clean) : clean;
        };
    }

    /** Each character on its own, whatever stands around it. */
    private static String lowerCase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        text.codePoints()
                .forEach(c -> lower.append(Character.toString(c).toLowerCase(Locale.ROOT)));
        return lower.toString();
    }

    private static String clean(String text, boolean cleans, boolean chinese) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .forEach(
                        c -> {
                            boolean isDropped = c == 0 || c == 0xfffd || Characters.isControl(c);
                            if (cleans && isDropped) {
                                return;
                            }
                            if (cleans && Characters.isWhitespace(c)) {
                                clean.append(' ');
                            } else if (chinese && Characters.isChinese(c)) {
                                clean.append(' ').appendCodePoint(c).append(' ');
                            } else {
                                clean.appendCodePoint(c);
                            }
                        });
        return clean.toString();
    }
}
