/** The reference backend: every primitive as plain scalar loops, which define what it means. */
@NullMarked
package dev.ugoki.tck.reference;

import org.jspecify.annotations.NullMarked;
