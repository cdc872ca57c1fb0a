package dev.ugoki.embodied.language;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.embodied.json.JsonSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Unigram: of all ways to divide a word, the one whose pieces have the largest sum of scores.
 *
 * <p>Source: Kudo: Subword regularization (ACL 2018).
 */
final class Unigram implements TokenModel {
    /** How much worse an unknown character is than the worst piece. */
    private static final double UNKNOWN_PENALTY = 10;

    private final Vocabulary vocabulary;
    private final double[] scores;
    private final int longest;
    private final double unknownScore;
    private final @Nullable Integer unknown;
    private final boolean fallsBackToBytes;

    private Unigram(JsonSettings json) throws IOException {
        JsonNode list = json.keep("vocab");
        if (list == null || !list.isArray() || list.isEmpty()) {
            throw json.wrong("vocab", "must be a list of pieces with scores");
        }
        Map<String, Integer> ids = new HashMap<>();
        scores = new double[list.size()];
        int longestPiece = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < scores.length; i++) {
            JsonNode each = list.get(i);
            if (each.size() != 2 || !each.get(0).isTextual() || !each.get(1).isNumber()) {
                throw json.wrong("vocab", "holds " + each + ", no piece with a score");
            }
            String piece = each.get(0).textValue();
            ids.put(piece, i);
            scores[i] = each.get(1).doubleValue();
            least = Math.min(least, scores[i]);
            longestPiece = Math.max(longestPiece, piece.length());
        }
        vocabulary = Vocabulary.of(ids);
        longest = longestPiece;
        unknownScore = least - UNKNOWN_PENALTY;
        boolean hasUnknown = json.has("unk_id");
        unknown = hasUnknown ? (Integer) (int) json.integer("unk_id", 0, scores.length - 1) : null;
        json.skip("unk_id");
        fallsBackToBytes = json.flag("byte_fallback", false);
    }

    static Unigram read(JsonSettings json) throws IOException {
        return new Unigram(json);
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public List<Integer> tokens(String word) {
        int length = word.length();
        double[] best = new double[length + 1];
        int[] from = new int[length + 1];
        java.util.Arrays.fill(best, 1, length + 1, Double.NEGATIVE_INFINITY);
        for (int start = 0; start < length; ) {
            int oneEnd = start + Character.charCount(word.codePointAt(start));
            boolean hasOne = false;
            for (int end = oneEnd; end <= Math.min(length, start + longest); end++) {
                Integer id = vocabulary.id(word.substring(start, end));
                if (id != null && !id.equals(unknown)) {
                    improve(best, from, start, end, scores[id]);
                    hasOne |= end == oneEnd;
                }
            }
            if (!hasOne) {
                improve(best, from, start, oneEnd, unknownScore);
            }
            start = oneEnd;
        }
        List<String> pieces = new ArrayList<>();
        for (int end = length; end > 0; end = from[end]) {
            pieces.add(word.substring(from[end], end));
        }
        Collections.reverse(pieces);
        return ids(pieces);
    }

    private static void improve(double[] best, int[] from, int start, int end, double score) {
        if (best[start] + score > best[end]) {
            best[end] = best[start] + score;
            from[end] = start;
        }
    }

    /** Unknown characters in a row are one unknown token, or all their bytes. */
    private List<Integer> ids(List<String> pieces) {
        List<Integer> ids = new ArrayList<>();
        StringBuilder strange = new StringBuilder();
        for (String piece : pieces) {
            Integer id = vocabulary.id(piece);
            if (id == null || id.equals(unknown)) {
                strange.append(piece);
                continue;
            }
            addUnknown(ids, strange);
            ids.add(id);
        }
        addUnknown(ids, strange);
        return ids;
    }

    private void addUnknown(List<Integer> ids, StringBuilder strange) {
        if (strange.isEmpty()) {
            return;
        }
        List<Integer> bytes =
                fallsBackToBytes ? TokenModel.bytes(vocabulary, strange.toString()) : null;
        if (bytes != null) {
            ids.addAll(bytes);
        } else if (unknown != null) {
            ids.add(unknown);
        } else {
            throw new IllegalArgumentException(
                    "'" + strange + "' cannot be told in this vocabulary: it has no unknown token");
        }
        strange.setLength(0);
    }
}
