package dev.ugoki.tensor;

import dev.ugoki.tensor.graph.Traced;
import dev.ugoki.tensor.spi.Stored;

/** What stands behind a tensor: values in memory, or a place in a program being traced. */
public sealed interface Payload permits Stored, Traced {}
