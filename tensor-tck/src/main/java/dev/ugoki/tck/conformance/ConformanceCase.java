package dev.ugoki.tck.conformance;

/** Something to compute, and what must come out. */
public interface ConformanceCase {
    /** The case's name, unique in its folder: {@code softmax/0003}. */
    String id();

    /** What the case is about, such as the operation; reports have a line for each. */
    String group();

    /**
     * Computes on the current device, and compares.
     *
     * @return how far off the results are that passed
     * @throws MismatchException if a result is wrong; any other exception fails the case too
     */
    Deviation run();
}
