package dev.ugoki.embodied.language;

import com.fasterxml.jackson.databind.JsonNode;

import dev.ugoki.embodied.json.JsonSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Byte-pair encoding: a word begins as its characters; again and again the two neighbours whose
 * merge was learned first become one token.
 *
 * <p>Source: Sennrich, Haddow, Birch: Neural machine translation of rare words with subword units
 * (ACL 2016).
 */
final class BytePairs implements TokenModel {
    private record Pair(int left, int right) {}

    private record Merge(int rank, int result) {}

    private final Vocabulary vocabulary;
    private final Map<Pair, Merge> merges;
    private final @Nullable Integer unknown;
    private final boolean fusesUnknown;
    private final boolean fallsBackToBytes;
    private final boolean ignoresMerges;
    private final String prefix;
    private final String suffix;

    private BytePairs(JsonSettings json) throws IOException {
        vocabulary = Vocabulary.read(json.object("vocab"));
        unknown = TokenModel.optional(json, vocabulary, "unk_token");
        fusesUnknown = json.flag("fuse_unk", false);
        fallsBackToBytes = json.flag("byte_fallback", false);
        ignoresMerges = json.flag("ignore_merges", false);
        prefix = json.text("continuing_subword_prefix", "");
        suffix = json.text("end_of_word_suffix", "");
        if (json.number("dropout", 0) != 0) {
            throw json.wrong("dropout", "is not 0: merges that are left out at random");
        }
        merges = merges(json);
    }

    static BytePairs read(JsonSettings json) throws IOException {
        return new BytePairs(json);
    }

    /** Merges as {@code "a b"} or as {@code ["a", "b"]}. */
    private Map<Pair, Merge> merges(JsonSettings json) throws IOException {
        JsonNode list = json.keep("merges");
        if (list == null || !list.isArray()) {
            throw json.wrong("merges", "must be a list");
        }
        Map<Pair, Merge> read = new HashMap<>();
        for (JsonNode each : list) {
            String[] parts = parts(each);
            if (parts.length != 2) {
                throw json.wrong("merges", "holds " + each + ", which is no pair");
            }
            Integer left = vocabulary.id(parts[0]);
            Integer right = vocabulary.id(parts[1]);
            String joined =
                    parts[0]
                            + (parts[1].startsWith(prefix)
                                    ? parts[1].substring(prefix.length())
                                    : parts[1]);
            Integer result = vocabulary.id(joined);
            if (left == null || right == null || result == null) {
                throw json.wrong(
                        "merges", "holds " + each + ", of which a part is not in the vocabulary");
            }
            read.putIfAbsent(new Pair(left, right), new Merge(read.size(), result));
        }
        return read;
    }

    private static String[] parts(JsonNode merge) {
        if (merge.isTextual()) {
            return merge.textValue().split(" ", -1);
        }
        if (merge.isArray() && merge.size() == 2) {
            return new String[] {merge.get(0).asText(), merge.get(1).asText()};
        }
        return new String[0];
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public List<Integer> tokens(String word) {
        Integer whole = ignoresMerges ? vocabulary.id(word) : null;
        return whole != null ? List.of(whole) : merged(characters(word));
    }

    private List<Integer> characters(String word) {
        List<Integer> ids = new ArrayList<>();
        boolean lastIsUnknown = false;
        for (int at = 0; at < word.length(); ) {
            int c = word.codePointAt(at);
            String character = Character.toString(c);
            String symbol = at == 0 ? character : prefix + character;
            at += Character.charCount(c);
            symbol = at == word.length() ? symbol + suffix : symbol;
            Integer id = vocabulary.id(symbol);
            List<Integer> bytes =
                    id == null && fallsBackToBytes ? TokenModel.bytes(vocabulary, symbol) : null;
            if (id != null) {
                ids.add(id);
            } else if (bytes != null) {
                ids.addAll(bytes);
            } else if (unknown != null && !(fusesUnknown && lastIsUnknown)) {
                ids.add(unknown);
            }
            lastIsUnknown = id == null && bytes == null;
        }
        return ids;
    }

    /** A merge that could be done at a place, if the two are still there. */
    private record Candidate(int rank, int place, int left, int right, int result)
            implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byRank = Integer.compare(rank, other.rank);
            return byRank != 0 ? byRank : Integer.compare(place, other.place);
        }
    }

    private List<Integer> merged(List<Integer> symbols) {
        int count = symbols.size();
        int[] ids = symbols.stream().mapToInt(Integer::intValue).toArray();
        int[] next = new int[count];
        int[] previous = new int[count];
        boolean[] isGone = new boolean[count];
        PriorityQueue<Candidate> queue = new PriorityQueue<>();
        for (int i = 0; i < count; i++) {
            next[i] = i + 1 < count ? i + 1 : -1;
            previous[i] = i - 1;
            offer(queue, ids, i, next[i]);
        }
        for (Candidate best = queue.poll(); best != null; best = queue.poll()) {
            int left = best.place();
            int right = next[left];
            boolean isStale =
                    isGone[left]
                            || right < 0
                            || ids[left] != best.left()
                            || ids[right] != best.right();
            if (isStale) {
                continue;
            }
            ids[left] = best.result();
            isGone[right] = true;
            next[left] = next[right];
            if (next[right] >= 0) {
                previous[next[right]] = left;
            }
            offer(queue, ids, left, next[left]);
            offer(queue, ids, previous[left], left);
        }
        List<Integer> left = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (!isGone[i]) {
                left.add(ids[i]);
            }
        }
        return left;
    }

    private void offer(PriorityQueue<Candidate> queue, int[] ids, int left, int right) {
        if (left < 0 || right < 0) {
            return;
        }
        Merge merge = merges.get(new Pair(ids[left], ids[right]));
        if (merge != null) {
            queue.add(new Candidate(merge.rank(), left, ids[left], ids[right], merge.result()));
        }
    }
}
