/** How long plans take to make, and to come to full speed. */
@NullMarked
package dev.ugoki.examples.latency;

import org.jspecify.annotations.NullMarked;
