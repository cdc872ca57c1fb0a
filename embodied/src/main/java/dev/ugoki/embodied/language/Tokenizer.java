package dev.ugoki.embodied.language;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.embodied.json.Json;
import dev.ugoki.embodied.json.JsonSettings;
import dev.ugoki.nn.policy.Observations;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.io.FileFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Texts as numbers of a public vocabulary and back, as a {@code tokenizer.json} says: byte-pair
 * encoding (SmolLM, Gemma, CLIP), WordPiece and Unigram.
 *
 * <pre>{@code
 * Tokenizer tokenizer = Tokenizer.read(Path.of("tokenizer.json"));
 * int[] ids = tokenizer.encode("pick up the bottle\n");
 * String text = tokenizer.decode(ids);
 * }</pre>
 *
 * <p>A part of the file that this does not know is refused by its name. Immutable; safe for any
 * number of threads.
 */
public final class Tokenizer {
    /** Vocabularies of a quarter of a million tokens take some 35 MB. */
    private static final long MAX_BYTES = 128L << 20;

    private final AddedTokens added;
    private final UnaryOperator<String> normalizer;
    private final PreTokenizer words;
    private final TokenModel model;
    private final Frame frame;
    private final @Nullable UnaryOperator<List<String>> decoder;

    /** What is put before and after a text. */
    private record Frame(List<Integer> before, List<Integer> after) {
        static final Frame NONE = new Frame(List.of(), List.of());

        Frame around(Frame inner) {
            List<Integer> start = new ArrayList<>(before);
            start.addAll(inner.before);
            List<Integer> end = new ArrayList<>(inner.after);
            end.addAll(after);
            return new Frame(start, end);
        }
    }

    private Tokenizer(JsonSettings json) throws IOException {
        added = AddedTokens.read(json);
        normalizer = TextNormalizer.read(json, "normalizer");
        words = PreTokenizer.read(json, "pre_tokenizer");
        model = TokenModel.read(json.object("model"));
        frame = json.has("post_processor") ? frame(json.object("post_processor")) : Frame.NONE;
        decoder = TokenDecoder.read(json, "decoder");
        // How long texts become is the policy's affair.
        for (String other : List.of("version", "truncation", "padding", "post_processor")) {
            json.skip(other);
        }
        json.done();
    }

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @throws FileFormatException if it is damaged, or has a part of a kind that is not known here;
     *     the message names it
     */
    public static Tokenizer read(Path file) throws IOException {
        return new Tokenizer(Json.read(file, MAX_BYTES));
    }

    private static Frame frame(JsonSettings json) throws IOException {
        String type = json.text("type");
        Frame made =
                switch (type) {
                    case "TemplateProcessing" -> template(json);
                    case "BertProcessing", "RobertaProcessing" -> pair(json);
                    case "ByteLevel" -> {
                        for (String offsets :
                                List.of("add_prefix_space", "trim_offsets", "use_regex")) {
                            json.skip(offsets);
                        }
                        yield Frame.NONE;
                    }
                    case "Sequence" -> {
                        Frame all = Frame.NONE;
                        for (JsonSettings each : json.objects("processors")) {
                            all = frame(each).around(all);
                        }
                        yield all;
                    }
                    default -> throw json.wrong("type", "is '" + type + "', not known here");
                };
        json.done();
        return made;
    }

    private static Frame template(JsonSettings json) throws IOException {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        boolean isAfter = false;
        JsonSettings specials = json.object("special_tokens");
        for (JsonSettings part : json.objects("single")) {
            if (part.has("Sequence")) {
                part.skip("Sequence");
                isAfter = true;
            } else {
                JsonSettings token = part.object("SpecialToken");
                List<Integer> ids = ids(specials.object(token.text("id")));
                (isAfter ? after : before).addAll(ids);
            }
            part.done();
        }
        json.skip("pair");
        return new Frame(before, after);
    }

    private static List<Integer> ids(JsonSettings special) throws IOException {
        return special.integers("ids", 0, Vocabulary.MOST).stream().map(Math::toIntExact).toList();
    }

    private static Frame pair(JsonSettings json) throws IOException {
        json.skip("trim_offsets");
        json.skip("add_prefix_space");
        return new Frame(List.of(numbered(json, "cls")), List.of(numbered(json, "sep")));
    }

    /** The number in {@code ["<s>", 0]}. */
    private static int numbered(JsonSettings json, String name) throws IOException {
        JsonNode pair = json.keep(name);
        if (pair == null || pair.size() != 2 || !pair.get(1).isInt()) {
            throw json.wrong(name, "must be a token with its number");
        }
        return pair.get(1).intValue();
    }

    // ---- use ----

    /** The numbers of a text's tokens, with those that the file puts around it. */
    public int[] encode(String text) {
        return encode(text, true);
    }

    /** The numbers of a text's tokens, with or without those that the file puts around it. */
    public int[] encode(String text, boolean framed) {
        List<Integer> ids = new ArrayList<>(framed ? frame.before() : List.of());
        boolean isFirst = true;
        for (AddedTokens.Part raw : added.find(text, false)) {
            if (raw.token() != null) {
                ids.add(raw.token().id());
            } else {
                for (AddedTokens.Part part : added.find(normalizer.apply(raw.text()), true)) {
                    if (part.token() != null) {
                        ids.add(part.token().id());
                    } else {
                        addWords(ids, new PreTokenizer.Piece(part.text(), isFirst));
                    }
                    isFirst = false;
                }
            }
            isFirst = false;
        }
        if (framed) {
            ids.addAll(frame.after());
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private void addWords(List<Integer> ids, PreTokenizer.Piece piece) {
        for (PreTokenizer.Piece word : words.cut(piece)) {
            ids.addAll(model.tokens(word.text()));
        }
    }

    /**
     * The text of tokens; special ones are left out.
     *
     * @throws IllegalArgumentException if a number is not of the vocabulary
     */
    public String decode(int... ids) {
        List<String> tokens = new ArrayList<>();
        for (int id : ids) {
            Optional<AddedTokens.Added> special = added.withId(id);
            if (special.isPresent() && special.get().isSpecial()) {
                continue;
            }
            tokens.add(token(id));
        }
        return decoder == null ? String.join(" ", tokens) : String.join("", decoder.apply(tokens));
    }

    /**
     * A token as the vocabulary writes it.
     *
     * @throws IllegalArgumentException if there is none of this number
     */
    public String token(int id) {
        Optional<AddedTokens.Added> known = added.withId(id);
        String token = known.isPresent() ? known.get().content() : model.vocabulary().token(id);
        if (token == null) {
            throw new IllegalArgumentException("no token has the number " + id);
        }
        return token;
    }

    /**
     * The number of a token.
     *
     * @throws IllegalArgumentException if there is none
     */
    public int id(String token) {
        for (AddedTokens.Added each : added.all()) {
            if (each.content().equals(token)) {
                return each.id();
            }
        }
        return model.vocabulary().required(token, "the token");
    }

    /** One more than the largest number of a token. */
    public int vocabularySize() {
        int largest = model.vocabulary().largestId();
        for (AddedTokens.Added each : added.all()) {
            largest = Math.max(largest, each.id());
        }
        return largest + 1;
    }

    /**
     * Instructions for a policy, each cut or filled up on the right to a length.
     *
     * @param padding the number of the token that fills up
     */
    public Observations.Instruction instructions(List<String> texts, int length, int padding) {
        long[] tokens = new long[texts.size() * length];
        boolean[] valid = new boolean[tokens.length];
        Arrays.fill(tokens, padding);
        for (int row = 0; row < texts.size(); row++) {
            int[] ids = encode(texts.get(row));
            for (int i = 0; i < Math.min(ids.length, length); i++) {
                tokens[row * length + i] = ids[i];
                valid[row * length + i] = true;
            }
        }
        return new Observations.Instruction(
                Tensor.of(tokens, texts.size(), length), Tensor.of(valid, texts.size(), length));
    }
}
