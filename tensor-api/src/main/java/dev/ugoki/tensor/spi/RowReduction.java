package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.op.Prim;

/**
 * A reduction of the rows of what a joined kernel computes.
 *
 * @param kind of the reduction
 * @param length of a row: how many elements, the last index running fastest, make one of the result
 * @param output which of the kernel's outputs is reduced; where it is the last and there is no
 *     memory for it, nobody else needs it
 */
public record RowReduction(Prim.Reduce.Kind kind, long length, int output) {}
