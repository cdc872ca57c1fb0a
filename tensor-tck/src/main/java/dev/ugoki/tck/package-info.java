/** The reference backend and the conformance kit that every backend must pass. */
@NullMarked
package dev.ugoki.tck;

import org.jspecify.annotations.NullMarked;
