/**
 * PushT: a disc pushes a T-shaped block onto a drawn T. The simulator, the standard evaluation, its
 * baselines, a planner that demonstrates the task, and pictures of all of it.
 */
@NullMarked
package dev.ugoki.examples.pusht;

import org.jspecify.annotations.NullMarked;
