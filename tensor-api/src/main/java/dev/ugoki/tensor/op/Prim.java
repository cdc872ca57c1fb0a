package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Device;
import dev.ugoki.tensor.LinearAlgebraException;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.graph.Graph;

import java.util.List;

/**
 * The primitive operations: all that a backend must know.
 *
 * <p>Floating elements: where IEEE 754 specifies an operation exactly (sums, products, quotients,
 * roots, comparisons, rounding), F64 and F32 have its bits; so have F16 and BF16, which are
 * computed in F32 or wider, sums and products of many elements included, and rounded once, to
 * nearest, ties to even. Integers wrap, in sums and products of many elements and in {@link MatMul}
 * too, and results have the operands' dtype: who expects more casts first.
 *
 * <p>Operands of one operation have one dtype and, where they are combined element by element, one
 * shape: broadcasting is an {@link Expand} before it. Every interpreter of operations is an
 * exhaustive switch over these records without a default, so that the compiler lists what a new one
 * must be taught to.
 */
public sealed interface Prim extends Op {
    /**
     * Whether this is of the optional tier: operations that a backend may decline, and still be
     * whole. Every other primitive must run everywhere, since composites are made of them; these
     * are called by name only, and where they are declined the user is told why.
     */
    default boolean isOptional() {
        return false;
    }

    /**
     * A tensor of {@code shape} with {@code value} everywhere: a Double, or a Long for integers.
     *
     * <p>Shapes: to {@code shape}.
     *
     * <p>Source: NumPy's {@code full}.
     */
    record Fill(DType dtype, Shape shape, Number value) implements Prim {}

    /**
     * Each element is its own index along {@code dim}.
     *
     * <p>Shapes: to {@code shape}.
     *
     * <p>Source: XLA's {@code Iota}.
     */
    record Iota(DType dtype, Shape shape, int dim) implements Prim {}

    /**
     * I32 words of Philox4x32-10 in row-major order: words {@code 4b .. 4b+3} are block {@code
     * firstBlock + b}. The operand is a key, I32[4]: words 0 and 1 are Philox's key, 2 and 3 the
     * upper half of its counter; the block number is the lower half.
     *
     * <p>Shapes: {@code [4]} to {@code shape}.
     *
     * <p>Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
     */
    record RandomBits(Shape shape, long firstBlock) implements Prim {}

    /**
     * A function of each element.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: IEEE 754-2019.
     */
    record Unary(Kind kind) implements Prim {
        /**
         * {@code ROUND} rounds half to even; {@code SIGN} is {@code (x > 0) - (x < 0)}, and so 0
         * for NaN; {@code NOT} is logical for BOOL, bitwise otherwise.
         */
        public enum Kind {
            /** {@code -x}. */
            NEG,
            /** {@code |x|}. */
            ABS,
            /**
             * {@code (x > 0) - (x < 0)}.
             *
             * <p>Source: NumPy's {@code sign}, except that NaN gives 0.
             */
            SIGN,
            /** {@code sqrt(x)}. */
            SQRT,
            /** {@code 1 / sqrt(x)}. */
            RSQRT,
            /** {@code exp(x)}. */
            EXP,
            /** {@code exp(x) - 1}. */
            EXPM1,
            /** The natural logarithm, {@code log(x)}. */
            LOG,
            /** {@code log(1 + x)}. */
            LOG1P,
            /** {@code sin(x)}. */
            SIN,
            /** {@code cos(x)}. */
            COS,
            /** {@code tan(x)}. */
            TAN,
            /** {@code asin(x)}. */
            ASIN,
            /** {@code acos(x)}. */
            ACOS,
            /** {@code atan(x)}. */
            ATAN,
            /** {@code sinh(x)}. */
            SINH,
            /** {@code cosh(x)}. */
            COSH,
            /** {@code tanh(x)}. */
            TANH,
            /**
             * The error function, {@code 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x}.
             *
             * <p>Source: ISO C, 7.12.8.1.
             */
            ERF,
            /**
             * {@code 1 / (1 + exp(-x))}.
             *
             * <p>Source: the logistic function, Verhulst (1838).
             */
            SIGMOID,
            /** The largest integer {@code n <= x}. */
            FLOOR,
            /** The smallest integer {@code n >= x}. */
            CEIL,
            /** The integer nearest to {@code x}, the even one of two. */
            ROUND,
            /** The integer part of {@code x}: rounded towards 0. */
            TRUNC,
            /**
             * {@code ~x}.
             *
             * <p>Source: NumPy's {@code logical_not} for BOOL, {@code invert} otherwise.
             */
            NOT
        }

        @Override
        public String name() {
            return lower(kind);
        }
    }

    /**
     * A function of two elements of one dtype.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     *
     * <p>Source: IEEE 754-2019; of integers, the Java Language Specification, 15.17 and 15.18.
     */
    record Binary(Kind kind) implements Prim {
        /**
         * {@code REM} has the sign of the dividend; MAX and MIN give NaN where an operand is NaN;
         * POW is IEEE 754's: 1 where the base is 1 or the exponent 0, NaN or not. Integer DIV
         * truncates towards zero, and by zero DIV and REM give 0; shifts go by the count modulo the
         * dtype's bits, and SHIFT_RIGHT of U8 fills with zeros.
         */
        public enum Kind {
            /** {@code a + b}. */
            ADD,
            /** {@code a - b}. */
            SUB,
            /** {@code a * b}. */
            MUL,
            /** {@code a / b}. */
            DIV,
            /**
             * {@code a - b * trunc(a / b)}.
             *
             * <p>Source: ISO C's {@code fmod}; the Java Language Specification, 15.17.3.
             */
            REM,
            /**
             * {@code a ^ b}.
             *
             * <p>Source: IEEE 754-2019, 9.2.
             */
            POW,
            /**
             * {@code max(a, b)}.
             *
             * <p>Source: IEEE 754-2019, 9.6.
             */
            MAX,
            /**
             * {@code min(a, b)}.
             *
             * <p>Source: IEEE 754-2019, 9.6.
             */
            MIN,
            /**
             * The angle of the point {@code (x: b, y: a)}.
             *
             * <p>Source: IEEE 754-2019, 9.2.
             */
            ATAN2,
            /**
             * {@code a & b}.
             *
             * <p>Source: the Java Language Specification, 15.22.
             */
            AND,
            /**
             * {@code a | b}.
             *
             * <p>Source: the Java Language Specification, 15.22.
             */
            OR,
            /**
             * Exclusive or: {@code a != b} for BOOL, bit by bit otherwise.
             *
             * <p>Source: the Java Language Specification, 15.22.
             */
            XOR,
            /**
             * {@code a << b}.
             *
             * <p>Source: the Java Language Specification, 15.19.
             */
            SHIFT_LEFT,
            /**
             * {@code a >> b}.
             *
             * <p>Source: the Java Language Specification, 15.19.
             */
            SHIFT_RIGHT,
            /**
             * {@code a >>> b}.
             *
             * <p>Source: the Java Language Specification, 15.19.
             */
            SHIFT_RIGHT_UNSIGNED
        }

        @Override
        public String name() {
            return lower(kind);
        }
    }

    /**
     * A relation of two elements of one dtype, as BOOL; NaN is unequal to everything.
     *
     * <p>Shapes: {@code [..], [..] -> [..]}.
     *
     * <p>Source: IEEE 754-2019, section 5.11.
     */
    record Compare(Kind kind) implements Prim {
        public enum Kind {
            /** {@code a == b}. */
            EQ,
            /** {@code a != b}. */
            NE,
            /** {@code a < b}. */
            LT,
            /** {@code a <= b}. */
            LE,
            /** {@code a > b}. */
            GT,
            /** {@code a >= b}. */
            GE
        }

        @Override
        public String name() {
            return lower(kind);
        }
    }

    /**
     * {@code condition ? a : b}, element by element; the condition is BOOL.
     *
     * <p>Shapes: {@code [..], [..], [..] -> [..]}.
     *
     * <p>Source: NumPy's {@code where}.
     */
    record Select() implements Prim {}

    /**
     * Conversion to {@code dtype}. To a floating type it rounds once, to nearest, ties to even,
     * beyond the largest number to infinity, and NaN stays NaN; floating to integer truncates
     * towards zero and saturates, NaN giving 0; integer to integer keeps the lowest bits; to BOOL
     * is {@code != 0} (NaN gives true), from BOOL 0 or 1. Every result's bits are specified, but
     * for those of NaN.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: IEEE 754-2019, section 5.4, between floating types; the Java Language
     * Specification, 5.1.3, to integers.
     */
    record Cast(DType dtype) implements Prim {}

    /**
     * The same elements in row-major order, under another shape.
     *
     * <p>Shapes: {@code [..]} to {@code shape}, of as many elements.
     *
     * <p>Source: NumPy's {@code reshape}.
     */
    record Reshape(Shape shape) implements Prim {}

    /**
     * Dimension {@code d} of the result is dimension {@code dims[d]} of the operand.
     *
     * <p>Shapes: {@code [e0, e1, ..] -> [e(dims[0]), e(dims[1]), ..]}.
     *
     * <p>Source: NumPy's {@code transpose}.
     */
    record Permute(Axes dims) implements Prim {}

    /**
     * Dimensions of extent 1 repeated to those of {@code shape}, which has the same rank.
     *
     * <p>Shapes: {@code [.., 1, ..] -> [.., e, ..]}.
     *
     * <p>Source: NumPy's {@code broadcast_to}.
     */
    record Expand(Shape shape) implements Prim {}

    /** {@code count} elements of a dimension from {@code start} in steps of {@code step}, not 0. */
    record Range(long start, long step, long count) {}

    /**
     * One range for each dimension.
     *
     * <p>Shapes: {@code [e0, e1, ..] -> [count0, count1, ..]}.
     *
     * <p>Source: NumPy's basic indexing.
     */
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

    /**
     * Edges for each dimension, filled with {@code value} (a Double, or a Long for integers).
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., before + e + (e - 1) * between + after, ..]}.
     *
     * <p>Source: XLA's {@code Pad}.
     */
    record Pad(List<Edges> edges, Number value) implements Prim {
        public Pad {
            edges = List.copyOf(edges);
        }
    }

    /**
     * Operands one after the other along {@code dim}.
     *
     * <p>Shapes: {@code [.., e, ..], [.., f, ..] -> [.., e + f, ..]}.
     *
     * <p>Source: NumPy's {@code concatenate}.
     */
    record Concat(int dim) implements Prim {}

    /**
     * The elements along {@code axes} combined into one of their dtype; the axes disappear. Sums
     * and products of F32, F16 and BF16 are accumulated in no less than F32, in a fixed order,
     * those of integers wrap ({@link dev.ugoki.tensor.Tensor#sum} takes I64); over nothing, SUM is
     * 0, PROD 1, ANY false, ALL true, and MAX and MIN are an error. MAX and MIN give NaN where
     * there is one. ANY and ALL are for BOOL.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}.
     *
     * <p>Source: NumPy's reductions {@code sum}, {@code prod}, {@code max}, {@code min}, {@code
     * any}, {@code all}.
     */
    record Reduce(Kind kind, Axes axes) implements Prim {
        public enum Kind {
            /** {@code x1 + x2 + ..}. */
            SUM,
            /** {@code x1 * x2 * ..}. */
            PROD,
            /** {@code max(x1, x2, ..)}. */
            MAX,
            /** {@code min(x1, x2, ..)}. */
            MIN,
            /** {@code x1 | x2 | ..}. */
            ANY,
            /** {@code x1 & x2 & ..}. */
            ALL
        }

        @Override
        public String name() {
            return "reduce" + kind.name().charAt(0) + kind.name().substring(1).toLowerCase();
        }
    }

    /**
     * The index (I64) of the first largest or smallest element along {@code dim}; NaN wins.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}.
     *
     * <p>Source: NumPy's {@code argmax} and {@code argmin}.
     */
    record ArgReduce(Kind kind, int dim) implements Prim {
        public enum Kind {
            /** The first {@code i} with {@code x[i] = max(x)}. */
            MAX,
            /** The first {@code i} with {@code x[i] = min(x)}. */
            MIN
        }

        @Override
        public String name() {
            return kind == Kind.MAX ? "argMax" : "argMin";
        }
    }

    /**
     * Running sums, products, maxima or minima along {@code dim}, from the end if reversed; maxima
     * and minima are NaN from the first NaN on, and where equal ones follow one another the latest
     * gets the gradient.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., e, ..]}.
     *
     * <p>Source: NumPy's {@code accumulate}, such as {@code cumsum}.
     */
    record Scan(Kind kind, int dim, boolean reverse) implements Prim {
        public enum Kind {
            /** {@code y[i] = x[0] + .. + x[i]}. */
            SUM,
            /** {@code y[i] = x[0] * .. * x[i]}. */
            PROD,
            /** {@code y[i] = max(x[0], .., x[i])}. */
            MAX,
            /** {@code y[i] = min(x[0], .., x[i])}. */
            MIN
        }
    }

    /**
     * The indices (I64) that sort along {@code dim}; stable; NaN counts as the largest.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., e, ..]}.
     *
     * <p>Source: NumPy's {@code argsort}, stable.
     */
    record ArgSort(int dim, boolean descending) implements Prim {}

    /**
     * {@code result[.., i, ..] = operand[.., index[.., i, ..], ..]} along {@code dim}. The index
     * (I64 or I32) has the operand's rank, and its extents in the other dimensions; expand it to
     * take whole rows. An index out of range throws.
     *
     * <p>Shapes: {@code [.., e, ..], [.., i, ..] -> [.., i, ..]}.
     *
     * <p>Source: PyTorch's {@code gather}.
     */
    record Gather(int dim) implements Prim {}

    /**
     * A copy of operand 0 into which operand 2 is put or added at the places along {@code dim} that
     * operand 1 names, as in {@link Gather}. Where an index repeats, ADD adds in row-major order of
     * the updates and SET keeps the last.
     *
     * <p>Shapes: {@code [.., e, ..], [.., i, ..], [.., i, ..] -> [.., e, ..]}.
     *
     * <p>Source: PyTorch's {@code scatter} and {@code scatter_add}.
     */
    record Scatter(int dim, Mode mode) implements Prim {
        public enum Mode {
            /** {@code y[.., index[.., i, ..], ..] = updates[.., i, ..]}. */
            SET,
            /** {@code y[.., index[.., i, ..], ..] += updates[.., i, ..]}. */
            ADD
        }
    }

    /**
     * Matrix products (of any dtype but BOOL; I8 and U8 wrap too) of the last two dimensions,
     * {@code [.., m, k] x [.., k, n] -> [.., m, n]}; the dimensions before them are equal (expand
     * to broadcast).
     *
     * <p>Shapes: {@code [.., m, k], [.., k, n] -> [.., m, n]}.
     *
     * <p>Source: NumPy's {@code matmul}.
     */
    record MatMul() implements Prim {}

    /** How a kernel moves along one spatial dimension; {@code before} and {@code after} pad. */
    record Window(long stride, long before, long after, long dilation) {}

    /**
     * Convolution (cross-correlation, as networks call it): {@code [n, c, spatial..] * [o,
     * c/groups, kernel..] -> [n, o, spatial'..]}, one window for each spatial dimension.
     *
     * <p>Shapes: {@code [n, c, spatial..], [o, c/groups, kernel..] -> [n, o, spatial'..]}.
     *
     * <p>Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
     */
    record Conv(List<Window> windows, int groups) implements Prim {
        public Conv {
            windows = List.copyOf(windows);
        }
    }

    /**
     * The gradient of {@link Conv} in its input, which is also transposed convolution: {@code [n,
     * o, spatial'..] * [o, c/groups, kernel..] -> [n, c, spatial..]}.
     *
     * <p>Shapes: {@code [n, o, spatial'..], [o, c/groups, kernel..] -> [n, c, spatial..]}.
     *
     * <p>Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
     */
    record ConvDataGrad(List<Window> windows, int groups, Shape spatial) implements Prim {
        public ConvDataGrad {
            windows = List.copyOf(windows);
        }
    }

    /**
     * The gradient of {@link Conv} in its weight: input {@code [n, c, spatial..]} and result's
     * gradient {@code [n, o, spatial'..]} give {@code [o, c/groups, kernel..]}.
     *
     * <p>Shapes: {@code [n, c, spatial..], [n, o, spatial'..] -> [o, c/groups, kernel..]}.
     *
     * <p>Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
     */
    record ConvFilterGrad(List<Window> windows, int groups, Shape kernel) implements Prim {
        public ConvFilterGrad {
            windows = List.copyOf(windows);
        }
    }

    /**
     * The lower triangular L with {@code L L^T = A} of symmetric positive definite matrices {@code
     * [.., n, n]}, F32 or F64; zeros above the diagonal. Only the lower triangle of A is read, and
     * only it has a gradient. Part of the {@linkplain #isOptional optional tier}.
     *
     * <p>A pivot that is not positive throws {@link LinearAlgebraException}. Where the lower
     * triangle of a matrix holds a NaN nothing is thrown, and the lower triangle of its result is
     * NaN.
     *
     * <p>Gradient: Murray: Differentiation of the Cholesky decomposition (2016), equation 8.
     *
     * <p>Source: Golub, Van Loan: Matrix computations (2013), 4.2.
     */
    record Cholesky() implements Prim {
        @Override
        public boolean isOptional() {
            return true;
        }
    }

    /**
     * X with {@code A X = B} for triangular matrices A {@code [.., n, n]} and any B {@code [.., n,
     * k]}, F32 or F64, the dimensions before them equal. Only the upper or the lower triangle of A
     * is read, and if {@code unitDiagonal} not its diagonal either, which counts as ones; only what
     * is read has a gradient. Part of the {@linkplain #isOptional optional tier}.
     *
     * <p>A zero on the diagonal throws {@link LinearAlgebraException}. Where the part of a matrix
     * that is read holds a NaN nothing is thrown, and its whole result is NaN.
     *
     * <p>Source: Golub, Van Loan: Matrix computations (2013), 3.1.
     */
    record TriangularSolve(boolean upper, boolean unitDiagonal) implements Prim {
        @Override
        public boolean isOptional() {
            return true;
        }
    }

    /**
     * X with {@code A X = B} for square matrices A {@code [.., n, n]} and any B {@code [.., n, k]},
     * F32 or F64, the dimensions before them equal: by elimination with partial pivoting (the first
     * of the largest magnitudes of a column). Part of the {@linkplain #isOptional optional tier}.
     *
     * <p>A pivot that is zero throws {@link LinearAlgebraException}. Where A holds a NaN nothing is
     * thrown, and its whole result is NaN.
     *
     * <p>Source: Golub, Van Loan: Matrix computations (2013), 3.4.
     */
    record Solve() implements Prim {
        @Override
        public boolean isOptional() {
            return true;
        }
    }

    /**
     * Of the determinants of square matrices {@code [.., n, n]}, F32 or F64, the value, the sign
     * (-1, 0 or 1) or the logarithm of the magnitude: {@code [..]}, by the elimination of {@link
     * Solve}. A singular matrix has VALUE 0, SIGN 0, LOG_MAGNITUDE -infinity, and no gradient: that
     * throws {@link LinearAlgebraException}; a matrix with a NaN gives NaN. Part of the {@linkplain
     * #isOptional optional tier}.
     *
     * <p>Gradient: Giles: An extended collection of matrix derivative results (2008), section
     * 2.2.4.
     *
     * <p>Source: Golub, Van Loan: Matrix computations (2013), 3.4.
     */
    record Determinant(Kind kind) implements Prim {
        public enum Kind {
            /** {@code det(A) = product of the pivots}, with the sign of their order. */
            VALUE,
            /** {@code sign(det(A))}. */
            SIGN,
            /** {@code log(|det(A)|)}. */
            LOG_MAGNITUDE
        }

        @Override
        public boolean isOptional() {
            return true;
        }
    }

    /**
     * The same values on another device.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     *
     * <p>Source: PyTorch's {@code Tensor.to}.
     */
    record CopyTo(Device device) implements Prim {}

    /**
     * {@code steps} runs of a program. Its inputs are the step's number (I64 scalar), then the
     * carried values, then what stays; its results are the next carried values. The operands are
     * the first carried values and what stays, the results the last carried values.
     *
     * <p>Shapes: those of the carried values, as operands and as results.
     *
     * <p>Source: JAX's {@code fori_loop}.
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
