package dev.ugoki.tensor;

import dev.ugoki.tensor.op.ErrorPrefix;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Vectors and matrices: solving equations, norms, products and diagonals. Matrices are the last two
 * dimensions, vectors the last one; dimensions before them are a batch and broadcast.
 *
 * <p>Factorizations and what is solved by them ({@link #cholesky}, {@link #triangularSolve}, {@link
 * #solve}, {@link #inverse}, the determinants, negative powers) are for F32 and F64, and a backend
 * may decline them: they then throw {@link UnsupportedOperationException} with its reason. A
 * singular matrix, or one that should be positive definite and is not, throws {@link
 * LinearAlgebraException} with its place in the batch and the pivot; only a pivot of exactly 0
 * counts as singular. A matrix with a NaN gives NaN instead. Everything has gradients of every
 * order where it is smooth.
 *
 * <p>Source, where nothing else is named: NumPy's {@code linalg} and PyTorch's operations of the
 * same names.
 */
public final class LinearAlgebra {
    private LinearAlgebra() {}

    // ---- factorizations and equations ----

    /**
     * The lower triangular L with {@code L L^T = A}, of the symmetric part {@code (A + A^T) / 2} of
     * positive definite matrices A {@code [.., n, n]}. The gradient is symmetric too.
     *
     * <p>Source of the gradient: Murray: Differentiation of the Cholesky decomposition (2016).
     *
     * @throws LinearAlgebraException if a matrix is not positive definite
     */
    public static Tensor cholesky(Tensor a) {
        requireMatrices("cholesky", a);
        if (a.extent(-1) != a.extent(-2)) {
            throw notSquare("cholesky", a);
        }
        Tensor symmetric = a.add(a.transpose(-2, -1)).mul(0.5);
        return Engine.one(new Prim.Cholesky(), symmetric);
    }

    /**
     * X with {@code A X = B} for triangular matrices A {@code [.., n, n]} and B {@code [.., n, k]},
     * or one vector {@code [n]} for all. Only the triangle that {@code upper} names is read, and if
     * {@code unitDiagonal} not its diagonal either, which counts as ones; the gradient is that of
     * what is read. For {@code A^T X = B} give the transposed matrix: that copies nothing here.
     *
     * @throws LinearAlgebraException if there is a 0 on the diagonal
     */
    public static Tensor triangularSolve(Tensor a, Tensor b, boolean upper, boolean unitDiagonal) {
        return solve("triangularSolve", new Prim.TriangularSolve(upper, unitDiagonal), a, b);
    }

    /**
     * X with {@code A X = B} for square matrices A {@code [.., n, n]} and B {@code [.., n, k]}, or
     * one vector {@code [n]} for all, as NumPy's: by elimination with partial pivoting.
     *
     * @throws LinearAlgebraException if a matrix is singular
     */
    public static Tensor solve(Tensor a, Tensor b) {
        return solve("solve", new Prim.Solve(), a, b);
    }

    private static Tensor solve(String operation, Prim op, Tensor a, Tensor b) {
        requireMatrices(operation, a);
        if (b.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": a scalar is no right-hand side; operands "
                            + a.type()
                            + ", "
                            + b.type());
        }
        if (b.rank() == 1) {
            return solve(operation, op, a, b.unsqueeze(1)).squeeze(-1);
        }
        Shape batch = Tensor.broadcast(operation, batch(a), batch(b));
        return Engine.one(op, a.expand(withMatrix(batch, a)), b.expand(withMatrix(batch, b)));
    }

    /**
     * The inverse of square matrices {@code [.., n, n]}. To solve equations, {@link #solve} is
     * faster and more exact.
     *
     * @throws LinearAlgebraException if a matrix is singular
     */
    public static Tensor inverse(Tensor a) {
        requireSquare("inverse", a);
        return solve("inverse", new Prim.Solve(), a, identityLike(a));
    }

    /**
     * The determinant of square matrices {@code [.., n, n]}: {@code [..]}. Up to n = 3 it is the
     * sum of products, with gradients everywhere; from 4 on it is found by elimination, and its
     * gradient at a singular matrix (where it is 0) throws {@link LinearAlgebraException}.
     */
    public static Tensor determinant(Tensor a) {
        requireSquare("determinant", a);
        if (a.extent(-1) > 3 || a.extent(-1) == 0) {
            return Engine.one(new Prim.Determinant(Prim.Determinant.Kind.VALUE), a);
        }
        int n = (int) a.extent(-1);
        long[] flat = Arrays.copyOf(a.shape().toArray(), a.rank() - 1);
        flat[flat.length - 1] = n * n;
        Tensor[] m = components(a.reshape(Shape.of(flat)), -1, n * n);
        Tensor sum =
                switch (n) {
                    case 1 -> m[0];
                    case 2 -> difference(m[0], m[3], m[1], m[2]);
                    default ->
                            m[0].mul(difference(m[4], m[8], m[5], m[7]))
                                    .add(m[1].mul(difference(m[5], m[6], m[3], m[8])))
                                    .add(m[2].mul(difference(m[3], m[7], m[4], m[6])));
                };
        return sum.squeeze(-1);
    }

    /** {@code a b - c d}. */
    private static Tensor difference(Tensor a, Tensor b, Tensor c, Tensor d) {
        return a.mul(b).sub(c.mul(d));
    }

    /**
     * The elements along {@code dim}, each in memory of its own: kernels run over long rows, not
     * over many of three.
     */
    private static Tensor[] components(Tensor x, int dim, int count) {
        Tensor[] components = new Tensor[count];
        for (int i = 0; i < count; i++) {
            components[i] = x.slice(dim, i, i + 1).contiguous();
        }
        return components;
    }

    /**
     * The logarithm of the determinant's magnitude, for square matrices {@code [.., n, n]}: {@code
     * [..]}; finite where the determinant itself would overflow. It is -infinity at a singular
     * matrix, where its gradient throws {@link LinearAlgebraException}.
     */
    public static Tensor logAbsDeterminant(Tensor a) {
        return Engine.one(new Prim.Determinant(Prim.Determinant.Kind.LOG_MAGNITUDE), a);
    }

    /** The sign of the determinant, -1, 0 or 1, of square matrices; it has no gradient. */
    public static Tensor determinantSign(Tensor a) {
        return Engine.one(new Prim.Determinant(Prim.Determinant.Kind.SIGN), a);
    }

    /**
     * {@code A A .. A}, {@code exponent} times, for square matrices {@code [.., n, n]}: the
     * identity for 0, powers of the {@link #inverse} for negative ones.
     */
    public static Tensor matrixPower(Tensor a, int exponent) {
        requireSquare("matrixPower", a);
        if (exponent == 0) {
            return identityLike(a).expand(a.shape());
        }
        Tensor square = exponent > 0 ? a : inverse(a);
        @Nullable Tensor power = null;
        for (long rest = Math.abs((long) exponent); rest > 0; rest >>= 1) {
            if ((rest & 1) == 1) {
                power = power == null ? square : power.matmul(square);
            }
            square = rest > 1 ? square.matmul(square) : square;
        }
        return Objects.requireNonNull(power);
    }

    // ---- norms ----

    /** The root of the sum of squares along {@code dims}; see {@link #norm}. */
    public static Tensor norm(Tensor x, boolean keepDims, int... dims) {
        return norm(x, 2, keepDims, dims);
    }

    /**
     * {@code (sum of |x|^p)^(1/p)} along {@code dims}, which disappear or stay with extent 1; no
     * dims mean all. With p = infinity the largest magnitude, -infinity the smallest, 0 the number
     * of elements that are not 0. F16 and BF16 are computed in F32.
     *
     * <p>Squares neither overflow nor vanish on the way: the norm of 1e30 in F32 is 1e30. The
     * gradient where the norm is 0 counts as 0, as in PyTorch, and so does that in an element that
     * is 0 for p below 1; equal largest magnitudes share the gradient.
     *
     * <p>Shapes: {@code [.., e, ..] -> [.., ..]}, or {@code [.., 1, ..]} where dimensions are kept.
     */
    public static Tensor norm(Tensor x, double p, boolean keepDims, int... dims) {
        requireFloating("norm", x);
        if (x.dtype() == DType.F16 || x.dtype() == DType.BF16) {
            return norm(x.cast(DType.F32), p, keepDims, dims).cast(x.dtype());
        }
        if (Double.isNaN(p)) {
            throw new IllegalArgumentException(ErrorPrefix.of("norm") + ": p is NaN");
        }
        if (p == 0) {
            return x.ne(0).cast(x.dtype()).sum(keepDims, dims);
        }
        Tensor magnitudes = x.abs();
        if (p == 1) {
            return magnitudes.sum(keepDims, dims);
        }
        if (Double.isInfinite(p)) {
            return p > 0 ? magnitudes.max(keepDims, dims) : magnitudes.min(keepDims, dims);
        }
        if (x.shape().elementCount() == 0) {
            return magnitudes.sum(keepDims, dims).pow(1 / p);
        }
        Tensor scale = scale(magnitudes.detach(), p, dims);
        Tensor scaled = x.div(scale);
        Tensor norm = p == 2 ? euclidean(scaled, dims) : powers(scaled, p, dims);
        Tensor kept = norm.mul(scale);
        return keepDims ? kept : kept.reshape(without(x, dims));
    }

    private static Shape without(Tensor x, int... dims) {
        boolean[] reduced = new boolean[x.rank()];
        Arrays.fill(reduced, dims.length == 0);
        for (int dim : dims) {
            reduced[dim < 0 ? dim + x.rank() : dim] = true;
        }
        return Shape.of(
                IntStream.range(0, x.rank())
                        .filter(dim -> !reduced[dim])
                        .mapToLong(x::extent)
                        .toArray());
    }

    /**
     * What to divide by, so that no power overflows or vanishes: 1 where none does. The norm does
     * not depend on it, so it is a constant to gradients.
     */
    private static Tensor scale(Tensor magnitudes, double p, int... dims) {
        Tensor largest = magnitudes.max(true, dims);
        double bound = p == 2 ? (magnitudes.dtype() == DType.F64 ? 0x1p400 : 0x1p45) : 1;
        Tensor isLarge = largest.gt(bound).and(largest.lt(Double.POSITIVE_INFINITY));
        Tensor isSmall = largest.lt(1 / bound).and(largest.gt(0));
        return isLarge.or(isSmall).select(largest, largest.scalarLike(1));
    }

    private static Tensor euclidean(Tensor x, int... dims) {
        Tensor squares = x.square().sum(true, dims);
        Tensor none = squares.eq(0);
        return squares.maskedFill(none, 1).sqrt().maskedFill(none, 0);
    }

    private static Tensor powers(Tensor x, double p, int... dims) {
        Tensor zero = x.eq(0);
        Tensor powers = x.maskedFill(zero, 1).abs().pow(p);
        if (p < 0) {
            Tensor norm = powers.sum(true, dims).pow(1 / p);
            return norm.maskedFill(zero.any(true, dims), 0);
        }
        Tensor sum = powers.maskedFill(zero, 0).sum(true, dims);
        Tensor none = sum.eq(0);
        return sum.maskedFill(none, 1).pow(1 / p).maskedFill(none, 0);
    }

    /** A norm of matrices. */
    public enum MatrixNorm {
        /** The root of the sum of squares. */
        FROBENIUS,
        /** The largest sum of a column's magnitudes. */
        ONE,
        /** The largest sum of a row's magnitudes. */
        INFINITY
    }

    /** A norm of each of the matrices {@code [.., m, n]}: {@code [..]}. */
    public static Tensor matrixNorm(Tensor a, MatrixNorm kind) {
        requireMatrices("matrixNorm", a);
        requireFloating("matrixNorm", a);
        return switch (kind) {
            case FROBENIUS -> norm(a, 2, false, -2, -1);
            case ONE -> a.abs().sum(false, -2).max(false, -1);
            case INFINITY -> a.abs().sum(false, -1).max(false, -1);
        };
    }

    /**
     * {@code x / max(norm(x), epsilon)} along {@code dim}, the norm being that of {@code p}; finite
     * at zero vectors, where the norm has no gradient. PyTorch's epsilon is 1e-12.
     *
     * <p>Shapes: {@code [..] -> [..]}.
     */
    public static Tensor normalize(Tensor x, double p, int dim, double epsilon) {
        Tensor norm = norm(x, p, true, dim);
        return x.div(norm.clamp(epsilon, Double.POSITIVE_INFINITY));
    }

    /**
     * The distance of vectors, the {@link #norm} of {@code a - b} along the last dimension, with
     * broadcasting: {@code [.., d], [.., d] -> [..]}. The gradient is 0 where they are equal.
     */
    public static Tensor pairwiseDistance(Tensor a, Tensor b) {
        return norm(a.sub(b), 2, false, -1);
    }

    /**
     * The distances of each of n vectors to each of m: {@code [.., n, d], [.., m, d] -> [.., n,
     * m]}, as {@link #pairwiseDistance}. It takes the memory of n m d numbers, and is exact for
     * near vectors, where a product of matrices would cancel.
     */
    public static Tensor cdist(Tensor a, Tensor b) {
        requireMatrices("cdist", a);
        requireMatrices("cdist", b);
        return pairwiseDistance(a.unsqueeze(-2), b.unsqueeze(-3));
    }

    // ---- products ----

    /** {@code sum of a * b} along the last dimension: {@code [.., n], [.., n] -> [..]}. */
    public static Tensor dot(Tensor a, Tensor b) {
        if (a.rank() == 0 || b.rank() == 0 || a.extent(-1) != b.extent(-1)) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("dot")
                            + ": needs two vectors of one length: "
                            + a.type()
                            + ", "
                            + b.type());
        }
        return a.mul(b).sum(false, -1);
    }

    /** {@code a[.., i] * b[.., j]}: {@code [.., m], [.., n] -> [.., m, n]}. */
    public static Tensor outer(Tensor a, Tensor b) {
        if (a.rank() == 0 || b.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("outer") + ": needs two vectors: " + a.type() + ", " + b.type());
        }
        return a.unsqueeze(-1).mul(b.unsqueeze(-2));
    }

    /**
     * The cross product of vectors in space along {@code dim} (of a), of extent 3.
     *
     * <p>Shapes: {@code [.., 3, ..], [.., 3, ..] -> [.., 3, ..]}.
     */
    public static Tensor cross(Tensor a, Tensor b, int dim) {
        if (a.extent(dim) != 3 || b.extent(dim < 0 ? dim : dim - a.rank()) != 3) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("cross")
                            + ": needs extent 3 in dimension "
                            + dim
                            + ": "
                            + a.type()
                            + ", "
                            + b.type());
        }
        int fromEnd = dim < 0 ? dim : dim - a.rank();
        Tensor[] u = components(a, fromEnd, 3);
        Tensor[] v = components(b, fromEnd, 3);
        Tensor x = difference(u[1], v[2], u[2], v[1]);
        Tensor y = difference(u[2], v[0], u[0], v[2]);
        Tensor z = difference(u[0], v[1], u[1], v[0]);
        return Tensor.concat(x.rank() + fromEnd, x, y, z);
    }

    /**
     * The Kronecker product of two tensors of one rank: {@code [m, n], [p, q] -> [m p, n q]},
     * {@code a[i, j] * b} being its block i, j; for any rank alike.
     */
    public static Tensor kron(Tensor a, Tensor b) {
        if (a.rank() != b.rank()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("kron")
                            + ": ranks differ; reshape one: "
                            + a.type()
                            + ", "
                            + b.type());
        }
        long[] blocks = new long[2 * a.rank()];
        long[] within = new long[2 * a.rank()];
        long[] result = new long[a.rank()];
        for (int dim = 0; dim < a.rank(); dim++) {
            blocks[2 * dim] = a.extent(dim);
            blocks[2 * dim + 1] = 1;
            within[2 * dim] = 1;
            within[2 * dim + 1] = b.extent(dim);
            result[dim] = Shape.of(a.extent(dim), b.extent(dim)).elementCount();
        }
        Tensor spread = a.reshape(Shape.of(blocks)).mul(b.reshape(Shape.of(within)));
        return spread.reshape(Shape.of(result));
    }

    // ---- diagonals ----

    /** The identity matrix {@code [n, n]}. */
    public static Tensor eye(DType dtype, long n) {
        return eye(dtype, n, n);
    }

    /** Ones on the diagonal of a matrix {@code [rows, columns]}, zeros beside it. */
    public static Tensor eye(DType dtype, long rows, long columns) {
        Tensor row = Tensor.arange(DType.I64, rows).unsqueeze(1);
        return row.eq(Tensor.arange(DType.I64, columns)).cast(dtype);
    }

    private static Tensor identityLike(Tensor a) {
        Shape shape = Shape.of(a.extent(-2), a.extent(-1));
        return a.scalarLike(1).expand(shape).tril(0).triu(0);
    }

    /**
     * The elements {@code a[.., i, i + offset]} of matrices {@code [.., m, n]}: {@code [.., k]}, as
     * many as there are.
     */
    public static Tensor diagonal(Tensor a, long offset) {
        requireMatrices("diagonal", a);
        long firstRow = -Math.clamp(offset, -a.extent(-2), 0);
        long firstColumn = Math.clamp(offset, 0, a.extent(-1));
        long count = Math.min(a.extent(-2) - firstRow, a.extent(-1) - firstColumn);
        Tensor square =
                a.slice(-2, firstRow, firstRow + count).slice(-1, firstColumn, firstColumn + count);
        long[] flat = Arrays.copyOf(a.shape().toArray(), a.rank() - 1);
        flat[flat.length - 1] = count * count;
        return square.reshape(Shape.of(flat)).slice(-1, 0, count * count, count + 1);
    }

    /** The diagonal of matrices {@code [.., m, n]}. */
    public static Tensor diagonal(Tensor a) {
        return diagonal(a, 0);
    }

    /**
     * Square matrices with vectors {@code [.., n]} on their diagonal {@code offset} (above the main
     * one if positive), else 0: {@code [.., n + |offset|, n + |offset|]}.
     */
    public static Tensor diagonalMatrix(Tensor x, long offset) {
        if (x.rank() == 0) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("diagonalMatrix") + ": needs vectors: " + x.type());
        }
        long n = x.extent(-1);
        long beside = Math.abs(offset);
        if (beside < 0 || beside > Integer.MAX_VALUE || n > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of("diagonalMatrix")
                            + ": "
                            + x.type()
                            + " on diagonal "
                            + offset
                            + " makes more rows than a matrix can have (2^31 - 1)");
        }
        long[] extents = Arrays.copyOf(x.shape().toArray(), x.rank() + 1);
        extents[x.rank()] = n;
        // A row of n + 1 with one element in front, n times, less what is over at the end.
        Tensor rows = x.unsqueeze(-1).pad(-1, 0, n, 0);
        long[] flat = x.shape().toArray();
        flat[flat.length - 1] = n * (n + 1);
        Tensor square = rows.reshape(Shape.of(flat)).slice(-1, 0, n * n).reshape(Shape.of(extents));
        return square.pad(-1, offset > 0 ? beside : 0, offset > 0 ? 0 : beside, 0)
                .pad(-2, offset > 0 ? 0 : beside, offset > 0 ? beside : 0, 0);
    }

    /** Square matrices with vectors {@code [.., n]} on the diagonal, else 0. */
    public static Tensor diagonalMatrix(Tensor x) {
        return diagonalMatrix(x, 0);
    }

    /** The sum of the diagonal of matrices {@code [.., m, n]}: {@code [..]}. */
    public static Tensor trace(Tensor a) {
        requireMatrices("trace", a);
        return diagonal(a, 0).sum(false, -1);
    }

    // ---- inside ----

    private static Shape batch(Tensor a) {
        return Shape.of(Arrays.copyOf(a.shape().toArray(), a.rank() - 2));
    }

    private static Shape withMatrix(Shape batch, Tensor a) {
        long[] extents = Arrays.copyOf(batch.toArray(), batch.rank() + 2);
        extents[batch.rank()] = a.extent(-2);
        extents[batch.rank() + 1] = a.extent(-1);
        return Shape.of(extents);
    }

    private static void requireFloating(String operation, Tensor x) {
        if (!x.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation)
                            + ": needs a floating dtype; cast first: "
                            + x.type());
        }
    }

    private static void requireMatrices(String operation, Tensor a) {
        if (a.rank() < 2) {
            throw new IllegalArgumentException(
                    ErrorPrefix.of(operation) + ": needs rows and columns, and is " + a.type());
        }
    }

    private static void requireSquare(String operation, Tensor a) {
        if (a.rank() < 2 || a.extent(-1) != a.extent(-2)) {
            throw notSquare(operation, a);
        }
    }

    private static IllegalArgumentException notSquare(String operation, Tensor a) {
        return new IllegalArgumentException(
                ErrorPrefix.of(operation)
                        + ": needs square matrices [.., n, n], and is "
                        + a.type());
    }
}
