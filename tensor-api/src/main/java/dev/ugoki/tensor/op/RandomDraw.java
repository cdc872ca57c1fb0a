package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

/**
 * Random words made into numbers. The operand is a key, I32[4]; element i is made of word i of
 * {@link Prim.RandomBits} (or, where it takes two, of words 2i and 2i + 1), so it depends on the
 * key and its place alone.
 *
 * <p>Shapes: {@code [4]} to {@code shape}.
 *
 * <p>Source: bits as {@link Prim.RandomBits}; the formula is ours, and the same everywhere.
 */
public sealed interface RandomDraw extends Composite {
    DType dtype();

    Shape shape();

    /**
     * Evenly from {@code [0, 1)}, on a grid as fine as the dtype has everywhere there: {@code (word
     * >>> 8) * 2^-24} for F32; {@code ((word0 >>> 5) * 2^26 + (word1 >>> 6)) * 2^-53} for F64;
     * {@code (word >>> 21) * 2^-11} for F16; {@code (word >>> 24) * 2^-8} for BF16.
     */
    record RandomUniform(DType dtype, Shape shape) implements RandomDraw {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            if (dtype == DType.F64) {
                Tensor words = words(operands[0], shape, 2);
                Tensor high = word(words, 0).shiftRightUnsigned(5).cast(DType.F64);
                Tensor low = word(words, 1).shiftRightUnsigned(6).cast(DType.F64);
                return new Tensor[] {high.mul(0x1p26).add(low).mul(0x1p-53)};
            }
            int precision = dtype == DType.F32 ? 24 : dtype == DType.F16 ? 11 : 8;
            Tensor bits = words(operands[0], shape, 1).shiftRightUnsigned(32 - precision);
            Tensor uniform = bits.cast(DType.F32).mul(Math.scalb(1.0, -precision));
            return new Tensor[] {uniform.cast(dtype)};
        }
    }

    /**
     * Integers (I64) from {@code first} to {@code first + count - 1}. For counts up to 2^31 it is
     * {@code first + (word * count >>> 32)}, the word unsigned, else {@code first + ((word0 * 2^32
     * + word1) >>> 1) mod count}; an integer's probability is off by 1 in 2^32 or 2^63 at most.
     */
    record RandomIntegers(long first, long count, Shape shape) implements RandomDraw {
        @Override
        public DType dtype() {
            return DType.I64;
        }

        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            if (count <= 1L << 31) {
                Tensor word = unsigned(words(operands[0], shape, 1));
                return new Tensor[] {word.mul(count).shiftRightUnsigned(32).add(first)};
            }
            Tensor words = words(operands[0], shape, 2);
            Tensor both = unsigned(word(words, 0)).shiftLeft(32).or(unsigned(word(words, 1)));
            Tensor positive = both.shiftRightUnsigned(1);
            return new Tensor[] {positive.rem(positive.scalarLike(count)).add(first)};
        }
    }

    /**
     * Normal numbers of mean 0 and variance 1. {@link NormalQuantile} defines each one's bits; F16
     * and BF16 are the F32 numbers rounded.
     *
     * <p>A backend's kernel computes just that. The decomposition, for backends without one,
     * computes the same function with their own logarithm, and so to about seven digits.
     */
    record RandomNormal(DType dtype, Shape shape) implements RandomDraw {
        @Override
        public Tensor[] decompose(Tensor... operands) {
            Operands.check(this, operands);
            if (dtype == DType.F64) {
                return new Tensor[] {wide(operands[0])};
            }
            Tensor word = words(operands[0], shape, 1);
            Tensor q = magnitude(word).cast(DType.F32).mul(0x1p-32).add(0x1p-33);
            Tensor x = magnitude(word.not()).cast(DType.F32).mul(0x1p-31).add(0x1p-32);
            return new Tensor[] {signed(word, NormalQuantile.decomposed(q, x)).cast(dtype)};
        }

        private Tensor wide(Tensor key) {
            Tensor words = words(key, shape, 2);
            Tensor high = word(words, 0);
            Tensor top = magnitude(high).cast(DType.I64);
            Tensor bits = top.shiftLeft(32).or(unsigned(word(words, 1))).shiftRightUnsigned(11);
            Tensor q = bits.cast(DType.F64).mul(0x1p-53).add(0x1p-54);
            return signed(high, NormalQuantile.decomposed(q, q.mul(-2).add(1)));
        }

        private static Tensor magnitude(Tensor word) {
            return word.and(word.scalarLike(Integer.MAX_VALUE));
        }

        private static Tensor signed(Tensor word, Tensor magnitude) {
            return word.lt(0).select(magnitude.neg(), magnitude);
        }
    }

    @Override
    default TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 1, 1);
        if (!in[0].equals(TypeRules.KEY)) {
            throw TypeRules.wrong(
                    this, in, "the key must be " + TypeRules.KEY + "; make it with Key.of(seed)");
        }
        if (!(this instanceof RandomIntegers) && !dtype().isFloating()) {
            throw TypeRules.wrong(
                    this, in, "cannot draw " + dtype() + "; draw a floating dtype, or integers");
        }
        if (this instanceof RandomIntegers integers && integers.count() < 1) {
            throw TypeRules.wrong(this, in, "there must be at least one integer to choose from");
        }
        return new TensorType[] {new TensorType(dtype(), shape())};
    }

    /** {@code perElement} words for each element, along one more dimension if more than one. */
    private static Tensor words(Tensor key, Shape shape, int perElement) {
        if (perElement == 1) {
            return Engine.one(new Prim.RandomBits(shape, 0), key);
        }
        long[] extents = java.util.Arrays.copyOf(shape.toArray(), shape.rank() + 1);
        extents[extents.length - 1] = perElement;
        return Engine.one(new Prim.RandomBits(Shape.of(extents), 0), key);
    }

    private static Tensor word(Tensor words, int index) {
        return words.slice(-1, index, index + 1).squeeze(-1);
    }

    private static Tensor unsigned(Tensor words) {
        Tensor wide = words.cast(DType.I64);
        return wide.and(wide.scalarLike(0xFFFFFFFFL));
    }
}
