package dev.ugoki.tck.conformance;

/**
 * How far results are from what was expected.
 *
 * @param absolute the largest difference
 * @param ofTolerance the largest difference as a share of what is allowed at its place; up to 1
 *     passes
 */
public record Deviation(double absolute, double ofTolerance) {
    public static final Deviation NONE = new Deviation(0, 0);

    /** The worse of the two, in each respect. */
    public Deviation or(Deviation other) {
        return new Deviation(
                Math.max(absolute, other.absolute), Math.max(ofTolerance, other.ofTolerance));
    }
}
