package dev.ugoki.tensor.geometry;

import static dev.ugoki.tensor.geometry.Representation.components;
import static dev.ugoki.tensor.geometry.Representation.dot;
import static dev.ugoki.tensor.geometry.Representation.polynomial;
import static dev.ugoki.tensor.geometry.Representation.requireLast;
import static dev.ugoki.tensor.geometry.Representation.vector;

import dev.ugoki.tensor.Tensor;

/**
 * Rotations as vectors {@code [.., 3]} (axis-angle): the direction is the axis, the length the
 * angle in radians. Conversions give angles from 0 to pi.
 *
 * <p>Source, where nothing else is named: rigid-body kinematics, as in Murray, Li, Sastry: A
 * mathematical introduction to robotic manipulation (1994), chapter 2.
 */
public final class RotationVectors {
    private RotationVectors() {}

    /**
     * From quaternions x, y, z, w {@code [.., 4]}: {@code 2 atan2(|v|, w) v/|v|} of the one of q
     * and -q whose w is not negative; smooth but at rotations by pi, where it jumps to the opposite
     * vector, with a finite gradient. The length of the quaternion does not matter; of one of
     * length 0 it is NaN.
     */
    public static Tensor fromQuaternion(Tensor quaternion) {
        requireLast("fromQuaternion", quaternion, 4);
        Tensor[] q = components(quaternion);
        Tensor[] v = {q[0], q[1], q[2]};
        Tensor isNegative = q[3].lt(0);
        Tensor w = isNegative.select(q[3].neg(), q[3]);
        Tensor square = dot(v, v);
        Tensor isSmall = square.lt(w.square().mul(1e-3));
        // Taylor's series of atan(r)/r in r^2 = (|v|/w)^2: exact to the last bit where taken.
        Tensor safe = w.maskedFill(isSmall.not(), 1);
        Tensor ratio = square.maskedFill(isSmall.not(), 0).div(safe.square());
        Tensor near =
                polynomial(ratio, 1, -1 / 3.0, 1 / 5.0, -1 / 7.0, 1 / 9.0, -1 / 11.0).div(safe);
        Tensor length = square.maskedFill(isSmall, 1).sqrt();
        Tensor far = length.atan2(w).div(length);
        Tensor angleOverLength = isSmall.select(near, far).mul(2);
        Tensor scale = isNegative.select(angleOverLength.neg(), angleOverLength);
        return vector(v[0].mul(scale), v[1].mul(scale), v[2].mul(scale));
    }

    /** From rotation matrices {@code [.., 3, 3]}; finite gradients at every rotation. */
    public static Tensor fromMatrix(Tensor matrix) {
        return fromQuaternion(Quaternions.fromMatrix(matrix));
    }

    /** From two rows of a matrix, see {@link RotationMatrices#from6d}. */
    public static Tensor from6d(Tensor rows) {
        return fromMatrix(RotationMatrices.from6d(rows));
    }

    /** The rotation back: {@code -v}. */
    public static Tensor inverse(Tensor v) {
        requireLast("inverse", v, 3);
        return v.neg();
    }

    /** The rotation by v and then by u. */
    public static Tensor compose(Tensor u, Tensor v) {
        return fromQuaternion(
                Quaternions.compose(
                        Quaternions.fromRotationVector(u), Quaternions.fromRotationVector(v)));
    }

    /** Points {@code [.., 3]} turned by v {@code [.., 3]}. */
    public static Tensor rotate(Tensor v, Tensor points) {
        return Quaternions.rotate(Quaternions.fromRotationVector(v), points);
    }
}
