/** Policies from their checkpoints: against recorded episodes, and against known results. */
@NullMarked
package dev.ugoki.examples.policy;

import org.jspecify.annotations.NullMarked;
