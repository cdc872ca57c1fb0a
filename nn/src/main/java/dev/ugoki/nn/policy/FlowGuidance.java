package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.tensor.Tensor;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Real-time chunking: while a flow's velocity v is followed from noise x at time t = 1 to actions
 * at 0, it is bent so that the actions agree with those of the chunk before.
 *
 * <pre>
 * actions = x - t v,   error = (previous - actions) * weights
 * v' = v - strength * J^T error,   strength = min((t^2 + tau^2) / (t tau), most),   tau = 1 - t
 * </pre>
 *
 * <p>Source: Black, Galliker, Levine: Real-time execution of action chunking flow policies (2025).
 *
 * @param form what J is
 * @param most the greatest strength, which it has at t = 1 too
 */
public record FlowGuidance(Form form, double most) {
    /** What the error is multiplied by. */
    public enum Form {
        /** The identity: no backward pass, as the published programs compute it. */
        IDENTITY,
        /** The derivative of the actions in x: a backward pass at each step, as published. */
        JACOBIAN
    }

    /** Without a backward pass, and no stronger than 10. */
    public static final FlowGuidance DEFAULT = new FlowGuidance(Form.IDENTITY, 10);

    public FlowGuidance {
        if (!(most >= 0)) {
            throw new IllegalArgumentException("guidance: the strength " + most + " is negative");
        }
    }

    Tensor guided(
            UnaryOperator<Tensor> flow, Tensor x, double time, Tensor previous, Tensor weights) {
        return switch (form) {
            case IDENTITY ->
                    Autograd.noGrad(
                            () -> {
                                Tensor velocity = flow.apply(x);
                                Tensor actions = x.sub(velocity.mul(time));
                                Tensor error = error(actions, previous, weights);
                                return velocity.sub(
                                        error.mul(RealTimeChunking.guidance(time, most)));
                            });
            case JACOBIAN -> {
                Tensor followed = Autograd.variable(x.detach());
                Tensor velocity = flow.apply(followed);
                Tensor actions = followed.sub(velocity.mul(time));
                Tensor error = error(actions.detach(), previous, weights);
                Tensor agreement = actions.mul(error).sum();
                Tensor pull = Autograd.gradients(agreement, List.of(followed)).getFirst();
                yield velocity.detach().sub(pull.mul(RealTimeChunking.guidance(time, most)));
            }
        };
    }

    private static Tensor error(Tensor actions, Tensor previous, Tensor weights) {
        return previous.sub(actions).mul(weights);
    }
}
