package dev.ugoki.nn.vision;

import dev.ugoki.nn.Layer;
import dev.ugoki.nn.layer.Conv2d;
import dev.ugoki.nn.layer.FoldableNorm;
import dev.ugoki.nn.layer.Sequential;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * {@code relu(f(x) + shortcut(x))}, f being convolutions with a normalization behind each and a
 * ReLU between them.
 *
 * <p>State: {@code conv1}, {@code bn1}, {@code conv2}, {@code bn2}, .. and the shortcut's, where it
 * is not x itself.
 *
 * <p>Source: He et al.: Deep residual learning for image recognition (CVPR 2016).
 */
final class ResidualBlock extends Layer {
    private final List<Unit> units;
    private final String shortcutName;
    private final @Nullable Layer shortcut;

    /**
     * A convolution and what normalizes its result.
     *
     * @param norm null where it has become a part of the convolution
     */
    record Unit(Conv2d convolution, @Nullable Layer norm) {
        Tensor apply(Tensor x) {
            Tensor y = convolution.apply(x);
            return norm == null ? y : norm.apply(y);
        }

        /**
         * The same in one convolution.
         *
         * @throws IllegalStateException if the normalization depends on the input
         */
        Unit folded() {
            if (norm == null) {
                return this;
            }
            if (norm instanceof FoldableNorm foldable) {
                return new Unit(foldable.foldInto(convolution), null);
            }
            throw new IllegalStateException(
                    "folded: "
                            + norm.getClass().getSimpleName()
                            + " depends on its input, and cannot become a part of a convolution");
        }
    }

    ResidualBlock(List<Unit> units, String shortcutName, @Nullable Layer shortcut) {
        this.units = List.copyOf(units);
        this.shortcutName = shortcutName;
        int number = 1;
        for (Unit unit : units) {
            child("conv" + number, unit.convolution());
            if (unit.norm() != null) {
                child("bn" + number, unit.norm());
            }
            number++;
        }
        this.shortcut = shortcut == null ? null : child(shortcutName, shortcut);
    }

    /** A shortcut that is a convolution with a normalization, named 0 and 1. */
    static Sequential projection(Unit unit) {
        return unit.norm() == null
                ? new Sequential(unit.convolution())
                : new Sequential(unit.convolution(), unit.norm());
    }

    @Override
    public Tensor apply(Tensor x) {
        Tensor y = units.getFirst().apply(x);
        for (Unit unit : units.subList(1, units.size())) {
            y = unit.apply(y.relu());
        }
        return y.add(shortcut == null ? x : shortcut.apply(x)).relu();
    }

    /** The same with its normalizations in its convolutions. */
    ResidualBlock folded() {
        Layer folded = shortcut;
        if (shortcut instanceof Sequential projection && projection.size() == 2) {
            Unit unit = new Unit((Conv2d) projection.get(0), projection.get(1));
            folded = projection(unit.folded());
        }
        return new ResidualBlock(units.stream().map(Unit::folded).toList(), shortcutName, folded);
    }
}
