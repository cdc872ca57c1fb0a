package dev.ugoki.benchmarks;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.Ugoki;
import dev.ugoki.tensor.plan.BoundPlan;

import java.util.ArrayList;
import java.util.Arrays;
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

    /**
     * A plan that is bound to the inputs, once its kernels are compiled. A run makes no tensors, so
     * what it allocates is the plan's own.
     */
    record Compiled(java.util.function.Function<Tensor[], Ready> binding) implements Ours {
        /**
         * A plan, and what each run leaves.
         *
         * @param results that are compared
         */
        record Ready(BoundPlan plan, Tensor[] results) {
            /** A plan that is compared by its results. */
            static Ready of(BoundPlan plan) {
                Tensor[] results = new Tensor[plan.resultCount()];
                Arrays.setAll(results, plan::result);
                return new Ready(plan, results);
            }
        }

        /** A function of the inputs. */
        static Compiled of(Function function) {
            return new Compiled(
                    inputs ->
                            Ready.of(
                                    Ugoki.compile(in -> new Tensor[] {function.apply(in)})
                                            .bind(inputs)));
        }

        @Override
        public Supplier<Tensor[]> prepare(Tensor[] inputs) {
            Ready ready = binding.apply(inputs);
            ready.plan().warmUp();
            return () -> {
                ready.plan().run();
                return ready.results();
            };
        }
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
