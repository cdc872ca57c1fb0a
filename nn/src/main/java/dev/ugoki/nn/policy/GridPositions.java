package dev.ugoki.nn.policy;

import dev.ugoki.nn.Init;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Tensor;

/**
 * Fixed sines and cosines that say where something is, on a line or on a grid.
 *
 * <p>Source: Vaswani et al. (NeurIPS 2017) for lines; Carion et al. (ECCV 2020) for grids.
 */
final class GridPositions {
    private static final double LONGEST = 10_000;

    private GridPositions() {}

    /** A line {@code [1, count, width]}: at p, {@code sin} and {@code cos} in turn of p. */
    static Tensor line(int count, int width) {
        double[] positions = new double[count];
        for (int p = 0; p < count; p++) {
            positions[p] = p;
        }
        return waves(positions, width).cast(Init.dtype()).unsqueeze(0);
    }

    /**
     * A grid {@code [height * width, channels]}, row by row: half of the channels say in which row,
     * the others in which column, both counted from 1 and scaled to one turn.
     */
    static Tensor of(long height, long width, int channels, DType dtype) {
        Tensor rows = waves(turns(height), channels / 2).cast(dtype);
        Tensor columns = waves(turns(width), channels / 2).cast(dtype);
        long half = channels / 2;
        return Tensor.concat(
                        -1,
                        rows.unsqueeze(1).expand(height, width, half),
                        columns.unsqueeze(0).expand(height, width, half))
                .reshape(height * width, channels);
    }

    private static double[] turns(long count) {
        double[] turns = new double[(int) count];
        for (int i = 0; i < count; i++) {
            turns[i] = (i + 1) / (count + 1e-6) * 2 * Math.PI;
        }
        return turns;
    }

    /** F64 {@code [positions, width]}: channels 2k and 2k + 1 are sine and cosine of one angle. */
    private static Tensor waves(double[] positions, int width) {
        double[] values = new double[positions.length * width];
        for (int p = 0; p < positions.length; p++) {
            for (int i = 0; i < width; i++) {
                double angle = positions[p] / Math.pow(LONGEST, 2.0 * (i / 2) / width);
                values[p * width + i] = i % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle);
            }
        }
        return Tensor.of(values, positions.length, width);
    }
}
