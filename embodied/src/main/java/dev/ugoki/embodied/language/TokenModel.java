package dev.ugoki.embodied.language;

import dev.ugoki.embodied.json.JsonSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The {@code model} of a {@code tokenizer.json}: how a word becomes tokens. */
interface TokenModel {
    Vocabulary vocabulary();

    /** The numbers of a word's tokens. */
    List<Integer> tokens(String word);

    /** Takes a model. */
    static TokenModel read(JsonSettings json) throws IOException {
        // Files of old don't say which model it is; only BPE has merges.
        boolean saysType = json.has("type");
        String type = saysType ? json.text("type") : json.has("merges") ? "BPE" : json.text("type");
        TokenModel made =
                switch (type) {
                    case "BPE" -> BytePairs.read(json);
                    case "WordPiece" -> WordPieces.read(json);
                    case "Unigram" -> Unigram.read(json);
                    case "WordLevel" -> words(json);
                    default -> throw json.wrong("type", "is '" + type + "', not known here");
                };
        json.done();
        return made;
    }

    private static TokenModel words(JsonSettings json) throws IOException {
        Vocabulary vocabulary = Vocabulary.read(json.object("vocab"));
        int unknown = required(json, vocabulary, "unk_token");
        return new TokenModel() {
            @Override
            public Vocabulary vocabulary() {
                return vocabulary;
            }

            @Override
            public List<Integer> tokens(String word) {
                Integer id = vocabulary.id(word);
                return List.of(id == null ? unknown : id);
            }
        };
    }

    /** The number of the token that a setting names. */
    static int required(JsonSettings json, Vocabulary vocabulary, String name) throws IOException {
        String token = json.text(name);
        Integer id = vocabulary.id(token);
        if (id == null) {
            throw json.wrong(name, "is '" + token + "', which is not in the vocabulary");
        }
        return id;
    }

    /** As {@link #required}, null where the setting is missing or null. */
    static @Nullable Integer optional(JsonSettings json, Vocabulary vocabulary, String name)
            throws IOException {
        if (!json.has(name)) {
            json.skip(name);
            return null;
        }
        return required(json, vocabulary, name);
    }

    /** The tokens of a text's bytes, null if one of them is not in the vocabulary. */
    static @Nullable List<Integer> bytes(Vocabulary vocabulary, String text) {
        List<Integer> ids = new ArrayList<>();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            Integer id = vocabulary.id(Vocabulary.byteToken(each));
            if (id == null) {
                return null;
            }
            ids.add(id);
        }
        return ids;
    }
}
