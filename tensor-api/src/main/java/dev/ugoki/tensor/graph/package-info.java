/** Traced programs: operations in order, as values that can be printed, changed and run. */
@NullMarked
package dev.ugoki.tensor.graph;

import org.jspecify.annotations.NullMarked;
