package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.graph.Graph;

import java.util.List;

/**
 * The primitive operations: all that a backend must know.
 *
 * <p>Operands of one operation have one dtype and, where they are combined element by element, one
 * shape: broadcasting is an {@link Expand} before it. Every interpreter of operations is an
 * exhaustive switch over these records without a default, so that the compiler lists what a new one
 * must be taught to.
 */
public sealed interface Prim extends Op {

    /**
     * A tensor of {@code shape} with {@code value} everywhere: a Double, or a Long for integers.
     */
    record Fill(DType dtype, Shape shape, Number value) implements Prim {}

    /** Each element is its own index along {@code dim}. */
    record Iota(DType dtype, Shape shape, int dim) implements Prim {}

    /**
     * I32 words of Philox4x32-10 in row-major order: words {@code 4b .. 4b+3} are block {@code
     * firstBlock + b}. The operand is a key, I32[4]: words 0 and 1 are Philox's key, 2 and 3 the
     * upper half of its counter; the block number is the lower half.
     *
     * <p>Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
     */
    record RandomBits(Shape shape, long firstBlock) implements Prim {}

    /** A function of each element. */
    record Unary(Kind kind) implements Prim {
        /**
         * {@code ROUND} rounds half to even; {@code SIGN} is {@code (x > 0) - (x < 0)}, and so 0
         * for NaN; {@code NOT} is logical for BOOL, bitwise otherwise.
         */
        public enum Kind {
            NEG,
            ABS,
            SIGN,
            SQRT,
            RSQRT,
            EXP,
            EXPM1,
            LOG,
            LOG1P,
            SIN,
            COS,
            TAN,
            ASIN,
            ACOS,
            ATAN,
            SINH,
            COSH,
            TANH,
            ERF,
            SIGMOID,
            FLOOR,
            CEIL,
            ROUND,
            TRUNC,
            NOT
        }

        @Override
        public String name() {
            return lower(kind);
        }
    }

    /** A function of two elements of one dtype. */
    record Binary(Kind kind) implements Prim {
        /**
         * {@code REM} has the sign of the dividend; MAX and MIN give NaN where an operand is NaN;
         * POW is IEEE 754's: 1 where the base is 1 or the exponent 0, NaN or not. Integer DIV
         * truncates towards zero, and by zero DIV and REM give 0; shifts go by the count modulo the
         * dtype's bits, and SHIFT_RIGHT of U8 fills with zeros.
         */
        public enum Kind {
            ADD,
            SUB,
            MUL,
            DIV,
            REM,
            POW,
            MAX,
            MIN,
            ATAN2,
            AND,
            OR,
            XOR,
            SHIFT_LEFT,
            SHIFT_RIGHT,
            SHIFT_RIGHT_UNSIGNED
        }

        @Override
        public String name() {
            return lower(kind);
        }
    }

    /** A relation of two elements of one dtype, as BOOL; NaN is unequal to everything. */
    record Compare(Kind kind) implements Prim {
        public enum Kind {
            EQ,
            NE,
            LT,
            LE,
            GT,
            GE
        }

        @Override
        public String name() {
            return lower(kind);
        }
    }

    /** {@code condition ? a : b}, element by element; the condition is BOOL. */
    record Select() implements Prim {}

    /**
     * Conversion to {@code dtype}. Between floating types it rounds to nearest even; floating to
     * integer truncates towards zero and saturates, NaN giving 0; integer to narrower integer
     * wraps; to BOOL is {@code != 0}.
     */
    record Cast(DType dtype) implements Prim {}

    /** The same elements in row-major order, under another shape. */
    record Reshape(Shape shape) implements Prim {}

    /** Dimension {@code d} of the result is dimension {@code dims[d]} of the operand. */
    record Permute(Axes dims) implements Prim {}

    /** Dimensions of extent 1 repeated to those of {@code shape}, which has the same rank. */
    record Expand(Shape shape) implements Prim {}

    /** {@code count} elements of a dimension from {@code start} in steps of {@code step}, not 0. */
    record Range(long start, long step, long count) {}

    /** One range for each dimension. */
    record Slice(List<Range> ranges) implements Prim {
        public Slice {
            ranges = List.copyOf(ranges);
        }
    }

    /**
     * Elements added around and between those of a dimension: {@code before} the first, {@code
     * after} the last, {@code between} each two; none may be negative.
     */
    record Edges(long before, long after, long between) {
        public static final Edges NONE = new Edges(0, 0, 0);
    }

    /** Edges for each dimension, filled with {@code value} (a Double, or a Long for integers). */
    record Pad(List<Edges> edges, Number value) implements Prim {
        public Pad {
            edges = List.copyOf(edges);
        }
    }

    /** Operands one after the other along {@code dim}. */
    record Concat(int dim) implements Prim {}

    /**
     * The elements along {@code axes} combined into one; the axes disappear. Sums and products of
     * F32, F16 and BF16 are accumulated in no less than F32, in a fixed order; over nothing, SUM is
     * 0, PROD 1, ANY false, ALL true, and MAX and MIN are an error. MAX and MIN give NaN where
     * there is one. ANY and ALL are for BOOL.
     */
    record Reduce(Kind kind, Axes axes) implements Prim {
        public enum Kind {
            SUM,
            PROD,
            MAX,
            MIN,
            ANY,
            ALL
        }

        @Override
        public String name() {
            return "reduce" + kind.name().charAt(0) + kind.name().substring(1).toLowerCase();
        }
    }

    /** The index (I64) of the first largest or smallest element along {@code dim}; NaN wins. */
    record ArgReduce(Kind kind, int dim) implements Prim {
        public enum Kind {
            MAX,
            MIN
        }

        @Override
        public String name() {
            return kind == Kind.MAX ? "argMax" : "argMin";
        }
    }

    /**
     * Running sums, products, maxima or minima along {@code dim}, from the end if reversed; maxima
     * and minima are NaN from the first NaN on.
     */
    record Scan(Kind kind, int dim, boolean reverse) implements Prim {
        public enum Kind {
            SUM,
            PROD,
            MAX,
            MIN
        }
    }

    /** The indices (I64) that sort along {@code dim}; stable; NaN counts as the largest. */
    record ArgSort(int dim, boolean descending) implements Prim {}

    /**
     * {@code result[.., i, ..] = operand[.., index[.., i, ..], ..]} along {@code dim}. The index
     * (I64 or I32) has the operand's rank, and its extents in the other dimensions; expand it to
     * take whole rows. An index out of range throws.
     */
    record Gather(int dim) implements Prim {}

    /**
     * A copy of operand 0 into which operand 2 is put or added at the places along {@code dim} that
     * operand 1 names, as in {@link Gather}. Where an index repeats, ADD adds in row-major order of
     * the updates and SET keeps the last.
     */
    record Scatter(int dim, Mode mode) implements Prim {
        public enum Mode {
            SET,
            ADD
        }
    }

    /**
     * Matrix products of the last two dimensions, {@code [.., m, k] x [.., k, n] -> [.., m, n]};
     * the dimensions before them are equal (expand to broadcast).
     */
    record MatMul() implements Prim {}

    /** How a kernel moves along one spatial dimension; {@code before} and {@code after} pad. */
    record Window(long stride, long before, long after, long dilation) {}

    /**
     * Convolution (cross-correlation, as networks call it): {@code [n, c, spatial..] * [o,
     * c/groups, kernel..] -> [n, o, spatial'..]}, one window for each spatial dimension.
     */
    record Conv(List<Window> windows, int groups) implements Prim {
        public Conv {
            windows = List.copyOf(windows);
        }
    }

    /**
     * The gradient of {@link Conv} in its input, which is also transposed convolution: {@code [n,
     * o, spatial'..] * [o, c/groups, kernel..] -> [n, c, spatial..]}.
     */
    record ConvDataGrad(List<Window> windows, int groups, Shape spatial) implements Prim {
        public ConvDataGrad {
            windows = List.copyOf(windows);
        }
    }

    /**
     * The gradient of {@link Conv} in its weight: input {@code [n, c, spatial..]} and result's
     * gradient {@code [n, o, spatial'..]} give {@code [o, c/groups, kernel..]}.
     */
    record ConvFilterGrad(List<Window> windows, int groups, Shape kernel) implements Prim {
        public ConvFilterGrad {
            windows = List.copyOf(windows);
        }
    }

    /** The same values on another device. */
    record CopyTo(Device device) implements Prim {}

    /**
     * {@code steps} runs of a program. Its inputs are the step's number (I64 scalar), then the
     * carried values, then what stays; its results are the next carried values. The operands are
     * the first carried values and what stays, the results the last carried values.
     */
    record Loop(Graph body, long steps) implements Prim {
        @Override
        public int resultCount() {
            return body.resultTypes().length;
        }
    }

    private static String lower(Enum<?> kind) {
        String[] words = kind.name().toLowerCase().split("_");
        StringBuilder name = new StringBuilder(words[0]);
        for (int i = 1; i < words.length; i++) {
            name.append(Character.toUpperCase(words[i].charAt(0))).append(words[i].substring(1));
        }
        return name.toString();
    }
}
