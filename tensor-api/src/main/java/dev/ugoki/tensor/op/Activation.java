package dev.ugoki.tensor.op;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import org.jspecify.annotations.Nullable;

/**
 * Functions of each element that networks put between layers. One floating operand, one result of
 * its type; F16 and BF16 are computed in F32. Each knows its gradient, which is an operation of its
 * own ({@link Gradient}), so that a backend can fuse that as well.
 *
 * <p>Shapes: {@code [..] -> [..]}.
 *
 * <p>Source, where nothing else is named: PyTorch's activations of the same names.
 */
public sealed interface Activation extends Composite {
    /** The function. */
    Tensor value(Tensor x);

    /** {@code cotangent} times the derivative at {@code x}. */
    Tensor gradient(Tensor x, Tensor cotangent);

    /**
     * {@code max(x, 0)}; the derivative at 0 is 0.
     *
     * <p>Source: Nair, Hinton: Rectified linear units improve restricted Boltzmann machines (ICML
     * 2010).
     */
    record Relu() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.maximum(0);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.maskedFill(x.le(0), 0);
        }
    }

    /**
     * {@code x > 0 ? x : slope * x}; the derivative at 0 is {@code slope}.
     *
     * <p>Source: Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models
     * (ICML 2013).
     */
    record LeakyRelu(double slope) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.gt(0).select(x, x.mul(slope));
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return x.gt(0).select(cotangent, cotangent.mul(slope));
        }
    }

    /**
     * {@code x > 0 ? x : alpha * (exp(x) - 1)}.
     *
     * <p>Source: Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by
     * exponential linear units (ICLR 2016).
     */
    record Elu(double alpha) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            // The minimum keeps the branch that is not taken finite, and so its gradient.
            return x.gt(0).select(x, x.minimum(0).expm1().mul(alpha));
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            Tensor below = cotangent.mul(x.minimum(0).exp().mul(alpha));
            return x.gt(0).select(cotangent, below);
        }
    }

    /**
     * {@code x * sigmoid(x)}, also called swish.
     *
     * <p>Source: Elfwing, Uchibe, Doya: Sigmoid-weighted linear units (2017).
     */
    record Silu() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.mul(x.sigmoid());
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            Tensor s = x.sigmoid();
            return cotangent.mul(s.mul(x.mul(x.neg().sigmoid()).add(1)));
        }
    }

    /**
     * {@code x * Phi(x)}, with the normal distribution function in its exact form, {@code 0.5 * (1
     * + erf(x / sqrt(2)))}.
     *
     * <p>Source: Hendrycks, Gimpel: Gaussian error linear units (2016).
     */
    record Gelu() implements Activation {
        private static final double INVERSE_ROOT_TWO = 0.70710678118654752440;
        private static final double INVERSE_ROOT_TWO_PI = 0.39894228040143267794;

        @Override
        public Tensor value(Tensor x) {
            return x.mul(distribution(x));
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            Tensor density = x.square().mul(-0.5).exp().mul(INVERSE_ROOT_TWO_PI);
            return cotangent.mul(distribution(x).add(x.mul(density)));
        }

        private static Tensor distribution(Tensor x) {
            return x.mul(INVERSE_ROOT_TWO).erf().add(1).mul(0.5);
        }
    }

    /**
     * GELU by its usual approximation, {@code 0.5 * x * (1 + tanh(u))} with {@code u = sqrt(2/pi) *
     * (x + 0.044715 * x^3)}; computed as {@code x * sigmoid(2u)}, which is the same and keeps its
     * precision where the result is small.
     *
     * <p>Source: Hendrycks, Gimpel: Gaussian error linear units (2016).
     */
    record GeluTanh() implements Activation {
        private static final double TWICE_ROOT = 1.59576912160573071176;
        private static final double CUBIC = 0.044715;

        /** From here out the sigmoid is 0 or 1 to the last bit of F64, and its slope is 0. */
        private static final double FLAT = 30;

        @Override
        public Tensor value(Tensor x) {
            return x.mul(argument(x).sigmoid());
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            Tensor near = x.clamp(-FLAT, FLAT);
            Tensor s = argument(near).sigmoid();
            Tensor slope = near.square().mul(3 * CUBIC).add(1).mul(TWICE_ROOT);
            Tensor bend = near.mul(s).mul(argument(near).neg().sigmoid()).mul(slope);
            return cotangent.mul(s.add(bend));
        }

        private static Tensor argument(Tensor x) {
            return x.mul(x.square().mul(CUBIC).add(1)).mul(TWICE_ROOT);
        }
    }

    /**
     * {@code x * tanh(softplus(x))}.
     *
     * <p>Source: Misra: Mish: a self regularized non-monotonic activation function (2019).
     */
    record Mish() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.mul(stableSoftplus(x).tanh());
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            Tensor t = stableSoftplus(x).tanh();
            Tensor bend = x.mul(x.sigmoid()).mul(t.square().neg().add(1));
            return cotangent.mul(t.add(bend));
        }
    }

    /**
     * {@code log(1 + exp(x))}, computed as {@code max(x, 0) + log1p(exp(-|x|))}.
     *
     * <p>Source: Dugas et al.: Incorporating second-order functional knowledge for better option
     * pricing (NeurIPS 2000).
     */
    record Softplus() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return stableSoftplus(x);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.mul(x.sigmoid());
        }
    }

    /**
     * {@code log(sigmoid(x)) = -softplus(-x)}.
     *
     * <p>Source: PyTorch's {@code logsigmoid}.
     */
    record LogSigmoid() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return stableSoftplus(x.neg()).neg();
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.mul(x.neg().sigmoid());
        }
    }

    /**
     * {@code x * min(max(x + 3, 0), 6) / 6}; the derivative is 0 up to -3 and 1 from 3 on.
     *
     * <p>Source: Howard et al.: Searching for MobileNetV3 (ICCV 2019).
     */
    record Hardswish() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            // The quotient first: the product of x and 6 could overflow.
            return x.mul(x.add(3).clamp(0, 6).div(6));
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            Tensor between = cotangent.mul(x.div(3).add(0.5));
            return x.lt(3).select(between, cotangent).maskedFill(x.le(-3), 0);
        }
    }

    /**
     * {@code min(max(x, 0), 6)}; the derivative is 0 at both bounds.
     *
     * <p>Source: Krizhevsky: Convolutional deep belief networks on CIFAR-10 (2010).
     */
    record Relu6() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.clamp(0, 6);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.maskedFill(x.le(0).or(x.ge(6)), 0);
        }
    }

    /**
     * {@code min(max(x + 3, 0), 6) / 6}; the derivative is 0 from -3 down and from 3 up.
     *
     * <p>Source: Howard et al.: Searching for MobileNetV3 (ICCV 2019).
     */
    record Hardsigmoid() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.add(3).clamp(0, 6).div(6);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.div(6).maskedFill(x.le(-3).or(x.ge(3)), 0);
        }
    }

    /**
     * {@code min(max(x, least), most)}; the derivative is 0 at both bounds, unlike that of {@link
     * Clamp}.
     */
    record Hardtanh(double least, double most) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.clamp(least, most);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.maskedFill(x.le(least).or(x.ge(most)), 0);
        }
    }

    /**
     * {@code scale * (x > 0 ? x : alpha * (exp(x) - 1))} with the two numbers that keep mean 0 and
     * variance 1 from layer to layer.
     *
     * <p>Source: Klambauer et al.: Self-normalizing neural networks (NeurIPS 2017).
     */
    record Selu() implements Activation {
        private static final double SCALE = 1.0507009873554804934193349852946;
        private static final Elu ELU = new Elu(1.6732632423543772848170429916717);

        @Override
        public Tensor value(Tensor x) {
            return ELU.value(x).mul(SCALE);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return ELU.gradient(x, cotangent).mul(SCALE);
        }
    }

    /**
     * {@code x > 0 ? x : alpha * (exp(x / alpha) - 1)}: {@link Elu} with a continuous derivative.
     *
     * <p>Source: Barron: Continuously differentiable exponential linear units (2017).
     *
     * @param alpha not 0
     */
    record Celu(double alpha) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.gt(0).select(x, x.minimum(0).div(alpha).expm1().mul(alpha));
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return x.gt(0).select(cotangent, cotangent.mul(x.minimum(0).div(alpha).exp()));
        }
    }

    /** {@code x > bound ? x : otherwise}. */
    record Threshold(double bound, double otherwise) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.maskedFill(x.le(bound), otherwise);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.maskedFill(x.le(bound), 0);
        }
    }

    /** {@code x / (1 + |x|)}. */
    record Softsign() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            // At infinity the quotient would be NaN.
            Tensor infinite = x.detach().abs().eq(Double.POSITIVE_INFINITY);
            Tensor finite = x.maskedFill(infinite, 0);
            return infinite.select(x.detach().sign(), finite.div(onePlusSize(finite)));
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.div(onePlusSize(x)).div(onePlusSize(x));
        }

        /** With a derivative at 0 from above, so that that of the quotient is right. */
        private static Tensor onePlusSize(Tensor x) {
            return x.lt(0).select(x.neg(), x).add(1);
        }
    }

    /** {@code x - tanh(x)}. */
    record Tanhshrink() implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.sub(x.tanh());
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.mul(x.tanh().square());
        }
    }

    /** {@code x} moved towards 0 by {@code bound}, and 0 within it. */
    record Softshrink(double bound) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            Tensor outside = x.gt(bound).select(x.sub(bound), x.add(bound));
            return outside.maskedFill(x.abs().le(bound), 0);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.maskedFill(x.abs().le(bound), 0);
        }
    }

    /** {@code x}, but 0 where {@code |x| <= bound}. */
    record Hardshrink(double bound) implements Activation {
        @Override
        public Tensor value(Tensor x) {
            return x.maskedFill(x.abs().le(bound), 0);
        }

        @Override
        public Tensor gradient(Tensor x, Tensor cotangent) {
            return cotangent.maskedFill(x.abs().le(bound), 0);
        }
    }

    /** Its parts have derivatives at 0 from one side, so that those of the whole are right. */
    private static Tensor stableSoftplus(Tensor x) {
        Tensor below = x.lt(0);
        Tensor minusSize = below.select(x, x.neg());
        return x.maskedFill(below, 0).add(minusSize.exp().log1p());
    }

    /**
     * {@code cotangent * f'(x)}. The operands are {@code x} and the cotangent of {@code of}'s
     * result, of one type.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     *
     * <p>Source: the derivative of each activation, by hand.
     */
    record Gradient(Activation of) implements Composite {
        @Override
        public String name() {
            return of.name() + "Gradient";
        }

        @Override
        public TensorType[] infer(TensorType... in) {
            Operands.count(this, in, 2, 2);
            Operands.floating(this, in, 2);
            Operands.shape(this, in, 1, "the cotangent", in[0].shape());
            return new TensorType[] {in[0]};
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            Tensor x = Operands.wide(operands[0]);
            Tensor cotangent = Operands.wide(operands[1]);
            return new Tensor[] {of.gradient(x, cotangent).cast(operands[0].dtype())};
        }
    }

    @Override
    default TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        Operands.floating(this, in, 1);
        return new TensorType[] {in[0]};
    }

    @Override
    default Tensor[] decompose(Tensor... operands) {
        Operands.check(this, operands);
        return new Tensor[] {value(Operands.wide(operands[0])).cast(operands[0].dtype())};
    }

    @Override
    default @Nullable Tensor @Nullable [] backward(
            Tensor[] operands, Tensor[] forward, @Nullable Tensor[] cotangents) {
        Tensor cotangent = cotangents[0];
        return cotangent == null
                ? null
                : new Tensor[] {Engine.one(new Gradient(this), operands[0], cotangent)};
    }
}
