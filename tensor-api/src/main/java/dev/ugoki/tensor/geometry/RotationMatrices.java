package dev.ugoki.tensor.geometry;

import static dev.ugoki.tensor.geometry.Representation.components;
import static dev.ugoki.tensor.geometry.Representation.cross;
import static dev.ugoki.tensor.geometry.Representation.dot;
import static dev.ugoki.tensor.geometry.Representation.elements;
import static dev.ugoki.tensor.geometry.Representation.matrix;
import static dev.ugoki.tensor.geometry.Representation.requireLast;
import static dev.ugoki.tensor.geometry.Representation.requireMatrices;
import static dev.ugoki.tensor.geometry.Representation.unit;
import static dev.ugoki.tensor.geometry.Representation.vector;

import dev.ugoki.tensor.Tensor;

import java.util.Arrays;

/**
 * Rotations as matrices R {@code [.., 3, 3]} that turn column vectors: {@code p' = R p}. Their
 * product {@link #compose} is {@link Tensor#matmul}. Batches broadcast.
 *
 * <p>Source, where nothing else is named: rigid-body kinematics, as in Murray, Li, Sastry: A
 * mathematical introduction to robotic manipulation (1994), chapter 2.
 */
public final class RotationMatrices {
    private RotationMatrices() {}

    /**
     * From quaternions x, y, z, w {@code [.., 4]}, whose length does not matter; of one of length 0
     * it is NaN.
     */
    public static Tensor fromQuaternion(Tensor q) {
        requireLast("fromQuaternion", q, 4);
        Tensor[] each = components(q);
        Tensor scale = dot(each, each).reciprocal().mul(2);
        Tensor x = each[0].mul(scale);
        Tensor y = each[1].mul(scale);
        Tensor z = each[2].mul(scale);
        Tensor xx = x.mul(each[0]);
        Tensor xy = x.mul(each[1]);
        Tensor xz = x.mul(each[2]);
        Tensor xw = x.mul(each[3]);
        Tensor yy = y.mul(each[1]);
        Tensor yz = y.mul(each[2]);
        Tensor yw = y.mul(each[3]);
        Tensor zz = z.mul(each[2]);
        Tensor zw = z.mul(each[3]);
        return matrix(
                yy.add(zz).neg().add(1),
                xy.sub(zw),
                xz.add(yw),
                xy.add(zw),
                xx.add(zz).neg().add(1),
                yz.sub(xw),
                xz.sub(yw),
                yz.add(xw),
                xx.add(yy).neg().add(1));
    }

    /** From rotation vectors {@code [.., 3]}; smooth everywhere. */
    public static Tensor fromRotationVector(Tensor v) {
        return fromQuaternion(Quaternions.fromRotationVector(v));
    }

    /**
     * From six numbers {@code [.., 6]}: the first two rows of the matrix one after the other, as in
     * pytorch3d, UMI and Diffusion Policy (the paper takes columns: transpose the result for
     * those). They need not be of length 1 nor at right angles: Gram and Schmidt's method makes
     * them so, and the third row is their cross product. Finite gradients also where a row is 0 or
     * both are parallel, though the result is then no rotation.
     *
     * <p>Source: Zhou et al.: On the continuity of rotation representations in neural networks
     * (CVPR 2019).
     */
    public static Tensor from6d(Tensor rows) {
        requireLast("from6d", rows, 6);
        Tensor[] given = components(rows);
        Tensor[] first = unit(new Tensor[] {given[0], given[1], given[2]});
        Tensor[] other = {given[3], given[4], given[5]};
        Tensor along = dot(first, other);
        for (int i = 0; i < 3; i++) {
            other[i] = other[i].sub(first[i].mul(along));
        }
        Tensor[] second = unit(other);
        Tensor[] third = cross(first, second);
        return matrix(
                first[0], first[1], first[2], second[0], second[1], second[2], third[0], third[1],
                third[2]);
    }

    /** The first two rows one after the other, {@code [.., 6]}: see {@link #from6d}. */
    public static Tensor to6d(Tensor matrix) {
        requireMatrices("to6d", matrix, 3);
        long[] extents = Arrays.copyOf(matrix.shape().toArray(), matrix.rank() - 1);
        extents[extents.length - 1] = 6;
        return matrix.slice(-2, 0, 2).reshape(extents);
    }

    /** The rotation by s and then by r: {@code R S}. */
    public static Tensor compose(Tensor r, Tensor s) {
        requireMatrices("compose", r, 3);
        requireMatrices("compose", s, 3);
        return r.matmul(s);
    }

    /** The rotation back: the transposed matrix. */
    public static Tensor inverse(Tensor r) {
        requireMatrices("inverse", r, 3);
        return r.transpose(-2, -1);
    }

    /** Points {@code [.., 3]} turned by r {@code [.., 3, 3]}. */
    public static Tensor rotate(Tensor r, Tensor points) {
        requireMatrices("rotate", r, 3);
        requireLast("rotate", points, 3);
        Tensor[] m = elements(r);
        Tensor[] p = components(points);
        return vector(
                dot(new Tensor[] {m[0], m[1], m[2]}, p),
                dot(new Tensor[] {m[3], m[4], m[5]}, p),
                dot(new Tensor[] {m[6], m[7], m[8]}, p));
    }

    /**
     * The angle of the rotation from r to s, in radians from 0 to pi: {@code [..]}; the gradient is
     * 0 where they are equal.
     */
    public static Tensor angleBetween(Tensor r, Tensor s) {
        return Quaternions.angleBetween(Quaternions.fromMatrix(r), Quaternions.fromMatrix(s));
    }
}
