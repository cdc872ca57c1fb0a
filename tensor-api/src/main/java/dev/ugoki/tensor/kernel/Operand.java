package dev.ugoki.tensor.kernel;

/**
 * An input of a kernel.
 *
 * @param type what its elements are
 * @param layout how it varies over rows and columns
 */
public record Operand(ValueType type, Layout layout) {}
