/**
 * The conformance kit: rows of operations on operands of all layouts, run by a backend and by the
 * reference backend, and gradients against central differences. A backend is tested by a subclass
 * of {@link dev.ugoki.tck.BackendConformanceTest} that names its device.
 */
@NullMarked
package dev.ugoki.tck;

import org.jspecify.annotations.NullMarked;
