package dev.ugoki.nn.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ugoki.nn.Init;
import dev.ugoki.nn.layer.GroupedQueryAttention.View;
import dev.ugoki.tck.GradientCheck;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Cells, turned positions, grouped attention and its cache. */
class SequenceLayersTest {
    private static final Key KEY = Key.of(9);

    private static Tensor doubles(long... shape) {
        return Random.normal(KEY, DType.F64, shape);
    }

    // ---- cells ----

    @Test
    void aSequenceReadInTwoPartsIsReadAsAWhole() {
        Tensor x = doubles(2, 7, 3);
        Lstm lstm = Init.withDType(DType.F64, () -> new Lstm(3, 4, 2, KEY));
        Lstm.Read whole = lstm.apply(x);
        Lstm.Read first = lstm.apply(x.slice(1, 0, 3));
        Lstm.Read second = lstm.apply(x.slice(1, 3, 7), first.state());
        assertArrayEquals(
                whole.output().slice(1, 3, 7).toDoubleArray(),
                second.output().toDoubleArray(),
                1e-12);
        assertArrayEquals(
                whole.state().c().toDoubleArray(), second.state().c().toDoubleArray(), 1e-12);

        Gru gru = Init.withDType(DType.F64, () -> new Gru(3, 4, 2, KEY));
        Gru.Read wholeGru = gru.apply(x);
        Gru.Read firstGru = gru.apply(x.slice(1, 0, 3));
        Gru.Read secondGru = gru.apply(x.slice(1, 3, 7), firstGru.state());
        assertArrayEquals(
                wholeGru.output().slice(1, 3, 7).toDoubleArray(),
                secondGru.output().toDoubleArray(),
                1e-12);
        assertArrayEquals(
                wholeGru.state().toDoubleArray(), secondGru.state().toDoubleArray(), 1e-12);
    }

    /** By hand, for one number in and one out, all weights 1 and all biases 0. */
    @Test
    void cellsFollowTheirFormulas() {
        Tensor x = Tensor.of(new double[] {0.5}, 1, 1, 1);
        Lstm lstm = Init.withDType(DType.F64, () -> new Lstm(1, 1, 1, KEY));
        Gru gru = Init.withDType(DType.F64, () -> new Gru(1, 1, 1, KEY));
        for (var module : List.of(lstm, gru)) {
            module.namedParameters()
                    .forEach(
                            (name, parameter) ->
                                    parameter.assign(
                                            Tensor.full(
                                                    DType.F64,
                                                    parameter.type().shape(),
                                                    name.startsWith("weight") ? 1 : 0)));
        }
        double gate = 1 / (1 + Math.exp(-0.5));
        double cell = gate * Math.tanh(0.5);
        assertEquals(cell, lstm.apply(x).state().c().item(), 1e-12);
        assertEquals(gate * Math.tanh(cell), lstm.apply(x).output().item(), 1e-12);
        assertEquals((1 - gate) * Math.tanh(0.5), gru.apply(x).output().item(), 1e-12);
    }

    @Test
    void gradientsOfCellsAreRight() {
        Lstm lstm = Init.withDType(DType.F64, () -> new Lstm(2, 3, 2, KEY));
        Gru gru = Init.withDType(DType.F64, () -> new Gru(2, 3, 2, KEY));
        GradientCheck.check(
                in -> {
                    Lstm.Read read = lstm.apply(in[0], new Lstm.State(in[1], in[2]));
                    return new Tensor[] {read.output(), read.state().c()};
                },
                doubles(2, 4, 2),
                doubles(2, 2, 3),
                doubles(2, 2, 3));
        GradientCheck.check(
                in -> new Tensor[] {gru.apply(in[0], in[1]).output()},
                doubles(2, 4, 2),
                doubles(2, 2, 3));
    }

    @Test
    void whatIsNoSequenceIsRefused() {
        Gru gru = new Gru(2, 3, 1, KEY);
        assertThrows(
                IllegalArgumentException.class, () -> gru.apply(Tensor.zeros(DType.F32, 2, 2)));
        assertThrows(
                IllegalArgumentException.class, () -> gru.apply(Tensor.zeros(DType.F32, 2, 0, 2)));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        gru.apply(
                                Tensor.zeros(DType.F32, 2, 1, 2),
                                Tensor.zeros(DType.F32, 1, 1, 3)));
    }

    // ---- positions ----

    @Test
    void turnedProductsDependOnDistancesAlone() {
        RotaryEmbedding rotary = new RotaryEmbedding(8, 100);
        Tensor q = doubles(1, 1, 1, 8);
        Tensor k = doubles(1, 1, 1, 8).add(0.5);
        double near = product(rotary, q, 3, k, 1);
        assertEquals(near, product(rotary, q, 12, k, 10), 1e-9);
        assertEquals(near, product(rotary, q, 1002, k, 1000), 1e-7);
        assertEquals(q.mul(k).sum().item(), product(rotary, q, 5, k, 5), 1e-9);
    }

    private static double product(
            RotaryEmbedding rotary, Tensor q, long atQuery, Tensor k, long atKey) {
        Tensor query = rotary.at(Tensor.of(new long[] {atQuery}, 1), DType.F64).apply(q);
        Tensor key = rotary.at(Tensor.of(new long[] {atKey}, 1), DType.F64).apply(k);
        return query.mul(key).sum().item();
    }

    @Test
    void theHalvesOfAHeadTurnTogether() {
        Tensor x = Tensor.of(new double[] {1, 2, 3, 4}, 1, 1, 1, 4);
        Tensor turned =
                new RotaryEmbedding(4, 100).at(Tensor.of(new long[] {2}, 1), DType.F64).apply(x);
        double cos0 = Math.cos(2);
        double sin0 = Math.sin(2);
        double cos1 = Math.cos(0.2);
        double sin1 = Math.sin(0.2);
        assertArrayEquals(
                new double[] {
                    cos0 - 3 * sin0, 2 * cos1 - 4 * sin1, 3 * cos0 + sin0, 4 * cos1 + 2 * sin1
                },
                turned.toDoubleArray(),
                1e-12);
    }

    @Test
    void samplesMayHavePositionsOfTheirOwn() {
        RotaryEmbedding rotary = new RotaryEmbedding(4, 100);
        Tensor x = doubles(2, 3, 2, 4);
        Tensor both = rotary.at(Tensor.of(new long[] {0, 1, 7, 8}, 2, 2), DType.F64).apply(x);
        Tensor second = rotary.at(Tensor.of(new long[] {7, 8}, 2), DType.F64).apply(x);
        assertArrayEquals(
                second.slice(0, 1, 2).toDoubleArray(), both.slice(0, 1, 2).toDoubleArray(), 1e-12);
    }

    // ---- grouped attention ----

    private static GroupedQueryAttention attention(int heads, int keyHeads) {
        return Init.withDType(
                DType.F64,
                () -> GroupedQueryAttention.Config.decoder(8, heads, keyHeads, 4).build(KEY));
    }

    private static View view(long from, long to, boolean causal) {
        Tensor positions = Tensor.arange(DType.I64, to).slice(0, from, to);
        return new View(new RotaryEmbedding(4, 100).at(positions, DType.F64), null, causal);
    }

    @Test
    void sharedKeysAreThoseOfEachHeadOfTheGroup() {
        Tensor q = doubles(2, 4, 3, 4);
        Tensor k = doubles(2, 2, 5, 4).mul(0.7);
        Tensor v = doubles(2, 2, 5, 4).add(0.1);
        Tensor shared = GroupedQueryAttention.attend(q, k, v, null, false);
        for (int head = 0; head < 4; head++) {
            int group = head / 2;
            Tensor alone =
                    GroupedQueryAttention.attend(
                            q.slice(1, head, head + 1),
                            k.slice(1, group, group + 1),
                            v.slice(1, group, group + 1),
                            null,
                            false);
            assertArrayEquals(
                    alone.toDoubleArray(), shared.slice(1, head, head + 1).toDoubleArray(), 1e-12);
        }
    }

    @Test
    void tokensReadWithACacheAreReadAsAWhole() {
        GroupedQueryAttention attention = attention(4, 2);
        Tensor x = doubles(2, 6, 8);
        Tensor whole = attention.apply(x, view(0, 6, true));
        KeyValueCache cache = new KeyValueCache(1);
        Tensor first = attention.apply(x.slice(1, 0, 3), view(0, 3, true), cache, 0);
        KeyValueCache other = cache.copy();
        Tensor second = attention.apply(x.slice(1, 3, 5), view(3, 5, true), cache, 0);
        Tensor third = attention.apply(x.slice(1, 5, 6), view(5, 6, true), cache, 0);
        assertArrayEquals(
                whole.toDoubleArray(),
                Tensor.concat(1, first, second, third).toDoubleArray(),
                1e-12);
        assertEquals(6, cache.length(0));
        assertEquals(3, other.length(0));
    }

    @Test
    void whatIsNotAllowedIsNotSeen() {
        GroupedQueryAttention attention = attention(4, 2);
        Tensor x = doubles(1, 4, 8);
        Tensor changed = Tensor.concat(1, x.slice(1, 0, 3), x.slice(1, 3, 4).add(5));
        Tensor allowed = Tensor.of(new boolean[] {true, true, true, false}, 1, 4);
        View masked = new View(view(0, 4, false).turn(), allowed, false);
        assertArrayEquals(
                attention.apply(x, masked).slice(1, 0, 3).toDoubleArray(),
                attention.apply(changed, masked).slice(1, 0, 3).toDoubleArray(),
                1e-12);
    }

    @Test
    void gradientsOfGroupedAttentionAreRight() {
        GroupedQueryAttention attention = attention(4, 2);
        GradientCheck.check(
                in -> new Tensor[] {attention.apply(in[0], view(0, 3, true))}, doubles(2, 3, 8));
    }

    @Test
    void anEncodersNamesAndShapesAreThePublicOnes() {
        var attention = GroupedQueryAttention.Config.encoder(6, 3).build(KEY);
        assertEquals(Shape.of(6), attention.stateDict().get("out_proj.bias").shape());
        assertThrows(
                IllegalArgumentException.class,
                () -> GroupedQueryAttention.Config.decoder(8, 3, 2, 4));
    }
}
