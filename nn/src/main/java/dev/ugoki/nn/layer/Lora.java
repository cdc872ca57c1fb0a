package dev.ugoki.nn.layer;

import dev.ugoki.autograd.Parameter;
import dev.ugoki.nn.Module;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.io.HostArray;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Low-rank adapters: linear layers of a trained network learn a small change of their weights,
 * {@code W + alpha / rank * B A}, while everything else stays.
 *
 * <pre>{@code
 * Lora.attach(network, name -> name.endsWith("q_proj"), Lora.Config.of(16), key);
 * Optimizer optimizer = Optimizer.of(
 *         List.of(new ParameterGroup(Lora.parameters(network), AdamW.of(1e-4))), schedule);
 * ...
 * SafetensorsFile.write(path, Lora.mergedState(network));
 * }</pre>
 *
 * <p>State: {@code lora_A.weight [rank, in]}, as {@link dev.ugoki.nn.Init#fanIn} at first, and
 * {@code lora_B.weight [out, rank]}, zeros, beside the layer's own.
 *
 * <p>Source: Hu et al.: LoRA (ICLR 2022).
 */
public final class Lora {
    private Lora() {}

    /**
     * What an adapter is made of.
     *
     * @param rank how many numbers are between its two products
     * @param alpha the change's scale, times the rank
     * @param dropout the probability with which what it reads is dropped in training
     */
    public record Config(int rank, double alpha, double dropout) {
        public Config {
            if (rank < 1) {
                throw new IllegalArgumentException("Lora: the rank must be at least 1: " + rank);
            }
        }

        /** With alpha twice the rank, without dropout. */
        public static Config of(int rank) {
            return new Config(rank, 2.0 * rank, 0);
        }
    }

    /**
     * Adds an adapter to each linear layer whose dotted name is accepted.
     *
     * @return how many there are
     * @throws IllegalArgumentException if none is accepted, with the names of those there are
     * @throws IllegalStateException if one has an adapter
     */
    public static int attach(Module network, Predicate<String> accepted, Config config, Key key) {
        SequencedMap<String, Linear> all = linears(network);
        SequencedMap<String, Linear> chosen = new LinkedHashMap<>(all);
        chosen.keySet().removeIf(accepted.negate());
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException(
                    "Lora: none of these linear layers is accepted: " + all.keySet());
        }
        long number = 0;
        for (Linear linear : chosen.values()) {
            linear.adapt(config, key.fold(number++));
        }
        return chosen.size();
    }

    /** The parameters of all adapters, by the names that they have in the network. */
    public static SequencedMap<String, Parameter> parameters(Module network) {
        SequencedMap<String, Parameter> named = new LinkedHashMap<>();
        linears(network)
                .forEach(
                        (name, linear) -> {
                            Linear.Adapter adapter = linear.adapter();
                            if (adapter != null) {
                                String prefix = name.isEmpty() ? "" : name + ".";
                                named.put(prefix + "lora_A.weight", adapter.down().weight());
                                named.put(prefix + "lora_B.weight", adapter.up().weight());
                            }
                        });
        return named;
    }

    /** Adds the changes to the weights, so that computing costs no more than without adapters. */
    public static void merge(Module network) {
        linears(network).forEach((_, linear) -> ifAdapted(linear, Linear.Adapter::merge));
    }

    /** Takes the changes out again: the weights have the bits that they had before. */
    public static void unmerge(Module network) {
        linears(network).forEach((_, linear) -> ifAdapted(linear, Linear.Adapter::unmerge));
    }

    private static void ifAdapted(Linear linear, Consumer<Linear.Adapter> action) {
        Linear.Adapter adapter = linear.adapter();
        if (adapter != null) {
            action.accept(adapter);
        }
    }

    /** The state of the network without adapters whose weights have the changes in them. */
    public static SequencedMap<String, HostArray> mergedState(Module network) {
        SequencedMap<String, Linear> merged = new LinkedHashMap<>();
        linears(network)
                .forEach(
                        (name, linear) -> {
                            Linear.Adapter adapter = linear.adapter();
                            if (adapter != null && !adapter.isMerged()) {
                                merged.put(name, linear);
                            }
                        });
        merged.values().forEach(linear -> ifAdapted(linear, Linear.Adapter::merge));
        try {
            SequencedMap<String, HostArray> state = new LinkedHashMap<>(network.stateDict());
            state.keySet().removeAll(parameters(network).keySet());
            return state;
        } finally {
            merged.values().forEach(linear -> ifAdapted(linear, Linear.Adapter::unmerge));
        }
    }

    /** All linear layers by their dotted names, those of adapters left out. */
    private static SequencedMap<String, Linear> linears(Module network) {
        SequencedMap<String, Linear> found = new LinkedHashMap<>();
        visit("", network, found::putIfAbsent);
        return found;
    }

    private static void visit(String name, Module module, BiConsumer<String, Linear> visitor) {
        if (module instanceof Linear linear) {
            visitor.accept(name, linear);
            return;
        }
        String prefix = name.isEmpty() ? "" : name + ".";
        module.children().forEach((own, child) -> visit(prefix + own, child, visitor));
    }
}
