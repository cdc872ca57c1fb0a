/**
 * ONNX files: programs of other frameworks read as graphs, and graphs written for other runtimes.
 *
 * <p>{@link dev.ugoki.embodied.onnx.OnnxFile} reads and writes them.
 */
@NullMarked
package dev.ugoki.embodied.onnx;

import org.jspecify.annotations.NullMarked;
