package dev.ugoki.nn.vision;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Indexing;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

/**
 * Changes images at random, each in its own way, so that a network learns to look past that: {@code
 * [n, 3, height, width] -> [n, 3, height, width]}, RGB from 0 to 1.
 *
 * <pre>{@code
 * Tensor images = ImageAugmentation.NONE.withShift(4).withColour(0.2, 0.2, 0.2).apply(x, key);
 * }</pre>
 *
 * <p>In this order: a part of the image is cut out and fills it again (crop), it is moved by whole
 * pixels, the edge repeated where nothing is left (shift), and its colours change, held to 0 .. 1.
 * Pixels are taken as they are, the nearest one. The same key draws the same changes.
 *
 * <p>Source: Kostrikov et al.: Image augmentation is all you need (ICLR 2021) for shifts;
 * torchvision's RandomResizedCrop and ColorJitter for the others, here in a fixed order.
 *
 * @param crop the part that is cut out has sides from {@code 1 - crop} to 1 of the image's
 * @param shift the farthest that an image is moved along each axis, in pixels
 * @param brightness colours are multiplied by {@code 1 - brightness} to {@code 1 + brightness}
 * @param contrast the distance from the image's mean grey is multiplied likewise
 * @param saturation the distance from each pixel's grey is multiplied likewise
 */
public record ImageAugmentation(
        double crop, int shift, double brightness, double contrast, double saturation) {
    /** No change. */
    public static final ImageAugmentation NONE = new ImageAugmentation(0, 0, 0, 0, 0);

    public ImageAugmentation {
        if (!(crop >= 0 && crop < 1) || shift < 0) {
            throw new IllegalArgumentException(
                    "augmentation: crop must be from 0 to below 1, and shift at least 0; they are "
                            + crop
                            + " and "
                            + shift);
        }
        for (double strength : new double[] {brightness, contrast, saturation}) {
            if (!(strength >= 0 && strength <= 1)) {
                throw new IllegalArgumentException(
                        "augmentation: brightness, contrast and saturation must be from 0 to 1: "
                                + strength);
            }
        }
    }

    public ImageAugmentation withCrop(double value) {
        return new ImageAugmentation(value, shift, brightness, contrast, saturation);
    }

    public ImageAugmentation withShift(int value) {
        return new ImageAugmentation(crop, value, brightness, contrast, saturation);
    }

    public ImageAugmentation withColour(
            double newBrightness, double newContrast, double newSaturation) {
        return new ImageAugmentation(crop, shift, newBrightness, newContrast, newSaturation);
    }

    /** Changed images. */
    public Tensor apply(Tensor images, Key key) {
        if (images.rank() != 4 || images.extent(1) != 3 || !images.dtype().isFloating()) {
            throw new IllegalArgumentException(
                    "augmentation: images must be floating [n, 3, height, width], and are "
                            + images.type());
        }
        return coloured(moved(images, key.fold(0)), key.fold(1));
    }

    private Tensor moved(Tensor images, Key key) {
        if (crop == 0 && shift == 0) {
            return images;
        }
        long count = images.extent(0);
        // One size for both axes, or what is round becomes long.
        Tensor size = Random.uniformBetween(1 - crop, 1, key.fold(0), DType.F32, count, 1);
        Tensor rows = sources(images.extent(2), size, key.fold(1));
        Tensor columns = sources(images.extent(3), size, key.fold(2));
        Tensor taken = Indexing.takeAlongDim(images, rows.reshape(count, 1, -1, 1), 2);
        return Indexing.takeAlongDim(taken, columns.reshape(count, 1, 1, -1), 3);
    }

    /** Of each image, which pixel each one along an axis is taken from: I64 {@code [n, length]}. */
    private Tensor sources(long length, Tensor size, Key key) {
        long count = size.extent(0);
        Tensor start =
                Random.uniform(key.fold(0), DType.F32, count, 1).mul(size.neg().add(1)).mul(length);
        Tensor steps = Random.integers(key.fold(1), -shift, shift + 1L, count, 1).cast(DType.F32);
        Tensor places = Tensor.arange(DType.I64, length).cast(DType.F32).add(0.5);
        Tensor wanted = places.reshape(1, length).add(steps).mul(size).add(start);
        return wanted.floor().clamp(0, length - 1).cast(DType.I64);
    }

    private Tensor coloured(Tensor images, Key key) {
        Tensor changed = images;
        if (brightness > 0) {
            changed = changed.mul(factor(brightness, changed, key.fold(0))).clamp(0, 1);
        }
        if (contrast > 0) {
            Tensor mean = grey(changed).mean(true, 1, 2, 3);
            changed = around(mean, changed, factor(contrast, changed, key.fold(1)));
        }
        if (saturation > 0) {
            changed = around(grey(changed), changed, factor(saturation, changed, key.fold(2)));
        }
        return changed;
    }

    private static Tensor factor(double strength, Tensor images, Key key) {
        return Random.uniformBetween(
                1 - strength, 1 + strength, key, images.dtype(), images.extent(0), 1, 1, 1);
    }

    private static Tensor around(Tensor centre, Tensor images, Tensor factor) {
        return images.sub(centre).mul(factor).add(centre).clamp(0, 1);
    }

    /** ITU-R BT.601's luma, {@code [n, 1, height, width]}. */
    private static Tensor grey(Tensor images) {
        return images.narrow(1, 0, 1)
                .mul(0.299)
                .add(images.narrow(1, 1, 1).mul(0.587))
                .add(images.narrow(1, 2, 1).mul(0.114));
    }
}
