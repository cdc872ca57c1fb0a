package dev.ugoki.embodied.language;

import dev.ugoki.embodied.json.JsonSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code decoder} of a {@code tokenizer.json}: how tokens become a text again. Each step makes
 * a list of strings of a list of strings; in the end they are joined.
 */
final class TokenDecoder {
    private TokenDecoder() {}

    /** Takes the decoder; null where there is none, and tokens are joined with spaces. */
    static @Nullable UnaryOperator<List<String>> read(JsonSettings parent, String name)
            throws IOException {
        if (!parent.has(name)) {
            parent.skip(name);
            return null;
        }
        return of(parent.object(name));
    }

    private static UnaryOperator<List<String>> of(JsonSettings json) throws IOException {
        String type = json.text("type");
        UnaryOperator<List<String>> made =
                switch (type) {
                    case "Sequence" -> sequence(json);
                    case "ByteLevel" -> byteLevel(json);
                    case "ByteFallback" -> TokenDecoder::bytes;
                    case "Fuse" -> tokens -> List.of(String.join("", tokens));
                    case "Replace" -> replace(json);
                    case "Strip" -> strip(json);
                    case "WordPiece" -> wordPiece(json);
                    case "Metaspace" -> metaspace(json);
                    case "BPEDecoder" -> suffix(json);
                    default -> throw json.wrong("type", "is '" + type + "', not known here");
                };
        json.done();
        return made;
    }

    private static UnaryOperator<List<String>> sequence(JsonSettings json) throws IOException {
        List<UnaryOperator<List<String>>> steps = new ArrayList<>();
        for (JsonSettings each : json.objects("decoders")) {
            steps.add(of(each));
        }
        return tokens -> {
            List<String> now = tokens;
            for (UnaryOperator<List<String>> step : steps) {
                now = step.apply(now);
            }
            return now;
        };
    }

    private static UnaryOperator<List<String>> byteLevel(JsonSettings json) {
        for (String ofEncodingAlone : List.of("add_prefix_space", "trim_offsets", "use_regex")) {
            json.skip(ofEncodingAlone);
        }
        return tokens -> List.of(ByteAlphabet.decode(String.join("", tokens)));
    }

    private static UnaryOperator<List<String>> each(UnaryOperator<String> step) {
        return tokens -> tokens.stream().map(step).toList();
    }

    private static UnaryOperator<List<String>> replace(JsonSettings json) throws IOException {
        Pattern pattern = TextNormalizer.pattern(json, "pattern");
        String content = Matcher.quoteReplacement(json.text("content"));
        return each(token -> pattern.matcher(token).replaceAll(content));
    }

    private static UnaryOperator<List<String>> strip(JsonSettings json) throws IOException {
        String content = json.text("content");
        if (content.codePointCount(0, content.length()) != 1) {
            throw json.wrong("content", "must be one character");
        }
        int start = (int) json.integer("start", 0, Integer.MAX_VALUE);
        int stop = (int) json.integer("stop", 0, Integer.MAX_VALUE);
        return each(
                token -> {
                    String left = token;
                    for (int i = 0; i < start && left.startsWith(content); i++) {
                        left = left.substring(content.length());
                    }
                    for (int i = 0; i < stop && left.endsWith(content); i++) {
                        left = left.substring(0, left.length() - content.length());
                    }
                    return left;
                });
    }

    private static UnaryOperator<List<String>> wordPiece(JsonSettings json) throws IOException {
        String prefix = json.text("prefix", "##");
        boolean cleans = json.flag("cleanup", true);
        return tokens -> {
            List<String> words = new ArrayList<>();
            for (String token : tokens) {
                String word =
                        words.isEmpty()
                                ? token
                                : token.startsWith(prefix)
                                        ? token.substring(prefix.length())
                                        : " " + token;
                words.add(cleans ? clean(word) : word);
            }
            return words;
        };
    }

    private static String clean(String word) {
        return word.replace(" .", ".")
                .replace(" ?", "?")
                .replace(" !", "!")
                .replace(" ,", ",")
                .replace(" ' ", "'")
                .replace(" n't", "n't")
                .replace(" 'm", "'m")
                .replace(" do not", " don't")
                .replace(" 's", "'s")
                .replace(" 've", "'ve")
                .replace(" 're", "'re");
    }

    private static UnaryOperator<List<String>> metaspace(JsonSettings json) throws IOException {
        String replacement = json.text("replacement");
        boolean old = json.flag("add_prefix_space", true);
        boolean prepends = !json.text("prepend_scheme", old ? "always" : "never").equals("never");
        json.skip("split");
        json.skip("str_rep");
        return tokens -> {
            List<String> words = new ArrayList<>();
            for (String token : tokens) {
                boolean isFirst = words.isEmpty() && prepends && token.startsWith(replacement);
                String rest = isFirst ? token.substring(replacement.length()) : token;
                words.add(rest.replace(replacement, " "));
            }
            return words;
        };
    }

    private static UnaryOperator<List<String>> suffix(JsonSettings json) throws IOException {
        String suffix = json.text("suffix", "</w>");
        return tokens -> {
            List<String> words = new ArrayList<>();
            for (int i = 0; i < tokens.size(); i++) {
                String space = i == tokens.size() - 1 ? "" : " ";
                words.add(tokens.get(i).replace(suffix, space));
            }
            return words;
        };
    }

    private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");

    /** Runs of byte tokens as what they are in UTF-8; where they are none, U+FFFD for each. */
    private static List<String> bytes(List<String> tokens) {
        List<String> words = new ArrayList<>();
        List<Byte> run = new ArrayList<>();
        for (String token : tokens) {
            Matcher matcher = BYTE.matcher(token);
            if (matcher.matches()) {
                run.add((byte) Integer.parseInt(matcher.group(1), 16));
            } else {
                flush(run, words);
                words.add(token);
            }
        }
        flush(run, words);
        return words;
    }

    private static void flush(List<Byte> run, List<String> words) {
        if (run.isEmpty()) {
            return;
        }
        byte[] bytes = new byte[run.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = run.get(i);
        }
        try {
            words.add(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException problem) {
            words.add("\ufffd".repeat(bytes.length));
        }
        run.clear();
    }
}
