/** Measurements side by side with other libraries, in child processes that take turns. */
@NullMarked
package dev.ugoki.benchmarks;

import org.jspecify.annotations.NullMarked;
