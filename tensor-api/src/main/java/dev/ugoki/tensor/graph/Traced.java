package dev.ugoki.tensor.graph;

import dev.ugoki.tensor.Payload;

/**
 * A value of a program that is being traced: it has a type and a place, but no elements yet.
 *
 * @param tracer of the program
 * @param value its number there
 */
public record Traced(Tracer tracer, int value) implements Payload {}
