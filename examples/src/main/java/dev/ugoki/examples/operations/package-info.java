/** The page about all operations, {@code docs/operations.md}, made of sources, kit and trials. */
@NullMarked
package dev.ugoki.examples.operations;

import org.jspecify.annotations.NullMarked;
