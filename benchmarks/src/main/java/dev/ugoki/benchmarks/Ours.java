package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A program for Ugoki. */
@FunctionalInterface
interface Ours {
    /** What is to be run again and again, once all is made that it needs. */
    Supplier<Tensor[]> prepare(Tensor[] inputs);

    /** A function of the inputs. */
    @FunctionalInterface
    interface Function {
        Tensor apply(Tensor[] inputs);
    }

    /** One result. */
    static Ours of(Function function) {
        return inputs -> () -> new Tensor[] {function.apply(inputs)};
    }

    /** The result and its gradients; the last input is the gradient of the result. */
    static Ours gradient(int variables, Function function) {
        return inputs ->
                () -> {
                    Tensor[] followed = inputs.clone();
                    List<Tensor> leaves = new ArrayList<>();
                    for (int i = 0; i < variables; i++) {
                        followed[i] = Autograd.variable(inputs[i]);
                        leaves.add(followed[i]);
                    }
                    Tensor y = function.apply(followed);
                    List<Tensor> results = new ArrayList<>(List.of(y));
                    results.addAll(
                            Autograd.backward(List.of(y), List.of(inputs[inputs.length - 1]))
                                    .of(leaves));
                    return results.toArray(Tensor[]::new);
                };
    }
}
