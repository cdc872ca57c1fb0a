package dev.ugoki.autograd;

import dev.ugoki.tensor.Engine;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.op.Prim;

import org.jspecify.annotations.Nullable;

import java.util.function.IntPredicate;

/**
 * The gradients of factorizations and of solving equations.
 *
 * <p>Sources: Murray: Differentiation of the Cholesky decomposition (2016); Giles: An extended
 * collection of matrix derivative results for forward and reverse mode algorithmic differentiation
 * (2008).
 */
final class MatrixRules {
    private MatrixRules() {}

    /**
     * {@code S = L^-T phi(L^T g) L^-1}, where phi takes the lower triangle and half the diagonal.
     * The operation reads one triangle of its operand, so what S has above the diagonal goes to the
     * mirrored elements below: the result is {@code phi(S + S^T)}.
     */
    static Tensor ofCholesky(Tensor l, Tensor g) {
        Tensor transposed = l.transpose(-2, -1);
        Tensor inner = lowerWithHalfDiagonal(transposed.matmul(g.tril(0)));
        Tensor left = solveUpper(transposed, inner);
        Tensor s = solveUpper(transposed, left.transpose(-2, -1));
        return lowerWithHalfDiagonal(s.add(s.transpose(-2, -1)));
    }

    private static Tensor lowerWithHalfDiagonal(Tensor x) {
        return x.tril(0).add(x.tril(-1)).mul(0.5);
    }

    private static Tensor solveUpper(Tensor a, Tensor b) {
        return Engine.one(new Prim.TriangularSolve(true, false), a, b);
    }

    /** {@code gB = A^-T g} and {@code gA = -gB X^T}, of the latter the triangle that was read. */
    static @Nullable Tensor[] ofTriangularSolve(
            Prim.TriangularSolve op, Tensor a, Tensor x, Tensor g, IntPredicate wanted) {
        Prim transposed = new Prim.TriangularSolve(!op.upper(), op.unitDiagonal());
        Tensor ofB = Engine.one(transposed, a.transpose(-2, -1), g);
        if (!wanted.test(0)) {
            return new @Nullable Tensor[] {null, ofB};
        }
        Tensor ofA = outerProducts(ofB, x);
        int beside = op.unitDiagonal() ? 1 : 0;
        return new @Nullable Tensor[] {op.upper() ? ofA.triu(beside) : ofA.tril(-beside), ofB};
    }

    /** {@code gB = A^-T g} and {@code gA = -gB X^T}. */
    static @Nullable Tensor[] ofSolve(Tensor a, Tensor x, Tensor g, IntPredicate wanted) {
        Tensor ofB = Engine.one(new Prim.Solve(), a.transpose(-2, -1), g);
        return new @Nullable Tensor[] {wanted.test(0) ? outerProducts(ofB, x) : null, ofB};
    }

    private static Tensor outerProducts(Tensor ofB, Tensor x) {
        return ofB.matmul(x.transpose(-2, -1)).neg();
    }

    /** {@code g det(A) A^-T}, and {@code g A^-T} of the logarithm. */
    static @Nullable Tensor ofDeterminant(
            Prim.Determinant.Kind kind, Tensor a, Tensor y, Tensor g) {
        if (kind == Prim.Determinant.Kind.SIGN) {
            return null;
        }
        Tensor transposed = a.transpose(-2, -1);
        Tensor identity = a.scalarLike(1).expand(a.shape()).tril(0).triu(0);
        Tensor inverse = Engine.one(new Prim.Solve(), transposed, identity);
        Tensor scale = kind == Prim.Determinant.Kind.VALUE ? g.mul(y) : g;
        return inverse.mul(scale.unsqueeze(-1).unsqueeze(-1));
    }
}
