/** Runs folders of conformance cases, with expected results drawn from elsewhere, on a backend. */
@NullMarked
package dev.ugoki.tck.conformance;

import org.jspecify.annotations.NullMarked;
