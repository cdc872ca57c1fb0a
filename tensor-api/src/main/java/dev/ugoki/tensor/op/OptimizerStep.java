package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import java.util.List;

/**
 * One step of an optimizer on one parameter, made to run in place by {@link
 * dev.ugoki.tensor.Engine#update}: the results take over the memory of the parameter and of what
 * the optimizer remembers of it.
 *
 * <p>Tensors are of the parameter's type. Settings are scalars, F64 whatever the parameter's dtype,
 * so that {@code 1 - beta} is exact enough; what is computed of settings alone is computed in F64,
 * all else in the parameter's dtype (F32 for F16 and BF16).
 *
 * <p>Shapes: tensors {@code [..]}, settings {@code []}; each result as the operand that it
 * replaces.
 */
public sealed interface OptimizerStep extends Composite {
    /** The type of every setting. */
    TensorType SETTING = new TensorType(DType.F64, Shape.SCALAR);

    /** What the operands are, in order: first tensors, then settings. */
    List<String> operandNames();

    /** How many operands are tensors. */
    int tensorCount();

    /**
     * Stochastic gradient descent with momentum:
     *
     * <pre>
     * g = gradient + weightDecay * parameter
     * v = momentum * v + g
     * parameter -= learningRate * (nesterov ? g + momentum * v : v)
     * </pre>
     *
     * <p>Operands: parameter, gradient, velocity (zeros at first); learningRate, momentum,
     * weightDecay. Results: parameter, velocity.
     *
     * <p>Source: Sutskever et al.: On the importance of initialization and momentum in deep
     * learning (ICML 2013), in PyTorch's form.
     */
    record SgdStep(boolean nesterov) implements OptimizerStep {
        @Override
        public List<String> operandNames() {
            return List.of(
                    "parameter", "gradient", "velocity", "learningRate", "momentum", "weightDecay");
        }

        @Override
        public int tensorCount() {
            return 3;
        }

        @Override
        public int resultCount() {
            return 2;
        }

        @Override
        public int overwrites(int result) {
            return result == 0 ? 0 : 2;
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor p = Operands.wide(operands[0]);
            Tensor rate = operands[3].cast(p.dtype());
            Tensor momentum = operands[4].cast(p.dtype());
            Tensor g = Operands.wide(operands[1]).add(p.mul(operands[5].cast(p.dtype())));
            Tensor velocity = Operands.wide(operands[2]).mul(momentum).add(g);
            Tensor direction = nesterov ? g.add(velocity.mul(momentum)) : velocity;
            return narrow(operands[0], p.sub(direction.mul(rate)), velocity);
        }
    }

    /**
     * Adam with weight decay as an L2 penalty:
     *
     * <pre>
     * g = gradient + weightDecay * parameter
     * m = beta1 * m + (1 - beta1) * g
     * v = beta2 * v + (1 - beta2) * g^2
     * parameter -= learningRate / correction1 * m / (sqrt(v) / sqrt(correction2) + epsilon)
     * </pre>
     *
     * <p>Operands: parameter, gradient, firstMoment, secondMoment (zeros at first); learningRate,
     * beta1, beta2, epsilon, weightDecay, correction1, correction2. The corrections are {@code 1 -
     * beta^step}, steps counted from 1. Results: parameter, firstMoment, secondMoment.
     *
     * <p>Source: Kingma, Ba: Adam: a method for stochastic optimization (ICLR 2015).
     */
    record AdamStep() implements OptimizerStep {
        @Override
        public List<String> operandNames() {
            return ADAM_OPERANDS;
        }

        @Override
        public int tensorCount() {
            return 4;
        }

        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public int overwrites(int result) {
            return result == 0 ? 0 : result + 1;
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor p = Operands.wide(operands[0]);
            Tensor penalty = p.mul(operands[8].cast(p.dtype()));
            return adam(operands, p, Operands.wide(operands[1]).add(penalty));
        }
    }

    /**
     * Adam with decoupled weight decay: {@code parameter *= 1 - learningRate * weightDecay}, then
     * as {@link AdamStep} without the penalty; the same operands and results.
     *
     * <p>Source: Loshchilov, Hutter: Decoupled weight decay regularization (ICLR 2019).
     */
    record AdamWStep() implements OptimizerStep {
        @Override
        public List<String> operandNames() {
            return ADAM_OPERANDS;
        }

        @Override
        public int tensorCount() {
            return 4;
        }

        @Override
        public int resultCount() {
            return 3;
        }

        @Override
        public int overwrites(int result) {
            return result == 0 ? 0 : result + 1;
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor kept = operands[4].mul(operands[8]).neg().add(1);
            Tensor p = Operands.wide(operands[0]);
            return adam(operands, p.mul(kept.cast(p.dtype())), Operands.wide(operands[1]));
        }
    }

    /**
     * An exponential moving average: {@code average = decay * average + (1 - decay) * value}.
     *
     * <p>Operands: average, value; decay. Result: average.
     *
     * <p>Source: Polyak, Juditsky: Acceleration of stochastic approximation by averaging (1992).
     */
    record MovingAverageStep() implements OptimizerStep {
        @Override
        public List<String> operandNames() {
            return List.of("average", "value", "decay");
        }

        @Override
        public int tensorCount() {
            return 2;
        }

        @Override
        public int overwrites(int result) {
            return 0;
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor average = Operands.wide(operands[0]);
            Tensor kept = operands[2].cast(average.dtype());
            Tensor taken = complement(operands[2]).cast(average.dtype());
            Tensor result = average.mul(kept).add(Operands.wide(operands[1]).mul(taken));
            return narrow(operands[0], result);
        }
    }

    /** The operands of {@link AdamStep} and {@link AdamWStep}. */
    List<String> ADAM_OPERANDS =
            List.of(
                    "parameter",
                    "gradient",
                    "firstMoment",
                    "secondMoment",
                    "learningRate",
                    "beta1",
                    "beta2",
                    "epsilon",
                    "weightDecay",
                    "correction1",
                    "correction2");

    @Override
    default TensorType[] infer(TensorType... in) {
        List<String> names = operandNames();
        Operands.count(this, in, names.size(), names.size());
        Operands.floating(this, in, tensorCount());
        for (int i = 0; i < in.length; i++) {
            if (i < tensorCount()) {
                Operands.shape(this, in, i, "the " + names.get(i), in[0].shape());
            } else if (!in[i].equals(SETTING)) {
                throw TypeRules.wrong(
                        this, in, "the " + names.get(i) + " must be " + SETTING + ", not " + in[i]);
            }
        }
        TensorType[] results = new TensorType[resultCount()];
        java.util.Arrays.fill(results, in[0]);
        return results;
    }

    private static Tensor[] adam(Tensor[] operands, Tensor p, Tensor g) {
        Tensor beta1 = operands[5];
        Tensor beta2 = operands[6];
        Tensor first =
                Operands.wide(operands[2])
                        .mul(beta1.cast(p.dtype()))
                        .add(g.mul(complement(beta1).cast(p.dtype())));
        Tensor second =
                Operands.wide(operands[3])
                        .mul(beta2.cast(p.dtype()))
                        .add(g.square().mul(complement(beta2).cast(p.dtype())));
        Tensor root = second.sqrt().div(operands[10].sqrt().cast(p.dtype()));
        Tensor step = first.div(root.add(operands[7].cast(p.dtype())));
        Tensor rate = operands[4].div(operands[9]).cast(p.dtype());
        return narrow(operands[0], p.sub(step.mul(rate)), first, second);
    }

    private static Tensor complement(Tensor setting) {
        return setting.neg().add(1);
    }

    private static Tensor[] narrow(Tensor like, Tensor... results) {
        Tensor[] narrow = new Tensor[results.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = results[i].cast(like.dtype());
        }
        return narrow;
    }
}
