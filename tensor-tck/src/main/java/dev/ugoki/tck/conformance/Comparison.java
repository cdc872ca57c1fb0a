package dev.ugoki.tck.conformance;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.io.HostArray;

/**
 * Compares results with expected ones: a floating value passes where {@code |actual - expected| <=
 * absolute + relative * |expected|}; NaN equals NaN, and infinities are equal by sign. Integers and
 * booleans match exactly, and so do dtypes and shapes.
 */
public record Comparison(double relative, double absolute) {

    /**
     * @param name of the result, for the message
     * @throws MismatchException if they differ, with the worst place
     */
    public Deviation compare(String name, Tensor actual, HostArray expected) {
        TensorType type = new TensorType(expected.dtype(), expected.shape());
        if (!actual.type().equals(type)) {
            throw new MismatchException(name + " is " + actual.type() + ", expected " + type);
        }
        return type.dtype().isFloating()
                ? compareFloating(name, actual, expected)
                : compareExactly(name, actual, expected);
    }

    private Deviation compareFloating(String name, Tensor actual, HostArray expected) {
        double[] found = actual.toDoubleArray();
        double[] wanted = expected.toDoubles();
        Deviation worst = Deviation.NONE;
        int wrong = 0;
        int worstPlace = -1;
        for (int i = 0; i < wanted.length; i++) {
            Deviation here = deviation(found[i], wanted[i]);
            if (!(here.ofTolerance() <= 1)) {
                wrong++;
                if (worstPlace < 0 || here.ofTolerance() > worst.ofTolerance()) {
                    worstPlace = i;
                }
            }
            worst = worst.or(here);
        }
        if (wrong > 0) {
            throw new MismatchException(
                    name
                            + " "
                            + actual.type()
                            + ": "
                            + wrong
                            + " of "
                            + wanted.length
                            + " differ, most at "
                            + worstPlace
                            + ": "
                            + found[worstPlace]
                            + ", expected "
                            + wanted[worstPlace]);
        }
        return worst;
    }

    private Deviation deviation(double found, double wanted) {
        if (found == wanted || Double.isNaN(found) && Double.isNaN(wanted)) {
            return Deviation.NONE;
        }
        double difference = Math.abs(found - wanted);
        double allowed = absolute + relative * Math.abs(wanted);
        if (Double.isNaN(difference) || Double.isInfinite(difference)) {
            return new Deviation(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        return new Deviation(difference, difference / allowed);
    }

    private static Deviation compareExactly(String name, Tensor actual, HostArray expected) {
        long[] found = actual.toLongArray();
        long[] wanted = expected.toLongs();
        for (int i = 0; i < wanted.length; i++) {
            if (found[i] != wanted[i]) {
                throw new MismatchException(
                        name
                                + " "
                                + actual.type()
                                + ": at "
                                + i
                                + " is "
                                + found[i]
                                + ", expected "
                                + wanted[i]);
            }
        }
        return Deviation.NONE;
    }
}
