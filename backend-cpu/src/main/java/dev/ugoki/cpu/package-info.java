/** The CPU backend: memory, threads, Vector API kernels and matrix products. */
@NullMarked
package dev.ugoki.cpu;

import org.jspecify.annotations.NullMarked;
