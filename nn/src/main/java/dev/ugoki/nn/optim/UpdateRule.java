package dev.ugoki.nn.optim;

import dev.ugoki.tensor.op.Op;

import java.util.List;

/** How an optimizer changes parameters, with its settings; {@link Optimizer} does it. */
public sealed interface UpdateRule permits Sgd, Adam, AdamW, RmsProp {
    /** The learning rate that schedules scale. */
    double learningRate();

    /** What is remembered of each parameter, beside the number of steps: zeros at first. */
    List<String> stateNames();

    /**
     * The operation of one step on one parameter. Its operands are the parameter, the gradient,
     * what is remembered, and the scalars of {@link #settings}; its results overwrite the first and
     * third to last.
     */
    Op operation();

    /**
     * The scalars of a step.
     *
     * @param rate the learning rate as scheduled
     * @param step the number of the step, from 1
     */
    double[] settings(double rate, long step);

    /** Throws unless {@code value} is a number from {@code least} to below {@code most}. */
    static void require(String rule, String setting, double value, double least, double most) {
        if (!(value >= least && value < most)) {
            throw new IllegalArgumentException(
                    rule
                            + ": "
                            + setting
                            + " must be at least "
                            + least
                            + (most == Double.POSITIVE_INFINITY ? "" : " and below " + most)
                            + ", and is "
                            + value);
        }
    }
}
