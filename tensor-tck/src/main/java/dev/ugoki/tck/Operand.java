package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.util.random.RandomGenerator;

/**
 * An operand of a row: a shape, and where its values come from.
 *
 * @param dtype or null for that which the row is run with
 * @param wholeMatrices whether layouts that repeat rows or columns would make it useless: a matrix
 *     is then singular
 */
public record Operand(Shape shape, Values values, @Nullable DType dtype, boolean wholeMatrices) {
    /** An operand of the dtype that the row is run with. */
    public static Operand of(Values values, long... shape) {
        return new Operand(Shape.of(shape), values, null, false);
    }

    /** An operand of a dtype of its own, such as an index. */
    public static Operand of(DType dtype, Values values, long... shape) {
        return new Operand(Shape.of(shape), values, dtype, false);
    }

    /** The same as matrices whose rows and columns no layout repeats. */
    public Operand ofWholeMatrices() {
        return new Operand(shape, values, dtype, true);
    }

    /** Whether it can lie so. */
    boolean takes(Layout layout) {
        boolean spoils =
                layout == Layout.EXPANDED_LAST
                        || (layout == Layout.EXPANDED_FIRST && shape.rank() == 2);
        return layout.fits(shape) && !(wholeMatrices && spoils);
    }

    /** Its dtype where the row is run with {@code rowDType}. */
    public DType dtypeIn(DType rowDType) {
        return dtype == null ? rowDType : dtype;
    }

    /** A new tensor of such values on the current device, which converts them. */
    Tensor make(DType rowDType, RandomGenerator random) {
        DType to = dtypeIn(rowDType);
        int count = Math.toIntExact(shape.elementCount());
        if (to.isFloating()) {
            double[] doubles = new double[count];
            for (int i = 0; i < count; i++) {
                doubles[i] = values.at(random, i).doubleValue();
            }
            return Tensor.of(doubles, shape.toArray()).cast(to);
        }
        long[] longs = new long[count];
        for (int i = 0; i < count; i++) {
            longs[i] = values.at(random, i).longValue();
        }
        return Tensor.of(longs, shape.toArray()).cast(to);
    }
}
