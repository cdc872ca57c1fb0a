/** The backend for CUDA devices, and what programs may ask of it: streams and graphs. */
@NullMarked
package dev.ugoki.cuda;

import org.jspecify.annotations.NullMarked;
