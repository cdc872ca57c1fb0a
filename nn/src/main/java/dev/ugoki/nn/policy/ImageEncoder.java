package dev.ugoki.nn.policy;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.RandomScope;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.nn.layer.SpatialSoftmax;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

/**
 * Diffusion Policy's eyes: a ResNet-18, the places of keypoints in its features, and a linear map:
 * {@code [n, 3, h, w] -> [n, 2 * keypoints]}.
 *
 * <p>State names are LeRobot's: {@code backbone}, {@code pool}, {@code out}.
 */
final class ImageEncoder extends Layer {
    private final VisualDiffusionPolicy.Vision vision;
    private final Layer backbone;
    private final SpatialSoftmax pool;
    private final Linear out;

    ImageEncoder(VisualDiffusionPolicy.Vision vision, Key key) {
        this.vision = vision;
        backbone =
                child(
                        "backbone",
                        vision.backbone().numbered(vision.normalizesGroups(), key.fold(0)));
        int height = vision.cropHeight() > 0 ? vision.cropHeight() : vision.height();
        int width = vision.cropWidth() > 0 ? vision.cropWidth() : vision.width();
        pool =
                child(
                        "pool",
                        new SpatialSoftmax(
                                vision.backbone().channels(),
                                Backbone.cells(height),
                                Backbone.cells(width),
                                vision.keypoints(),
                                key.fold(1)));
        out = child("out", new Linear(width(vision), width(vision), key.fold(2)));
    }

    /** How many numbers an image becomes. */
    static int width(VisualDiffusionPolicy.Vision vision) {
        return 2 * vision.keypoints();
    }

    @Override
    public Tensor apply(Tensor x) {
        if (x.rank() != 4 || x.extent(2) != vision.height() || x.extent(3) != vision.width()) {
            throw new IllegalArgumentException(
                    "diffusion policy: images must be [n,3,%d,%d], and are %s"
                            .formatted(vision.height(), vision.width(), x.type()));
        }
        Tensor places = pool.apply(backbone.apply(cropped(x)));
        return out.apply(places.flatten(1, 2)).relu();
    }

    private Tensor cropped(Tensor x) {
        if (vision.cropHeight() == 0) {
            return x;
        }
        long rows = vision.cropHeight();
        long columns = vision.cropWidth();
        if (vision.cropsAtRandom() && isTraining()) {
            return part(part(x, 2, rows), 3, columns);
        }
        long top = (long) Math.rint((x.extent(2) - rows) / 2.0);
        long left = (long) Math.rint((x.extent(3) - columns) / 2.0);
        return x.narrow(2, top, rows).narrow(3, left, columns);
    }

    /** A part at a place that is drawn, the same for the whole batch. */
    private static Tensor part(Tensor x, int dim, long length) {
        Tensor start = Random.integers(RandomScope.nextKey(), 0, x.extent(dim) - length + 1, 1);
        return x.indexSelect(dim, Tensor.arange(DType.I64, length).add(start));
    }
}
