package dev.ugoki.embodied.language;

import dev.ugoki.embodied.json.JsonSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Tokens that are found in a text as they stand, before it is cut into words: {@code <image>},
 * {@code <|endoftext|>}. Where several begin, the longest is taken.
 */
final class AddedTokens {
    /**
     * A token.
     *
     * @param singleWord whether letters or digits beside it mean that it is none
     * @param takesLeft whether it takes the whitespace before it with it
     * @param takesRight likewise after it
     * @param isNormalized whether it is looked for after the text was normalized
     * @param isSpecial whether it is no text, and left out of it when decoding
     */
    record Added(
            int id,
            String content,
            boolean singleWord,
            boolean takesLeft,
            boolean takesRight,
            boolean isNormalized,
            boolean isSpecial) {}

    /** A part of a text: a token that was found, or what stands between. */
    record Part(String text, @Nullable Added token) {}

    private final List<Added> tokens;

    private AddedTokens(List<Added> tokens) {
        this.tokens =
                tokens.stream()
                        .sorted(Comparator.comparingInt((Added each) -> -each.content().length()))
                        .toList();
    }

    static AddedTokens read(JsonSettings parent) throws IOException {
        List<Added> tokens = new ArrayList<>();
        if (parent.has("added_tokens")) {
            for (JsonSettings json : parent.objects("added_tokens")) {
                boolean isSpecial = json.flag("special", false);
                String content = json.text("content");
                if (content.isEmpty()) {
                    throw json.wrong("content", "is empty");
                }
                tokens.add(
                        new Added(
                                (int) json.integer("id", 0, Vocabulary.MOST),
                                content,
                                json.flag("single_word", false),
                                json.flag("lstrip", false),
                                json.flag("rstrip", false),
                                json.flag("normalized", !isSpecial),
                                isSpecial));
                json.done();
            }
        }
        parent.skip("added_tokens");
        return new AddedTokens(tokens);
    }

    List<Added> all() {
        return tokens;
    }

    Optional<Added> withId(int id) {
        return tokens.stream().filter(each -> each.id() == id).findFirst();
    }

    /** A text divided at the tokens that are looked for at this stage. */
    List<Part> find(String text, boolean normalized) {
        List<Added> looked =
                tokens.stream().filter(each -> each.isNormalized() == normalized).toList();
        List<Part> parts = new ArrayList<>();
        int rest = 0;
        for (int at = 0; at < text.length(); ) {
            Added found = at(text, at, looked);
            if (found == null) {
                at += Character.charCount(text.codePointAt(at));
                continue;
            }
            int start = at;
            int end = at + found.content().length();
            while (found.takesLeft() && start > rest && isSpace(text.codePointBefore(start))) {
                start -= Character.charCount(text.codePointBefore(start));
            }
            while (found.takesRight() && end < text.length() && isSpace(text.codePointAt(end))) {
                end += Character.charCount(text.codePointAt(end));
            }
            if (start > rest) {
                parts.add(new Part(text.substring(rest, start), null));
            }
            parts.add(new Part(found.content(), found));
            rest = end;
            at = end;
        }
        if (rest < text.length()) {
            parts.add(new Part(text.substring(rest), null));
        }
        return parts;
    }

    private static @Nullable Added at(String text, int at, List<Added> looked) {
        for (Added each : looked) {
            if (text.startsWith(each.content(), at)) {
                int end = at + each.content().length();
                boolean touches =
                        at > 0 && isWord(text.codePointBefore(at))
                                || end < text.length() && isWord(text.codePointAt(end));
                if (!(each.singleWord() && touches)) {
                    return each;
                }
            }
        }
        return null;
    }

    private static boolean isSpace(int c) {
        return Characters.isWhitespace(c);
    }

    private static boolean isWord(int c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }
}
