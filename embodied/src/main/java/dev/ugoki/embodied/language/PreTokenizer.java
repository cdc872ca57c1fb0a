package dev.ugoki.embodied.language;

import dev.ugoki.embodied.json.JsonSettings;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code pre_tokenizer} of a {@code tokenizer.json}: how a text is cut into words. */
interface PreTokenizer {
    /**
     * A part of a text.
     *
     * @param isFirst whether the text begins with it
     */
    record Piece(String text, boolean isFirst) {}

    /** A piece cut, none of the parts empty. */
    List<Piece> cut(Piece piece);

    /** Takes the pre-tokenizer under a name; one that is null cuts nothing. */
    static PreTokenizer read(JsonSettings parent, String name) throws IOException {
        if (!parent.has(name)) {
            parent.skip(name);
            return List::of;
        }
        return of(parent.object(name));
    }

    private static PreTokenizer of(JsonSettings json) throws IOException {
        String type = json.text("type");
        PreTokenizer made =
                switch (type) {
                    case "Sequence" -> sequence(json);
                    case "ByteLevel" -> byteLevel(json);
                    case "Split" -> split(json);
                    case "Digits" ->
                            new Cut(
                                    of(Characters::isNumeric),
                                    json.flag("individual_digits")
                                            ? Behavior.ISOLATED
                                            : Behavior.CONTIGUOUS);
                    case "Whitespace" -> new Cut(INVERTED_WORDS, Behavior.REMOVED);
                    case "WhitespaceSplit" ->
                            new Cut(of(Characters::isWhitespace), Behavior.REMOVED);
                    case "Punctuation" ->
                            new Cut(
                                    of(Characters::isPunctuation),
                                    Behavior.read(json, "behavior", "Isolated"));
                    case "BertPreTokenizer" ->
                            inTurn(
                                    List.of(
                                            new Cut(of(Characters::isWhitespace), Behavior.REMOVED),
                                            new Cut(
                                                    of(Characters::isPunctuation),
                                                    Behavior.ISOLATED)));
                    case "Metaspace" -> metaspace(json);
                    default -> throw json.wrong("type", "is '" + type + "', not known here");
                };
        json.done();
        return made;
    }

    private static PreTokenizer sequence(JsonSettings json) throws IOException {
        List<PreTokenizer> parts = new ArrayList<>();
        for (JsonSettings each : json.objects("pretokenizers")) {
            parts.add(of(each));
        }
        return inTurn(parts);
    }

    private static PreTokenizer inTurn(List<PreTokenizer> parts) {
        return piece -> {
            List<Piece> pieces = List.of(piece);
            for (PreTokenizer part : parts) {
                pieces = pieces.stream().flatMap(each -> part.cut(each).stream()).toList();
            }
            return pieces;
        };
    }

    // ---- cutting where something matches ----

    /** A stretch of a text, and whether it matches. */
    record Stretch(int start, int end, boolean matches) {}

    /** Divides a whole text into stretches that match and those that do not. */
    @FunctionalInterface
    interface Finder {
        List<Stretch> find(String text);
    }

    /** What is done with the stretches that match. */
    enum Behavior {
        REMOVED("Removed"),
        ISOLATED("Isolated"),
        MERGED_WITH_PREVIOUS("MergedWithPrevious"),
        MERGED_WITH_NEXT("MergedWithNext"),
        CONTIGUOUS("Contiguous");

        private final String jsonName;

        Behavior(String jsonName) {
            this.jsonName = jsonName;
        }

        static Behavior read(JsonSettings json, String name, String otherwise) throws IOException {
            String found = json.text(name, otherwise);
            for (Behavior behavior : values()) {
                if (behavior.jsonName.equals(found)) {
                    return behavior;
                }
            }
            throw json.wrong(name, "is '" + found + "', not known here");
        }
    }

    /** Cuts by a finder. */
    record Cut(Finder finder, Behavior behavior) implements PreTokenizer {
        @Override
        public List<Piece> cut(Piece piece) {
            List<Piece> pieces = new ArrayList<>();
            for (Stretch stretch : merged(finder.find(piece.text()))) {
                if (stretch.end() > stretch.start()) {
                    String text = piece.text().substring(stretch.start(), stretch.end());
                    pieces.add(new Piece(text, piece.isFirst() && stretch.start() == 0));
                }
            }
            return pieces;
        }

        private List<Stretch> merged(List<Stretch> found) {
            return switch (behavior) {
                case REMOVED -> found.stream().filter(each -> !each.matches()).toList();
                case ISOLATED -> found;
                case CONTIGUOUS -> joined(found, (last, next) -> last.matches() == next.matches());
                case MERGED_WITH_PREVIOUS ->
                        joined(found, (last, next) -> next.matches() && !last.matches());
                case MERGED_WITH_NEXT ->
                        joined(found, (last, next) -> last.matches() && !next.matches());
            };
        }

        /** Joins neighbours; a joined stretch is judged by what it ends with. */
        private static List<Stretch> joined(
                List<Stretch> found, java.util.function.BiPredicate<Stretch, Stretch> belong) {
            List<Stretch> joined = new ArrayList<>();
            for (Stretch next : found) {
                if (!joined.isEmpty() && belong.test(joined.getLast(), next)) {
                    Stretch last = joined.removeLast();
                    joined.add(new Stretch(last.start(), next.end(), next.matches()));
                } else {
                    joined.add(next);
                }
            }
            return joined;
        }
    }

    /** Each character that is of a kind matches on its own. */
    private static Finder of(IntPredicate kind) {
        return text -> {
            List<Stretch> found = new ArrayList<>();
            int rest = 0;
            for (int at = 0; at < text.length(); ) {
                int c = text.codePointAt(at);
                int end = at + Character.charCount(c);
                if (kind.test(c)) {
                    found.add(new Stretch(rest, at, false));
                    found.add(new Stretch(at, end, true));
                    rest = end;
                }
                at = end;
            }
            found.add(new Stretch(rest, text.length(), false));
            return withoutEmpty(found);
        };
    }

    private static Finder of(Pattern pattern, boolean inverted) {
        return text -> {
            List<Stretch> found = new ArrayList<>();
            Matcher matcher = pattern.matcher(text);
            int rest = 0;
            while (matcher.find()) {
                found.add(new Stretch(rest, matcher.start(), inverted));
                found.add(new Stretch(matcher.start(), matcher.end(), !inverted));
                rest = matcher.end();
            }
            found.add(new Stretch(rest, text.length(), inverted));
            return withoutEmpty(found);
        };
    }

    private static List<Stretch> withoutEmpty(List<Stretch> found) {
        return found.stream().filter(each -> each.end() > each.start()).toList();
    }

    private static PreTokenizer split(JsonSettings json) throws IOException {
        Pattern pattern = TextNormalizer.pattern(json, "pattern");
        return new Cut(
                of(pattern, json.flag("invert", false)), Behavior.read(json, "behavior", ""));
    }

    // ---- others ----

    /** Words and runs of signs: what is neither does not belong to any. */
    Finder INVERTED_WORDS =
            of(Pattern.compile("\\w+|[^\\w\\s]+", Pattern.UNICODE_CHARACTER_CLASS), true);

    /** How GPT-2 cuts: contractions, words, numbers and signs, each with a space before. */
    Finder BYTE_LEVEL_WORDS =
            of(
                    Pattern.compile(
                            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
                                    + "|\\s+(?!\\S)|\\s+",
                            Pattern.UNICODE_CHARACTER_CLASS),
                    false);

    private static PreTokenizer byteLevel(JsonSettings json) throws IOException {
        boolean addsSpace = json.flag("add_prefix_space", true);
        boolean cuts = json.flag("use_regex", true);
        json.skip("trim_offsets");
        Cut words = new Cut(BYTE_LEVEL_WORDS, Behavior.ISOLATED);
        return piece -> {
            boolean lacksSpace = addsSpace && !piece.text().startsWith(" ");
            Piece spaced = lacksSpace ? new Piece(" " + piece.text(), piece.isFirst()) : piece;
            List<Piece> pieces = cuts ? words.cut(spaced) : List.of(spaced);
            return pieces.stream()
                    .map(each -> new Piece(ByteAlphabet.encode(each.text()), each.isFirst()))
                    .toList();
        };
    }

    private static PreTokenizer metaspace(JsonSettings json) throws IOException {
        String replacement = json.text("replacement");
        boolean old = json.flag("add_prefix_space", true);
        String scheme = json.text("prepend_scheme", old ? "always" : "never");
        boolean cuts = json.flag("split", true);
        json.skip("str_rep");
        if (!List.of("always", "first", "never").contains(scheme)) {
            throw json.wrong("prepend_scheme", "is '" + scheme + "', not known here");
        }
        Cut words =
                new Cut(
                        of(Pattern.compile(Pattern.quote(replacement)), false),
                        Behavior.MERGED_WITH_NEXT);
        return piece -> {
            String text = piece.text().replace(" ", replacement);
            boolean adds = scheme.equals("always") || scheme.equals("first") && piece.isFirst();
            if (adds && !text.startsWith(replacement)) {
                text = replacement + text;
            }
            Piece marked = new Piece(text, piece.isFirst());
            return cuts ? words.cut(marked) : List.of(marked);
        };
    }
}
