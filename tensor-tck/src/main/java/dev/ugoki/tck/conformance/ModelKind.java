package dev.ugoki.tck.conformance;

/**
 * How the cases of one kind of module are computed.
 *
 * <pre>{@code
 * ModelKind layerNorm = given -> {
 *     LayerNorm norm = new LayerNorm(given.config().integer("width"));
 *     norm.load(given.parameters());
 *     Tensor x = given.input("x");
 *     given.checkOutput("output", norm.apply(x));
 *     given.checkLoss(
 *             () -> Losses.mse(norm.apply(x), given.input("target"), Reduction.MEAN),
 *             norm.namedParameters());
 * };
 * }</pre>
 */
@FunctionalInterface
public interface ModelKind {
    /**
     * Builds what the configuration says, and checks all that the case expects: a setting or input
     * that is not read, or an expected value that is not checked, fails the case.
     *
     * @throws MismatchException if a result is wrong; any other exception fails the case too
     */
    void run(ModelCase given);
}
