package dev.ugoki.tensor.spi;

/** A backend's answer to whether it has a kernel. */
public sealed interface Support {
    /** It has one. */
    record Native() implements Support {}

    /** It has none, but has the operation's parts: for composites. */
    record Decompose() implements Support {}

    /** It cannot run this at all. */
    record Unsupported(String reason) implements Support {}

    Support NATIVE = new Native();
    Support DECOMPOSE = new Decompose();
}
