/** NVIDIA's driver and libraries through JavaCPP: loaded when a CUDA device is asked for. */
@NullMarked
package dev.ugoki.cuda.nvidia;

import org.jspecify.annotations.NullMarked;
