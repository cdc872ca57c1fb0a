package dev.ugoki.embodied.language;

import dev.ugoki.embodied.json.JsonSettings;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * WordPiece: from left to right, the longest piece that the vocabulary has; pieces within a word
 * carry a prefix. A word that cannot be divided is unknown as a whole.
 *
 * <p>Source: Devlin et al.: BERT (NAACL 2019).
 */
record WordPieces(Vocabulary vocabulary, int unknown, String prefix, int longest)
        implements TokenModel {
    static WordPieces read(JsonSettings json) throws IOException {
        Vocabulary vocabulary = Vocabulary.read(json.object("vocab"));
        return new WordPieces(
                vocabulary,
                TokenModel.required(json, vocabulary, "unk_token"),
                json.text("continuing_subword_prefix", "##"),
                (int) json.integer("max_input_chars_per_word", 1, Integer.MAX_VALUE, 100));
    }

    @Override
    public List<Integer> tokens(String word) {
        if (word.codePointCount(0, word.length()) > longest) {
            return List.of(unknown);
        }
        List<Integer> ids = new ArrayList<>();
        for (int start = 0; start < word.length(); ) {
            int end = word.length();
            Integer id = null;
            while (end > start) {
                String piece = word.substring(start, end);
                id = vocabulary.id(start == 0 ? piece : prefix + piece);
                if (id != null) {
                    break;
                }
                end -= Character.charCount(word.codePointBefore(end));
            }
            if (id == null) {
                return List.of(unknown);
            }
            ids.add(id);
            start = end;
        }
        return ids;
    }
}
