package dev.ugoki.embodied.train;

/**
 * Where training stands.
 *
 * @param step how many steps are made
 * @param steps how many there are in all
 * @param epoch of the next sample, from 0
 * @param loss mean over the last steps that went into a line of metrics, or since then
 * @param learningRate of the next step
 * @param samplesPerSecond over the last second or so
 * @param seconds since this process began or resumed
 * @param secondsLeft at the mean pace of this process so far
 */
public record Progress(
        long step,
        long steps,
        long epoch,
        double loss,
        double learningRate,
        double samplesPerSecond,
        double seconds,
        double secondsLeft) {

    /** The same where the number of all steps is now another. */
    Progress withSteps(long value) {
        double left = step < steps ? secondsLeft * (value - step) / (steps - step) : secondsLeft;
        return new Progress(
                step, value, epoch, loss, learningRate, samplesPerSecond, seconds, left);
    }
}
