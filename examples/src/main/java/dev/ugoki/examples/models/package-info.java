/** What is built for the kinds of models that conformance cases name. */
@NullMarked
package dev.ugoki.examples.models;

import org.jspecify.annotations.NullMarked;
