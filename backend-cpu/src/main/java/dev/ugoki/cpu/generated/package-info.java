/**
 * Kernels generated at run time: from a description of a loop nest to a hidden class that calls the
 * Vector API.
 *
 * <p>Begin at {@link dev.ugoki.cpu.generated.GeneratedKernels}.
 */
@NullMarked
package dev.ugoki.cpu.generated;

import org.jspecify.annotations.NullMarked;
