package dev.ugoki.tensor.geometry;

import static dev.ugoki.tensor.geometry.Representation.requireLast;
import static dev.ugoki.tensor.geometry.Representation.requireMatrices;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import java.util.Arrays;

/**
 * Poses (a rotation and a translation) as homogeneous matrices {@code [.., 4, 4]}, {@code [R t; 0
 * 1]}: where a frame lies in another one. {@code p' = R p + t} takes a point from the inner frame
 * to the outer one. Batches broadcast.
 *
 * <p>Source, where nothing else is named: rigid-body kinematics, as in Murray, Li, Sastry: A
 * mathematical introduction to robotic manipulation (1994), chapter 2.
 */
public final class Poses {
    private Poses() {}

    /** The pose of a rotation {@code [.., 3, 3]} and a translation {@code [.., 3]}. */
    public static Tensor of(Tensor rotation, Tensor translation) {
        requireMatrices("of", rotation, 3);
        requireLast("of", translation, 3);
        // Their product is made for its batch alone: that of both, broadcast.
        Shape batch = batch(rotation.mul(translation.unsqueeze(-2)), 2);
        Tensor r = rotation.expand(with(batch, 3, 3));
        Tensor t = translation.unsqueeze(-1).expand(with(batch, 3, 1));
        Tensor above = Tensor.concat(-1, r, t);
        Tensor zeros = rotation.scalarLike(0).expand(with(batch, 1, 3));
        Tensor below = Tensor.concat(-1, zeros, rotation.scalarLike(1).expand(with(batch, 1, 1)));
        return Tensor.concat(-2, above, below);
    }

    /** The rotation {@code [.., 3, 3]}. */
    public static Tensor rotation(Tensor pose) {
        requireMatrices("rotation", pose, 4);
        return pose.slice(-2, 0, 3).slice(-1, 0, 3);
    }

    /** The translation {@code [.., 3]}. */
    public static Tensor translation(Tensor pose) {
        requireMatrices("translation", pose, 4);
        return pose.slice(-2, 0, 3).slice(-1, 3, 4).squeeze(-1);
    }

    /** The pose of c in a, where b lies at {@code ab} in a and c at {@code bc} in b. */
    public static Tensor compose(Tensor ab, Tensor bc) {
        requireMatrices("compose", ab, 4);
        requireMatrices("compose", bc, 4);
        return ab.matmul(bc);
    }

    /** The pose of the outer frame in the inner one: {@code [R^T, -R^T t; 0 1]}. */
    public static Tensor inverse(Tensor pose) {
        Tensor back = rotation(pose).transpose(-2, -1);
        return of(back, RotationMatrices.rotate(back, translation(pose)).neg());
    }

    /** Points {@code [.., 3]} of the inner frame, in the outer one. */
    public static Tensor apply(Tensor pose, Tensor points) {
        return RotationMatrices.rotate(rotation(pose), points).add(translation(pose));
    }

    private static Shape batch(Tensor x, int less) {
        return Shape.of(Arrays.copyOf(x.shape().toArray(), x.rank() - less));
    }

    private static Shape with(Shape batch, long rows, long columns) {
        long[] extents = Arrays.copyOf(batch.toArray(), batch.rank() + 2);
        extents[batch.rank()] = rows;
        extents[batch.rank() + 1] = columns;
        return Shape.of(extents);
    }
}
