package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Op;

/** A backend answered {@link Support.Unsupported} to an operation that is needed now. */
public final class RefusedOperationException extends UnsupportedOperationException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // operations are records of values
    private final Op op;

    private final DType dtype;
    private final String reason;

    /**
     * The refusal of {@code op}.
     *
     * @param dtype of the first operand, or of the result where there is none
     */
    public RefusedOperationException(Op op, DType dtype, Device device, String reason) {
        super(ErrorPrefix.of(op.name()) + ": " + device + " cannot run it: " + reason);
        this.op = op;
        this.dtype = dtype;
        this.reason = reason;
    }

    /** The operation, which may be part of a larger one that was asked for. */
    public Op op() {
        return op;
    }

    /** The dtype of its first operand, or of its result where it has none. */
    public DType dtype() {
        return dtype;
    }

    /** What the backend said. */
    public String reason() {
        return reason;
    }
}
