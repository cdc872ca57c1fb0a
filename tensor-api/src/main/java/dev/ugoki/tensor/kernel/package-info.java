/**
 * Loop nests: what a fused kernel computes, said once and free of any machine.
 *
 * <p>A {@link dev.ugoki.tensor.kernel.Kernel} is a list of scalar instructions over rows and
 * columns. The CPU backend turns it into bytecode, the CUDA backend into CUDA C, and {@link
 * dev.ugoki.tensor.kernel.KernelInterpreter} runs it as it stands; all give the same bits, because
 * every instruction is exactly specified and every reduction has a fixed tree.
 */
@NullMarked
package dev.ugoki.tensor.kernel;

import org.jspecify.annotations.NullMarked;
