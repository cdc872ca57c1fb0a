package dev.ugoki.nn.policy;

import dev.ugoki.nn.Module;
import dev.ugoki.nn.ModuleList;
import dev.ugoki.nn.layer.GroupedQueryAttention;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.RmsNorm;
import dev.ugoki.nn.layer.RotaryEmbedding;
import dev.ugoki.nn.transformer.GatedMlp;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Activation;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Two transformers of as many layers and heads, but of different width: the reader's tokens see
 * themselves, the actor's see both.
 *
 * <p>It registers nothing: the policy gives the layers their names.
 */
final class TwoExperts {
    private static final double THETA = 10_000;

    /**
     * Tokens of one of the two.
     *
     * @param embedded {@code [n, length, width]}
     * @param valid BOOL {@code [n, length]}
     * @param begins whether a token begins a block, as {@link BlockAttentionMask}
     */
    record Tokens(Tensor embedded, Tensor valid, boolean[] begins) {}

    /** What the reader has read: keys and values of each layer. */
    record Memory(List<KeysAndValues> layers, Tensor valid, boolean[] begins) {}

    private record KeysAndValues(Tensor keys, Tensor values) {}

    private final VlaPolicy.Config config;
    private final RotaryEmbedding rotary;
    private final ModuleList<ReaderLayer> readers;
    private final ModuleList<ActorLayer> actors;
    private final RmsNorm readerNorm;
    private final RmsNorm actorNorm;

    TwoExperts(VlaPolicy.Config config, Key key) {
        this.config = config;
        VlaPolicy.Language language = config.language();
        rotary = new RotaryEmbedding(language.headWidth(), THETA);
        List<ReaderLayer> reading = new ArrayList<>();
        List<ActorLayer> acting = new ArrayList<>();
        for (int i = 0; i < language.layers(); i++) {
            reading.add(new ReaderLayer(language, key.fold(0).fold(i)));
            boolean looksAside = config.style() == VlaPolicy.Style.SMOLVLA && i % 2 == 1;
            acting.add(new ActorLayer(config, looksAside, key.fold(1).fold(i)));
        }
        readers = new ModuleList<>(reading);
        actors = new ModuleList<>(acting);
        readerNorm = norm(language, language.width());
        actorNorm = norm(language, config.expert().width());
    }

    Module readers() {
        return readers;
    }

    Module actors() {
        return actors;
    }

    Module readerNorm() {
        return readerNorm;
    }

    Module actorNorm() {
        return actorNorm;
    }

    private static RmsNorm norm(VlaPolicy.Language language, int width) {
        return language.isGemma()
                ? RmsNorm.aroundOne(width, language.epsilon())
                : new RmsNorm(width, language.epsilon());
    }

    private static GroupedQueryAttention attention(
            VlaPolicy.Language language, int width, Key key) {
        return GroupedQueryAttention.Config.decoder(
                        width, language.heads(), language.keyHeads(), language.headWidth())
                .build(key);
    }

    private static GatedMlp mlp(VlaPolicy.Language language, int width, int inner, Key key) {
        Activation gate = language.isGemma() ? new Activation.GeluTanh() : new Activation.Silu();
        return new GatedMlp(width, inner, gate, key);
    }

    // ---- layers ----

    private static final class ReaderLayer extends Module {
        private final GroupedQueryAttention attention;
        private final GatedMlp mlp;
        private final RmsNorm before;
        private final RmsNorm between;

        ReaderLayer(VlaPolicy.Language language, Key key) {
            int width = language.width();
            attention = child("self_attn", TwoExperts.attention(language, width, key.fold(0)));
            mlp =
                    child(
                            "mlp",
                            TwoExperts.mlp(language, width, language.feedForward(), key.fold(1)));
            before = child("input_layernorm", norm(language, width));
            between = child("post_attention_layernorm", norm(language, width));
        }

        Tensor finish(Tensor x, Tensor attended) {
            Tensor y = x.add(attention.output(attended));
            return y.add(mlp.apply(between.apply(y)));
        }
    }

    private static final class ActorLayer extends Module {
        private final @Nullable GroupedQueryAttention attention;
        private final @Nullable SideAttention aside;
        private final GatedMlp mlp;
        private final RmsNorm before;
        private final RmsNorm between;

        ActorLayer(VlaPolicy.Config config, boolean looksAside, Key key) {
            VlaPolicy.Language language = config.language();
            int width = config.expert().width();
            attention =
                    looksAside
                            ? null
                            : child(
                                    "self_attn",
                                    TwoExperts.attention(language, width, key.fold(0)));
            aside =
                    looksAside
                            ? child("self_attn", new SideAttention(language, width, key.fold(0)))
                            : null;
            mlp =
                    child(
                            "mlp",
                            TwoExperts.mlp(
                                    language, width, config.expert().feedForward(), key.fold(1)));
            before = child("input_layernorm", norm(language, width));
            between = child("post_attention_layernorm", norm(language, width));
        }

        Tensor finish(Tensor x, Tensor attended) {
            Tensor y = x.add(attended);
            return y.add(mlp.apply(between.apply(y)));
        }
    }

    /** Queries of the actor, whose keys and values are made of the reader's. */
    private static final class SideAttention extends Module {
        private final VlaPolicy.Language language;
        private final Linear queries;
        private final Linear keys;
        private final Linear values;
        private final Linear output;

        SideAttention(VlaPolicy.Language language, int width, Key key) {
            this.language = language;
            long all = (long) language.heads() * language.headWidth();
            long shared = (long) language.keyHeads() * language.headWidth();
            queries = child("q_proj", new Linear(width, all, false, key.fold(0)));
            keys = child("k_proj", new Linear(shared, shared, false, key.fold(1)));
            values = child("v_proj", new Linear(shared, shared, false, key.fold(2)));
            output = child("o_proj", new Linear(all, width, false, key.fold(3)));
        }

        Tensor apply(Tensor x, KeysAndValues known, RotaryEmbedding.Turn turn, Tensor allowed) {
            Tensor asked = turn.apply(divided(queries.apply(x), language.heads()));
            Tensor k = divided(keys.apply(joined(known.keys())), language.keyHeads());
            Tensor v = divided(values.apply(joined(known.values())), language.keyHeads());
            return output.apply(joined(GroupedQueryAttention.attend(asked, k, v, allowed, false)));
        }

        private Tensor divided(Tensor x, int heads) {
            return x.unflatten(-1, heads, language.headWidth()).permute(0, 2, 1, 3);
        }

        private static Tensor joined(Tensor heads) {
            return heads.permute(0, 2, 1, 3).flatten(2, 3);
        }
    }

    // ---- reading first, then acting ----

    /** Reads tokens. */
    Memory read(Tokens tokens) {
        Tensor allowed = BlockAttentionMask.of(tokens.valid(), tokens.begins()).unsqueeze(1);
        Tensor x = tokens.embedded();
        RotaryEmbedding.Turn turn =
                rotary.at(BlockAttentionMask.positions(tokens.valid()), x.dtype());
        List<KeysAndValues> memory = new ArrayList<>();
        for (int i = 0; i < readers.size(); i++) {
            ReaderLayer layer = readers.get(i);
            Tensor seen = layer.before.apply(x);
            KeysAndValues known = known(layer.attention, seen, turn);
            memory.add(known);
            if (i < readers.size() - 1) {
                Tensor asked = layer.attention.queries(seen, turn);
                Tensor attended =
                        GroupedQueryAttention.attend(
                                asked, known.keys(), known.values(), allowed, false);
                x = layer.finish(x, attended);
            }
        }
        return new Memory(memory, tokens.valid(), tokens.begins());
    }

    private static KeysAndValues known(
            GroupedQueryAttention attention, Tensor seen, RotaryEmbedding.Turn turn) {
        return new KeysAndValues(attention.keys(seen, turn), attention.values(seen));
    }

    /** The actor's tokens after all layers, given what was read. */
    Tensor act(Memory memory, Tokens tokens) {
        Tensor valid = Tensor.concat(1, memory.valid(), tokens.valid());
        boolean[] begins = joined(memory.begins(), tokens.begins());
        int read = memory.begins().length;
        Tensor allowed =
                BlockAttentionMask.of(valid, begins).slice(1, read, begins.length).unsqueeze(1);
        Tensor places = BlockAttentionMask.positions(valid).slice(1, read, begins.length);
        Tensor x = tokens.embedded();
        RotaryEmbedding.Turn turn = rotary.at(places, x.dtype());
        RotaryEmbedding.Turn fromZero = fromZero(x);
        for (int i = 0; i < actors.size(); i++) {
            ActorLayer layer = actors.get(i);
            KeysAndValues known = memory.layers().get(i);
            Tensor seen = layer.before.apply(x);
            Tensor attended;
            if (layer.attention != null) {
                KeysAndValues own = known(layer.attention, seen, turn);
                attended =
                        layer.attention.output(
                                GroupedQueryAttention.attend(
                                        layer.attention.queries(seen, turn),
                                        Tensor.concat(2, known.keys(), own.keys()),
                                        Tensor.concat(2, known.values(), own.values()),
                                        allowed,
                                        false));
            } else {
                attended = aside(layer, seen, known, fromZero, allowed.slice(3, 0, read));
            }
            x = layer.finish(x, attended);
        }
        return actorNorm.apply(x);
    }

    private static Tensor aside(
            ActorLayer layer,
            Tensor seen,
            KeysAndValues known,
            RotaryEmbedding.Turn turn,
            Tensor allowed) {
        if (layer.aside == null) {
            throw new AssertionError("a layer attends to something");
        }
        return layer.aside.apply(seen, known, turn, allowed);
    }

    private RotaryEmbedding.Turn fromZero(Tensor x) {
        return rotary.at(Tensor.arange(DType.I64, x.extent(1)), x.dtype());
    }

    private static boolean[] joined(boolean[] first, boolean[] second) {
        boolean[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    // ---- both at once ----

    /**
     * What {@link #act} gives after {@link #read}, in one pass: a layer's attention is over the
     * tokens of both. This is how it is trained.
     */
    Tensor together(Tokens reading, Tokens acting) {
        Tensor valid = Tensor.concat(1, reading.valid(), acting.valid());
        boolean[] begins = joined(reading.begins(), acting.begins());
        long read = reading.begins().length;
        Tensor allowed = BlockAttentionMask.of(valid, begins).unsqueeze(1);
        Tensor places = BlockAttentionMask.positions(valid);
        Tensor x = reading.embedded();
        Tensor y = acting.embedded();
        RotaryEmbedding.Turn readTurn = rotary.at(places.slice(1, 0, read), x.dtype());
        RotaryEmbedding.Turn actTurn = rotary.at(places.slice(1, read, begins.length), x.dtype());
        RotaryEmbedding.Turn fromZero = fromZero(y);
        for (int i = 0; i < actors.size(); i++) {
            ReaderLayer reader = readers.get(i);
            ActorLayer actor = actors.get(i);
            Tensor seen = reader.before.apply(x);
            Tensor asked = reader.attention.queries(seen, readTurn);
            KeysAndValues known = known(reader.attention, seen, readTurn);
            Tensor own = actor.before.apply(y);
            if (actor.attention != null) {
                KeysAndValues more = known(actor.attention, own, actTurn);
                Tensor both =
                        GroupedQueryAttention.attend(
                                Tensor.concat(2, asked, actor.attention.queries(own, actTurn)),
                                Tensor.concat(2, known.keys(), more.keys()),
                                Tensor.concat(2, known.values(), more.values()),
                                allowed,
                                false);
                x = reader.finish(x, both.slice(2, 0, read));
                Tensor attended = both.slice(2, read, begins.length);
                y = actor.finish(y, actor.attention.output(attended));
            } else {
                Tensor ofReading = allowed.slice(2, 0, read).slice(3, 0, read);
                Tensor ofActing = allowed.slice(2, read, begins.length).slice(3, 0, read);
                Tensor attended =
                        GroupedQueryAttention.attend(
                                asked, known.keys(), known.values(), ofReading, false);
                y = actor.finish(y, aside(actor, own, known, fromZero, ofActing));
                x = reader.finish(x, attended);
            }
        }
        return actorNorm.apply(y);
    }
}
