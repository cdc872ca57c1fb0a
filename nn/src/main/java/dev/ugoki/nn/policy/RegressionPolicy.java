package dev.ugoki.nn.policy;

import dev.ugoki.autograd.Autograd;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * Predicts the chunk at once; trained for the absolute error. Where several ways lead on, one
 * prediction is their median, which may be no way at all: a robot that could go left or right
 * stands still. So there can be several {@link Hypotheses}, of which the likeliest is carried out.
 */
public final class RegressionPolicy extends ChunkPolicy {
    /**
     * How many chunks are predicted, and what that means in training. With {@code e_k} the mean
     * absolute error of hypothesis {@code k} and {@code p_k} how likely the network says that it
     * is,
     *
     * <pre>
     * {@code loss = mean over the batch of -scale * log(sum over k of p_k * exp(-e_k / scale))}
     * </pre>
     *
     * <p>the negative log-likelihood of a mixture of Laplace distributions with one scale, but for
     * constants; of one hypothesis, the mean absolute error.
     *
     * <p>Source: Bishop: Mixture density networks (1994).
     *
     * @param count how many; 1 for plain regression
     * @param scale errors that differ by much less go to all hypotheses alike, by much more to the
     *     best one alone; in the units of normalized actions
     */
    public record Hypotheses(int count, double scale) {
        /** One, that is plain regression. */
        public static final Hypotheses ONE = new Hypotheses(1, 0.1);

        public Hypotheses {
            if (count < 1 || !(scale > 0)) {
                throw new IllegalArgumentException(
                        "regression: needs at least one hypothesis and a scale above 0; has %d, %s"
                                .formatted(count, scale));
            }
        }

        /** How many numbers a network predicts for chunks of {@code chunk} numbers. */
        public int outputs(int chunk) {
            return count == 1 ? chunk : count * (chunk + 1);
        }
    }

    private final Layer network;
    private final Hypotheses hypotheses;

    /** A policy of a network {@code [n, c] -> [n, length * actions]}. */
    public RegressionPolicy(Layer network, int length, int actions) {
        this(network, length, actions, Hypotheses.ONE);
    }

    /**
     * A policy of a network {@code [n, c] -> [n, outputs]} for {@link Hypotheses#outputs}: the
     * chunks of all hypotheses, and the logits of these.
     */
    public RegressionPolicy(Layer network, int length, int actions, Hypotheses hypotheses) {
        super(length, actions);
        this.network = child("network", network);
        this.hypotheses = hypotheses;
    }

    @Override
    public Tensor loss(Chunks chunks, Key key) {
        check(chunks);
        Tensor predicted = network.apply(chunks.conditioning());
        if (hypotheses.count() == 1) {
            Tensor actions = predicted.reshape(chunks.actions().shape());
            return chunks.mean(Losses.l1(actions, chunks.actions(), Reduction.NONE));
        }
        Tensor all = chunks(predicted).unflatten(2, chunkLength(), actionSize());
        Tensor errors = all.sub(chunks.actions().unsqueeze(1)).abs();
        Tensor each = meanOfReal(errors, chunks.padding());
        return likelihoods(predicted)
                .sub(each.mul(1 / hypotheses.scale()))
                .logSumExp(false, -1)
                .mean()
                .mul(-hypotheses.scale());
    }

    /** Means {@code [n, count]} of errors {@code [n, count, length, actions]}. */
    private static Tensor meanOfReal(Tensor errors, @Nullable Tensor padding) {
        if (padding == null) {
            return errors.mean(false, 2, 3);
        }
        Tensor ofActions = errors.mean(false, 3);
        Tensor real = padding.not().cast(errors.dtype()).sum(false, 1).maximum(1).unsqueeze(1);
        return ofActions.maskedFill(padding.unsqueeze(1), 0).sum(false, 2).div(real);
    }

    @Override
    public Tensor sample(Tensor conditioning, Key key) {
        return Autograd.noGrad(
                () ->
                        likeliest(network.apply(conditioning))
                                .reshape(conditioning.extent(0), chunkLength(), actionSize()));
    }

    private Tensor likeliest(Tensor predicted) {
        if (hypotheses.count() == 1) {
            return predicted;
        }
        Tensor all = chunks(predicted);
        Tensor best = likelihoods(predicted).argmax(1, true).unsqueeze(2);
        return all.gather(1, best.expand(all.extent(0), 1, all.extent(2)));
    }

    /** The hypotheses' chunks {@code [n, count, length * actions]}. */
    private Tensor chunks(Tensor predicted) {
        long chunk = (long) chunkLength() * actionSize();
        long all = hypotheses.count() * chunk;
        return predicted.narrow(1, 0, all).unflatten(1, hypotheses.count(), chunk);
    }

    /** How likely each is, {@code [n, count]}, as logarithms. */
    private Tensor likelihoods(Tensor predicted) {
        int count = hypotheses.count();
        return predicted.narrow(1, predicted.extent(1) - count, count).logSoftmax(1);
    }
}
