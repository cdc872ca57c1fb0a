package dev.ugoki.tensor.geometry;

import static dev.ugoki.tensor.geometry.Representation.components;
import static dev.ugoki.tensor.geometry.Representation.cross;
import static dev.ugoki.tensor.geometry.Representation.dot;
import static dev.ugoki.tensor.geometry.Representation.elements;
import static dev.ugoki.tensor.geometry.Representation.length;
import static dev.ugoki.tensor.geometry.Representation.polynomial;
import static dev.ugoki.tensor.geometry.Representation.requireLast;
import static dev.ugoki.tensor.geometry.Representation.requireMatrices;
import static dev.ugoki.tensor.geometry.Representation.unit;
import static dev.ugoki.tensor.geometry.Representation.vector;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

import java.util.Arrays;

/**
 * Rotations as unit quaternions {@code [.., 4]}, with the components x, y, z, w in this order: the
 * vector first and the scalar last, as in ROS, SciPy and LeRobot. {@link #fromWxyz} takes those
 * with the scalar first, as in MuJoCo, pytorch3d and Isaac.
 *
 * <p>Products are Hamilton's, and a quaternion and its negative are one rotation. Batches
 * broadcast. Methods take quaternions of length 1 and give such; {@link #normalize} makes them.
 *
 * <p>Source, where nothing else is named: Hamilton's quaternions, as in Diebel: Representing
 * attitude (2006).
 */
public final class Quaternions {
    private Quaternions() {}

    /** The rotation that moves nothing, {@code [4]}: 0, 0, 0, 1. */
    public static Tensor identity(DType dtype) {
        return Tensor.of(new double[] {0, 0, 0, 1}, 4).cast(dtype);
    }

    /** From components in the order w, x, y, z. */
    public static Tensor fromWxyz(Tensor wxyz) {
        requireLast("fromWxyz", wxyz, 4);
        return wxyz.roll(-1, -1);
    }

    /** Components in the order w, x, y, z. */
    public static Tensor toWxyz(Tensor q) {
        requireLast("toWxyz", q, 4);
        return q.roll(1, -1);
    }

    /** The quaternions divided by their lengths. */
    public static Tensor normalize(Tensor q) {
        requireLast("normalize", q, 4);
        return vector(unit(components(q)));
    }

    /** The one of {@code q} and {@code -q} whose w is not negative. */
    public static Tensor canonical(Tensor q) {
        requireLast("canonical", q, 4);
        return vector(canonical(components(q)));
    }

    private static Tensor[] canonical(Tensor[] q) {
        Tensor isNegative = q[3].lt(0);
        Tensor[] canonical = new Tensor[4];
        Arrays.setAll(canonical, i -> isNegative.select(q[i].neg(), q[i]));
        return canonical;
    }

    /**
     * The rotation by {@code |v|} radians about v, {@code [.., 3]}: {@code (sin(a/2) v/a,
     * cos(a/2))} with a = |v|; smooth everywhere.
     */
    public static Tensor fromRotationVector(Tensor v) {
        requireLast("fromRotationVector", v, 3);
        Tensor[] each = components(v);
        Tensor square = dot(each, each);
        Tensor isSmall = square.lt(0.01);
        Tensor small = square.maskedFill(isSmall.not(), 0);
        Tensor half = square.maskedFill(isSmall, 1).sqrt().mul(0.5);
        // Taylor's series of sin(a/2)/a and cos(a/2) in a^2: exact to the last bit where taken.
        Tensor sineSeries =
                polynomial(small, 1 / 2.0, -1 / 48.0, 1 / 3840.0, -1 / 645120.0, 1 / 185794560.0);
        Tensor cosineSeries =
                polynomial(small, 1, -1 / 8.0, 1 / 384.0, -1 / 46080.0, 1 / 10321920.0);
        Tensor sine = isSmall.select(sineSeries, half.sin().div(half).mul(0.5));
        Tensor cosine = isSmall.select(cosineSeries, half.cos());
        return vector(each[0].mul(sine), each[1].mul(sine), each[2].mul(sine), cosine);
    }

    /**
     * From rotation matrices {@code [.., 3, 3]}; w is not negative. Of the four rows of {@code 4 q
     * q^T} that a matrix gives, the one with the largest diagonal element is taken and normalized,
     * so that the gradient is finite at every rotation, those by pi too.
     *
     * <p>Source: Shepperd: Quaternion from rotation matrix (Journal of Guidance and Control 1978).
     */
    public static Tensor fromMatrix(Tensor matrix) {
        requireMatrices("fromMatrix", matrix, 3);
        Tensor[] m = elements(matrix);
        Tensor xy = m[1].add(m[3]);
        Tensor xz = m[2].add(m[6]);
        Tensor yz = m[5].add(m[7]);
        Tensor xw = m[7].sub(m[5]);
        Tensor yw = m[2].sub(m[6]);
        Tensor zw = m[3].sub(m[1]);
        // They add up to 4, so the largest is at least 1.
        Tensor xx = m[0].sub(m[4]).sub(m[8]).add(1);
        Tensor yy = m[4].sub(m[0]).sub(m[8]).add(1);
        Tensor zz = m[8].sub(m[0]).sub(m[4]).add(1);
        Tensor ww = m[0].add(m[4]).add(m[8]).add(1);
        Tensor[][] rows = {{xx, xy, xz, xw}, {xy, yy, yz, yw}, {xz, yz, zz, zw}, {xw, yw, zw, ww}};
        Tensor xOverY = xx.ge(yy);
        Tensor zOverW = zz.ge(ww);
        Tensor first = xx.maximum(yy).ge(zz.maximum(ww));
        Tensor[] best = new Tensor[4];
        for (int i = 0; i < 4; i++) {
            Tensor ofXOrY = xOverY.select(rows[0][i], rows[1][i]);
            best[i] = first.select(ofXOrY, zOverW.select(rows[2][i], rows[3][i]));
        }
        return vector(canonical(unit(best)));
    }

    /** From two rows of a matrix, see {@link RotationMatrices#from6d}; w is not negative. */
    public static Tensor from6d(Tensor rows) {
        return fromMatrix(RotationMatrices.from6d(rows));
    }

    /** The rotation by q and then by p: Hamilton's product {@code p q}. */
    public static Tensor compose(Tensor p, Tensor q) {
        requireLast("compose", p, 4);
        requireLast("compose", q, 4);
        Tensor[] a = components(p);
        Tensor[] b = components(q);
        return vector(
                sum(a[3].mul(b[0]), a[0].mul(b[3]), a[1].mul(b[2]), a[2].mul(b[1]).neg()),
                sum(a[3].mul(b[1]), a[1].mul(b[3]), a[2].mul(b[0]), a[0].mul(b[2]).neg()),
                sum(a[3].mul(b[2]), a[2].mul(b[3]), a[0].mul(b[1]), a[1].mul(b[0]).neg()),
                a[3].mul(b[3]).sub(sum(a[0].mul(b[0]), a[1].mul(b[1]), a[2].mul(b[2]))));
    }

    private static Tensor sum(Tensor... terms) {
        Tensor sum = terms[0];
        for (int i = 1; i < terms.length; i++) {
            sum = sum.add(terms[i]);
        }
        return sum;
    }

    /** The rotation back: {@code (-x, -y, -z, w)}. */
    public static Tensor inverse(Tensor q) {
        requireLast("inverse", q, 4);
        Tensor[] each = components(q);
        return vector(each[0].neg(), each[1].neg(), each[2].neg(), each[3]);
    }

    /**
     * Points {@code [.., 3]} turned by q {@code [.., 4]}: {@code p + 2 w (v x p) + 2 v x (v x p)}.
     */
    public static Tensor rotate(Tensor q, Tensor points) {
        requireLast("rotate", q, 4);
        requireLast("rotate", points, 3);
        Tensor[] v = components(q);
        Tensor[] p = components(points);
        Tensor[] once = cross(v, p);
        Tensor[] twice = {once[0].mul(2), once[1].mul(2), once[2].mul(2)};
        Tensor[] beside = cross(v, twice);
        Tensor[] turned = new Tensor[3];
        for (int i = 0; i < 3; i++) {
            turned[i] = sum(p[i], twice[i].mul(v[3]), beside[i]);
        }
        return vector(turned);
    }

    /**
     * The angle of the rotation from p to q, in radians from 0 to pi: {@code [..]}. The gradient is
     * 0 where they are equal, and in w at a rotation by pi, where there is none.
     */
    public static Tensor angleBetween(Tensor p, Tensor q) {
        Tensor[] between = components(compose(inverse(p), q));
        Tensor sine = length(new Tensor[] {between[0], between[1], between[2]});
        return sine.atan2(between[3].abs()).mul(2).squeeze(-1);
    }

    /**
     * The way from p (at t = 0) to q (at t = 1) at constant speed about one axis, the shorter of
     * the two: {@code p exp(t log(p^-1 q))}; beyond 0 and 1 it goes on. Finite gradients where p
     * and q are equal; where they are half a turn apart either way is as short, and one is taken.
     *
     * <p>Source: Shoemake: Animating rotation with quaternion curves (SIGGRAPH 1985).
     *
     * @param t the shares of the way, {@code [..]}, one for each pair of quaternions
     */
    public static Tensor slerp(Tensor p, Tensor q, Tensor t) {
        Tensor way = RotationVectors.fromQuaternion(compose(inverse(p), q));
        return compose(p, fromRotationVector(way.mul(t.unsqueeze(-1))));
    }

    /** As above, with the same share for all. */
    public static Tensor slerp(Tensor p, Tensor q, double t) {
        return slerp(p, q, p.scalarLike(t));
    }
}
