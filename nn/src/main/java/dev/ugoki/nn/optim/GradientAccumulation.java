package dev.ugoki.nn.optim;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.autograd.Parameter;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The gradient of a large batch from smaller ones, one after the other: what is computed on the way
 * takes the memory of one part.
 *
 * <pre>{@code
 * var step = GradientAccumulation.valueAndGrad(
 *         4, part -> loss(batch.narrow(0, part * 16, 16)), optimizer.parameters());
 * }</pre>
 *
 * <p>Value and gradients are the means over the parts. They are those of the whole batch, but for
 * rounding, where its loss is the mean over samples and the parts are of one size.
 */
public final class GradientAccumulation {
    private GradientAccumulation() {}

    /**
     * The mean of the losses of some parts, and its gradients.
     *
     * @param lossOfPart the mean loss of a part, by its number from 0
     */
    public static Autograd.ValueAndGrad valueAndGrad(
            int parts, IntFunction<Tensor> lossOfPart, List<Parameter> parameters) {
        if (parts < 1) {
            throw new IllegalArgumentException(
                    "gradient accumulation: needs at least one part: " + parts);
        }
        if (parts == 1) {
            return Autograd.valueAndGrad(() -> lossOfPart.apply(0), parameters);
        }
        Autograd.@Nullable ValueAndGrad sum = null;
        for (int i = 0; i < parts; i++) {
            int part = i;
            var found = Autograd.valueAndGrad(() -> lossOfPart.apply(part), parameters);
            sum = sum == null ? found : sum(sum, found);
        }
        return mean(sum, parts);
    }

    private static Autograd.ValueAndGrad sum(
            Autograd.ValueAndGrad one, Autograd.ValueAndGrad other) {
        List<Tensor> gradients = new ArrayList<>();
        for (int i = 0; i < one.gradients().size(); i++) {
            gradients.add(one.gradients().get(i).add(other.gradients().get(i)));
        }
        return new Autograd.ValueAndGrad(one.value().add(other.value()), gradients);
    }

    private static Autograd.ValueAndGrad mean(Autograd.@Nullable ValueAndGrad sum, int parts) {
        if (sum == null) {
            throw new AssertionError(parts);
        }
        double share = 1.0 / parts;
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> gradients = new ArrayList<>();
            for (Tensor gradient : sum.gradients()) {
                gradients.add(scope.keep(gradient.mul(share)));
            }
            return new Autograd.ValueAndGrad(scope.keep(sum.value().mul(share)), gradients);
        }
    }
}
