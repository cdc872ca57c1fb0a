/** Modules with named parameters: what networks are built from and optimizers work on. */
@NullMarked
package dev.ugoki.nn;

import org.jspecify.annotations.NullMarked;
