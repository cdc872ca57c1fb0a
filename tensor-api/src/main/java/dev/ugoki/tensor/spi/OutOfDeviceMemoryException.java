package dev.ugoki.tensor.spi;

/** A device has no room for a tensor; the message says what fills it and what to do. */
public final class OutOfDeviceMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public OutOfDeviceMemoryException(String message) {
        super(message);
    }
}
