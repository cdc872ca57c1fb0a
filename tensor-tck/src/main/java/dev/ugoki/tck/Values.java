package dev.ugoki.tck;

import java.util.random.RandomGenerator;

/**
 * Where an operand's elements come from: a Double or a Long for each, which is then converted to
 * the operand's dtype.
 */
@FunctionalInterface
public interface Values {
    /**
     * The element that is {@code number} in row-major order.
     *
     * @param random the same sequence in every run
     */
    Number at(RandomGenerator random, long number);

    /** Uniform numbers from {@code low} to {@code high}. */
    static Values between(double low, double high) {
        return (random, _) -> random.nextDouble(low, high);
    }

    /** Uniform magnitudes from {@code low} to {@code high} with either sign. */
    static Values eitherSign(double low, double high) {
        return (random, _) -> random.nextDouble(low, high) * (random.nextBoolean() ? 1 : -1);
    }

    /** Whole numbers from {@code low} to {@code high}, which is among them. */
    static Values whole(long low, long high) {
        return (random, _) -> random.nextLong(low, high + 1);
    }

    /** Indices of a dimension of {@code extent}. */
    static Values indices(long extent) {
        return whole(0, extent - 1);
    }

    /** Zeros and ones. */
    static Values booleans() {
        return whole(0, 1);
    }

    /** Any 64 bits; narrower integers take the lowest of them. */
    static Values bits() {
        return (random, _) -> random.nextLong();
    }

    /** The given numbers, again and again. */
    static Values cycling(double... numbers) {
        return (_, number) -> numbers[(int) (number % numbers.length)];
    }

    /** Each of the given numbers {@code times} times in a row, again and again. */
    static Values repeating(long times, double... numbers) {
        return (_, number) -> numbers[(int) (number / times % numbers.length)];
    }
}
