/** A device that is no GPU: the same kernels, compiled by g++ and run on host memory. */
@NullMarked
package dev.ugoki.cuda.emulated;

import org.jspecify.annotations.NullMarked;
