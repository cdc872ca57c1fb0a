package dev.ugoki.embodied.language;

import dev.ugoki.embodied.json.JsonSettings;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** Tokens and their numbers. */
final class Vocabulary {
    /** No vocabulary is larger. */
    static final int MOST = 1 << 24;

    private final Map<String, Integer> ids;
    private final Map<Integer, String> tokens = new HashMap<>();

    private Vocabulary(Map<String, Integer> ids) {
        this.ids = ids;
        ids.forEach((token, id) -> tokens.put(id, token));
    }

    static Vocabulary of(Map<String, Integer> ids) {
        return new Vocabulary(new HashMap<>(ids));
    }

    /** Takes an object of numbers by tokens. */
    static Vocabulary read(JsonSettings json) throws IOException {
        Map<String, Integer> ids = new HashMap<>();
        for (String token : json.names()) {
            ids.put(token, (int) json.integer(token, 0, MOST));
        }
        json.done();
        return new Vocabulary(ids);
    }

    @Nullable Integer id(String token) {
        return ids.get(token);
    }

    /** The number of a token that must be there. */
    int required(String token, String what) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new IllegalArgumentException(
                    "%s '%s' is not in the vocabulary".formatted(what, token));
        }
        return id;
    }

    @Nullable String token(int id) {
        return tokens.get(id);
    }

    boolean has(String token) {
        return ids.containsKey(token);
    }

    int largestId() {
        return tokens.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    }

    /** The token that stands for a byte where nothing else does: {@code <0x0A>}. */
    static String byteToken(int value) {
        return "<0x%02X>".formatted(value & 0xff);
    }
}
