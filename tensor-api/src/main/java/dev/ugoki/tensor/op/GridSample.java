package dev.ugoki.tensor.op;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorType;

import java.util.Arrays;

/**
 * An image sampled wherever a grid says: x {@code [n, c, spatial..]} and grid {@code [n, out.., r]}
 * give {@code [n, c, out..]}, r being the number of spatial dimensions, one to three.
 *
 * <p>A place's last coordinate is that of the first spatial dimension: for images the grid holds
 * (x, y). From -1 to 1 they span the image: coordinate g lies at element {@code ((g + 1) * extent -
 * 1) / 2}, or with aligned corners at {@code (g + 1) * (extent - 1) / 2}. NEAREST takes the nearest
 * element, halves going to the even one; LINEAR weighs the 2^r elements around. The gradient goes
 * to x and, by the weights, to the grid, where it is that of one side at each element's center. A
 * coordinate that is NaN gives NaN.
 *
 * <p>Source: Jaderberg et al., Spatial transformer networks (NeurIPS 2015); conventions as in
 * PyTorch's {@code grid_sample}.
 *
 * @param outside what is found beyond the outer elements
 */
public record GridSample(Interpolate.Mode mode, Outside outside, boolean alignCorners)
        implements Composite {
    /** What lies outside of an image. */
    public enum Outside {
        /** Nothing but zeros. */
        ZEROS,
        /** The nearest element of the border. */
        BORDER
    }

    @Override
    public TensorType[] infer(TensorType... in) {
        Operands.count(this, in, 2, 2);
        Operands.floating(this, in, 2);
        Operands.rankAtLeast(this, in, 0, 3, "[n,c,spatial..]");
        Shape x = in[0].shape();
        Shape grid = in[1].shape();
        int rank = x.rank() - 2;
        if (rank > 3) {
            throw TypeRules.wrong(this, in, "takes one to three spatial dimensions, not " + rank);
        }
        if (grid.rank() != rank + 2 || grid.extent(0) != x.extent(0) || grid.extent(-1) != rank) {
            throw TypeRules.wrong(
                    this,
                    in,
                    "the grid must be ["
                            + x.extent(0)
                            + ",out..,"
                            + rank
                            + "] of rank "
                            + (rank + 2));
        }
        long[] extents = x.toArray();
        for (int i = 0; i < rank; i++) {
            if (extents[i + 2] == 0) {
                throw TypeRules.wrong(this, in, "spatial dimension " + i + " is empty");
            }
            extents[i + 2] = grid.extent(i + 1);
        }
        return new TensorType[] {in[0].withShape(Shape.of(extents))};
    }

    @Override
    public Tensor[] decompose(Tensor... operands) {
        TensorType type = Operands.check(this, operands)[0];
        Tensor x = Operands.wide(operands[0]);
        Tensor grid = Operands.wide(operands[1]);
        int rank = x.rank() - 2;
        long n = x.extent(0);
        long channels = x.extent(1);
        long[] spatial = Arrays.copyOfRange(x.shape().toArray(), 2, rank + 2);
        long elements = Shape.of(spatial).elementCount();
        long places = grid.shape().elementCount() / Math.max(1, n * rank);
        Tensor[] at = new Tensor[rank];
        for (int i = 0; i < rank; i++) {
            Tensor coordinate = grid.slice(-1, rank - 1 - i, rank - i);
            at[i] = place(coordinate.reshape(Shape.of(n, places)), spatial[i]);
        }
        // Channels last, so that a place is one row.
        Tensor rows = x.reshape(Shape.of(n, channels, elements)).transpose(1, 2);
        Tensor sum = sample(rows, at, spatial);
        return new Tensor[] {sum.transpose(1, 2).reshape(type.shape()).cast(operands[0].dtype())};
    }

    private Tensor place(Tensor coordinate, long extent) {
        Tensor shifted = coordinate.add(1);
        Tensor at =
                alignCorners ? shifted.mul((extent - 1) / 2.0) : shifted.mul(extent / 2.0).sub(0.5);
        return outside == Outside.BORDER ? at.clamp(0, extent - 1) : at;
    }

    /** The sum over the elements around each place: {@code [n, places, c]}. */
    private Tensor sample(Tensor rows, Tensor[] at, long[] spatial) {
        if (mode == Interpolate.Mode.NEAREST) {
            Tensor[] nearest = Arrays.stream(at).map(Tensor::round).toArray(Tensor[]::new);
            return rowsAt(rows, nearest, spatial);
        }
        Tensor[] low = Arrays.stream(at).map(Tensor::floor).toArray(Tensor[]::new);
        Tensor sum = rows.scalarLike(0);
        for (int corner = 0; corner < 1 << at.length; corner++) {
            Tensor[] element = new Tensor[at.length];
            Tensor weight = rows.scalarLike(1);
            for (int i = 0; i < at.length; i++) {
                boolean upper = (corner >> i & 1) == 1;
                Tensor fraction = at[i].sub(low[i]);
                weight = weight.mul(upper ? fraction : fraction.neg().add(1));
                element[i] = upper ? low[i].add(1) : low[i];
            }
            sum = sum.add(rowsAt(rows, element, spatial).mul(weight.unsqueeze(-1)));
        }
        return sum;
    }

    /** The rows of the given elements, zeros where there is none. */
    private static Tensor rowsAt(Tensor rows, Tensor[] element, long[] spatial) {
        Tensor inside = exists(element[0], spatial[0]);
        Tensor number = index(element[0], spatial[0]);
        for (int i = 1; i < spatial.length; i++) {
            inside = inside.and(exists(element[i], spatial[i]));
            number = number.mul(spatial[i]).add(index(element[i], spatial[i]));
        }
        Shape taken = Shape.of(rows.extent(0), number.extent(1), rows.extent(2));
        Tensor found = rows.gather(1, number.unsqueeze(-1).expand(taken));
        return inside.unsqueeze(-1).select(found, found.scalarLike(0));
    }

    private static Tensor exists(Tensor element, long extent) {
        return element.ge(0).and(element.le(extent - 1));
    }

    private static Tensor index(Tensor element, long extent) {
        return element.detach().clamp(0, extent - 1).cast(DType.I64);
    }
}
