package dev.ugoki.nn.transformer;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Module;
import dev.ugoki.nn.layer.KeyValueCache;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A {@link LlamaModel} that tells the next token: {@code ids [n, length] -> logits [n, length,
 * vocabulary]}.
 *
 * <pre>{@code
 * Tensor more = decoder.generate(prompt, 20, LlamaDecoder.mostLikely());
 * }</pre>
 *
 * <p>State as Hugging Face's: {@code model.*} and {@code lm_head.weight}; where the head is tied to
 * the embedding ({@link #tied}), {@code model.*} alone.
 */
public final class LlamaDecoder extends Module {
    private final LlamaModel model;
    private final @Nullable Linear head;

    /** A decoder whose head is a matrix of its own. */
    public LlamaDecoder(LlamaModel.Config config, Key key) {
        this(config, false, key);
    }

    private LlamaDecoder(LlamaModel.Config config, boolean tied, Key key) {
        model = child("model", config.build(key.fold(0)));
        head =
                tied
                        ? null
                        : child(
                                "lm_head",
                                new Linear(
                                        config.width(), config.vocabulary(), false, key.fold(1)));
    }

    /** A decoder whose head is the embedding's matrix. */
    public static LlamaDecoder tied(LlamaModel.Config config, Key key) {
        return new LlamaDecoder(config, true, key);
    }

    public LlamaModel model() {
        return model;
    }

    /** Logits of the token behind each. */
    public Tensor apply(Tensor ids) {
        return logits(model.apply(ids));
    }

    /** As {@link #apply(Tensor)}, for tokens that follow those in the cache, which they join. */
    public Tensor apply(Tensor ids, KeyValueCache cache) {
        return logits(model.apply(ids, cache));
    }

    private Tensor logits(Tensor read) {
        return head == null
                ? read.linear(model.embedding().weight().tensor(), null)
                : head.apply(read);
    }

    /** A choice of tokens for {@link #generate}: the most likely. */
    public static UnaryOperator<Tensor> mostLikely() {
        return logits -> logits.argmax(-1, false);
    }

    /**
     * A choice of tokens for {@link #generate}: drawn, each choice by a key of its own.
     *
     * @param temperature above 0; the lower, the more often the most likely
     */
    public static UnaryOperator<Tensor> drawn(Key key, double temperature) {
        if (!(temperature > 0)) {
            throw new IllegalArgumentException(
                    "drawn: the temperature must be above 0, and is " + temperature);
        }
        long[] draws = {0};
        return logits -> Random.categorical(key.fold(draws[0]++), logits.div(temperature));
    }

    /**
     * Tokens that follow {@code prompt [n, length]} (I64): {@code [n, count]}. Each is chosen of
     * the logits behind the last {@code [n, vocabulary]}, and read with a cache of all before it.
     */
    public Tensor generate(Tensor prompt, int count, UnaryOperator<Tensor> choice) {
        if (prompt.rank() != 2 || prompt.extent(1) == 0 || count < 1) {
            throw new IllegalArgumentException(
                    "generate: needs a prompt [n, length] of at least one token and a count of at"
                            + " least 1, not "
                            + prompt.type()
                            + " and "
                            + count);
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor all = Autograd.noGrad(() -> extend(prompt, count, choice));
            scope.keep(all);
            return all;
        }
    }

    private Tensor extend(Tensor prompt, int count, UnaryOperator<Tensor> choice) {
        KeyValueCache cache = model.newCache();
        Tensor read = prompt;
        List<Tensor> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Tensor last = model.apply(read, cache).slice(1, read.extent(1) - 1, read.extent(1));
            Tensor next = choice.apply(logits(last.squeeze(1)));
            read = next.unsqueeze(1);
            chosen.add(read);
        }
        return Tensor.concat(1, chosen.toArray(Tensor[]::new));
    }
}
