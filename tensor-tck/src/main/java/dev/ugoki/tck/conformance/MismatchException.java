package dev.ugoki.tck.conformance;

/** A result was computed, and is wrong. */
public final class MismatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MismatchException(String message) {
        super(message);
    }
}
