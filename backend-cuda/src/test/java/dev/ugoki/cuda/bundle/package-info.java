/** What the bundle runs on a machine with a GPU: the tests and the benchmarks, without Maven. */
@NullMarked
package dev.ugoki.cuda.bundle;

import org.jspecify.annotations.NullMarked;
