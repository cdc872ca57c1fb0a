package dev.ugoki.tensor.spi;

/** A backend's answer to whether it has a kernel. */
public sealed interface Support {
    /** It has one. */
    record Native() implements Support {}

    /** It has none, but has the operation's parts: for composites. */
    record Decompose() implements Support {}

    /**
     * It cannot run this at all. A whole backend answers so for primitives of the {@linkplain
     * dev.ugoki.tensor.op.Prim#isOptional optional tier} (linear algebra) alone; the user is then
     * told the reason, and nothing is computed elsewhere in silence. The conformance kit skips what
     * was declined and prints the reason.
     *
     * @param reason what is missing, and what to do: it ends up in an exception's message
     */
    record Unsupported(String reason) implements Support {}

    Support NATIVE = new Native();
    Support DECOMPOSE = new Decompose();
}
