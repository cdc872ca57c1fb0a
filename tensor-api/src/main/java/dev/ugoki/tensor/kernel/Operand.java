package dev.ugoki.tensor.kernel;

/**
 * An input of a kernel.
 *
 * @param type what its elements are; masks cannot be loaded
 * @param layout how it varies over rows and columns
 */
public record Operand(ValueType type, Layout layout) {
    public Operand {
        if (type == ValueType.MASK) {
            throw new IllegalArgumentException("operand: masks are not stored; load F32 or I32");
        }
    }
}
