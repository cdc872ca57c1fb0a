/** Simulated tasks and the command line. */
@NullMarked
package dev.ugoki.examples;

import org.jspecify.annotations.NullMarked;
