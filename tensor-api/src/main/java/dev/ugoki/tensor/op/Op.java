package dev.ugoki.tensor.op;

/**
 * An operation: what is done to operands, with its settings as the components of a record, so that
 * equality, printing and serialization need no further code. Values that vary from call to call (a
 * learning rate, a step) are operands, not components.
 */
public sealed interface Op permits Prim, Composite {
    /** The name in messages and printed graphs: {@code matMul}. */
    default String name() {
        String simple = getClass().getSimpleName();
        return Character.toLowerCase(simple.charAt(0)) + simple.substring(1);
    }

    /** How many results there are. */
    default int resultCount() {
        return 1;
    }

    /**
     * The operand whose memory result {@code result} may take over, or -1. Kernels of such an
     * operation read each element of the operand before they write the same element of the result.
     */
    default int overwrites(int result) {
        return -1;
    }
}
