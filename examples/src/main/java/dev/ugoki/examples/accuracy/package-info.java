/** How far the library's functions and reductions are from the truth, measured. */
@NullMarked
package dev.ugoki.examples.accuracy;

import org.jspecify.annotations.NullMarked;
