package dev.ugoki.nn.layer;

import dev.ugoki.nn.Buffer;
import dev.ugoki.nn.Init;
import dev.ugoki.nn.Layer;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

/**
 * Where in an image each channel is active: {@code [n, channels, height, width] -> [n, points, 2]},
 * the mean of x and y from -1 to 1, weighted by the softmax of the channel over all places.
 *
 * <p>State as LeRobot's: {@code nets.weight [points, channels, 1, 1]} and {@code nets.bias}, a
 * convolution that makes the points of the channels, where there is one; and {@code pos_grid
 * [height * width, 2]}, the coordinates, which a state may lack.
 *
 * <p>Source: Finn et al.: Deep spatial autoencoders for visuomotor learning (ICRA 2016).
 */
public final class SpatialSoftmax extends Layer {
    private final @Nullable Conv2d nets;
    private final Buffer grid;
    private final long height;
    private final long width;

    /**
     * A layer with a point for each channel.
     *
     * @param height of the images it is for
     * @param width of the images it is for
     */
    public SpatialSoftmax(long height, long width) {
        this.height = height;
        this.width = width;
        nets = null;
        grid = optionalBuffer("pos_grid", coordinates(height, width));
    }

    /** A layer with a number of points, each made of all channels. */
    public SpatialSoftmax(long channels, long height, long width, long points, Key key) {
        this.height = height;
        this.width = width;
        nets = child("nets", new Conv2d(channels, points, 1, Convolutions.Settings.DEFAULT, key));
        grid = optionalBuffer("pos_grid", coordinates(height, width));
    }

    /** x and y of each place, row by row; rounded to F32 once, from F64. */
    private static Tensor coordinates(long height, long width) {
        float[] values = new float[Math.toIntExact(Math.multiplyExact(2 * height, width))];
        int at = 0;
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < width; column++) {
                values[at++] = place(column, width);
                values[at++] = place(row, height);
            }
        }
        return Tensor.of(values, height * width, 2).cast(Init.dtype());
    }

    private static float place(long index, long count) {
        return (float) (count == 1 ? -1 : -1 + index * (2.0 / (count - 1)));
    }

    @Override
    public Tensor apply(Tensor x) {
        if (x.rank() != 4 || x.extent(2) != height || x.extent(3) != width) {
            throw new IllegalArgumentException(
                    "SpatialSoftmax: is for images of %d by %d, [n, channels, %d, %d], not %s"
                            .formatted(height, width, height, width, x.type()));
        }
        Tensor points = nets == null ? x : nets.apply(x);
        Tensor weights = points.flatten(2, -1).softmax(-1);
        return weights.matmul(grid.tensor());
    }

    @Override
    protected String settings() {
        return height + "x" + width;
    }
}
