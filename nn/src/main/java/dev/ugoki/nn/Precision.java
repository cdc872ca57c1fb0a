package dev.ugoki.nn;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * In which numbers the layers of a network multiply. In BF16, products (of linear layers,
 * convolutions and attention) take operands rounded to BF16 and give what they give in F32 again;
 * everything between them, the parameters, their gradients and the optimizer stay F32.
 *
 * <pre>{@code
 * var step = Precision.BF16.call(
 *         () -> Autograd.valueAndGrad(() -> loss(network), optimizer.parameters()));
 * optimizer.step(step.gradients());
 * }</pre>
 *
 * <p>The gradients must be computed inside, too, as above: what is computed again for them is then
 * computed alike. BF16 has the range of F32, so that losses need not be scaled.
 *
 * <p>Source: Micikevicius et al.: Mixed precision training (ICLR 2018); Kalamkar et al.: A study of
 * BFLOAT16 for deep learning training (2019).
 */
public enum Precision {
    /** Everything in the dtype of the parameters. */
    F32,
    /** Products in BF16 where the parameters are F32. */
    BF16;

    private static final ScopedValue<Precision> CURRENT = ScopedValue.newInstance();

    /** A product of what a layer gets with its weight, and a bias. */
    @FunctionalInterface
    public interface Product {
        /** The product. */
        Tensor of(Tensor x, Tensor weight, @Nullable Tensor bias);
    }

    /** Runs {@code action}, whose layers multiply in this precision. */
    public <T> T call(Supplier<T> action) {
        return ScopedValue.where(CURRENT, this).call(action::get);
    }

    /** That of the innermost {@link #call}; {@link #F32} outside of any. */
    public static Precision current() {
        return CURRENT.isBound() ? CURRENT.get() : F32;
    }

    /** A layer's product in the current precision, in the dtype of {@code x}. */
    public static Tensor product(Product product, Tensor x, Tensor weight, @Nullable Tensor bias) {
        Tensor added = bias == null ? null : narrowed(bias);
        return widened(product.of(narrowed(x), narrowed(weight), added), x);
    }

    /** An operand of a product in the current precision. */
    public static Tensor narrowed(Tensor operand) {
        return current() == BF16 && operand.dtype() == DType.F32
                ? operand.cast(DType.BF16)
                : operand;
    }

    /** A product in the dtype that its operand had before it was {@link #narrowed}. */
    public static Tensor widened(Tensor product, Tensor operand) {
        return product.dtype() == operand.dtype() ? product : product.cast(operand.dtype());
    }
}
