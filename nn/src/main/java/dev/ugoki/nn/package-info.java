/**
 * What networks are: modules with named parameters and state, their first values, and the keys of
 * their random draws. The layers are in {@code layer}, learning is in {@code optim}.
 */
@NullMarked
package dev.ugoki.nn;

import org.jspecify.annotations.NullMarked;
