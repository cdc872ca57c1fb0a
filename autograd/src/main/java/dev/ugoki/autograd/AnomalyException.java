package dev.ugoki.autograd;

/**
 * An operation made a value that is no number, while {@link Autograd#detectAnomalies anomalies were
 * being detected}. The message says which one, of what, and where it was called.
 */
public final class AnomalyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String operation;

    AnomalyException(String operation, String message) {
        super(message);
        this.operation = operation;
    }

    /**
     * The name of the operation, such as {@code log}; inside a composite the names from outside in,
     * such as {@code logSoftmax > log}.
     */
    public String operation() {
        return operation;
    }
}
