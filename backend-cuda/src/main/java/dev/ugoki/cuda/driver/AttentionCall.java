package dev.ugoki.cuda.driver;

import dev.ugoki.tensor.DType;

/**
 * Attention without a mask for a library: {@code softmax(scale * q k^T) v}, perhaps causal, or its
 * gradients. Columns of all operands touch; results are contiguous {@code [outer, inner, rows,
 * columns]}.
 *
 * @param kind which of the two
 * @param outer the outer of two dimensions of batches; 1 where there is none
 * @param inner the inner of them, usually heads
 * @param width the columns of queries and keys
 * @param y what forward gave, for its gradients; {@link Rows#NONE} forward
 * @param g the cotangent of y; likewise
 * @param logarithms the address of {@code ln(sum(exp(scores)))}, F32 {@code [outer, inner,
 *     queries]}, which forward writes and the gradients read
 * @param first the address of the result: of y, or of the gradient of q
 * @param second the address of the gradient of k
 * @param third the address of the gradient of v
 */
public record AttentionCall(
        Kind kind,
        DType dtype,
        long outer,
        long inner,
        long queries,
        long keys,
        long width,
        long valueWidth,
        double scale,
        boolean causal,
        Rows q,
        Rows k,
        Rows v,
        Rows y,
        Rows g,
        long logarithms,
        long first,
        long second,
        long third) {
    /** What is computed. */
    public enum Kind {
        FORWARD,
        GRADIENTS
    }

    /** Where an operand is, and its distances in elements. */
    public record Rows(long address, long outer, long inner, long row) {
        /** No operand. */
        public static final Rows NONE = new Rows(0, 0, 0, 0);
    }
}
