package dev.ugoki.nn.policy;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

/**
 * Who may look at whom where tokens come in blocks: a token sees its own block and those before.
 *
 * <p>Each token says whether it begins a block: {@code [0, 0, 0, 1, 1, 0]} is a block of three that
 * see each other, then one, then two that see each other and all before. All ones is causal.
 *
 * <p>Source: Black et al.: pi0: a vision-language-action flow model (2024).
 */
public final class BlockAttentionMask {
    private BlockAttentionMask() {}

    /**
     * BOOL {@code [n, length, length]}: whether token i may attend to token j.
     *
     * @param valid BOOL {@code [n, length]}, false where a token is padding: it sees nothing and
     *     nothing sees it
     * @param begins for each token, whether it begins a block
     */
    public static Tensor of(Tensor valid, boolean... begins) {
        if (valid.rank() != 2 || valid.dtype() != DType.BOOL || valid.extent(1) != begins.length) {
            throw new IllegalArgumentException(
                    "block mask: tokens must be BOOL [n,%d], and are %s"
                            .formatted(begins.length, valid.type()));
        }
        Tensor blocks = Tensor.of(numbers(begins), begins.length);
        Tensor order = blocks.unsqueeze(0).le(blocks.unsqueeze(1));
        Tensor both = valid.unsqueeze(1).and(valid.unsqueeze(2));
        return order.unsqueeze(0).and(both);
    }

    /** The number of each token's block. */
    private static long[] numbers(boolean... begins) {
        long[] numbers = new long[begins.length];
        long block = 0;
        for (int i = 0; i < begins.length; i++) {
            block += begins[i] ? 1 : 0;
            numbers[i] = block;
        }
        return numbers;
    }

    /** Where each token stands, not counting padding: I64 {@code [n, length]}. */
    public static Tensor positions(Tensor valid) {
        return valid.cast(DType.I64).cumsum(1).sub(1);
    }
}
