/** Calls every operation of the library with hostile arguments, drawn at random. */
@NullMarked
package dev.ugoki.tck.fuzz;

import org.jspecify.annotations.NullMarked;
