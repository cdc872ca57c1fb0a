package dev.ugoki.tensor.spi;

import dev.ugoki.tensor.kernel.Kernel;

import java.util.List;

/**
 * What a plan does with the elements of a product, seen as rows of its last dimension, while they
 * are in the cache: a joined kernel, of which the product is one input.
 *
 * @param kernel the kernel
 * @param input which of the kernel's inputs is the product
 * @param operands the other inputs, in order, as {@code [rows, columns]}; along the columns each
 *     advances element by element or stays where it is
 * @param results the kernel's outputs, {@code [rows, columns]}, contiguous; none shares memory with
 *     an operand
 * @param place which of the results is of F32, so that the product may stand there until the kernel
 *     has read it: it is kept nowhere else
 */
public record Ending(Kernel kernel, int input, List<Slot> operands, List<Slot> results, int place) {
    public Ending {
        operands = List.copyOf(operands);
        results = List.copyOf(results);
    }
}
