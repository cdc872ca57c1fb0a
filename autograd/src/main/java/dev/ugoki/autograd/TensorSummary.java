package dev.ugoki.autograd;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.spi.Stored;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/** What is said of a tensor's values where one of them is not a number. */
final class TensorSummary {
    private TensorSummary() {}

    static boolean hasNaN(Tensor tensor) {
        return isFloating(tensor) && any(tensor, x -> x.ne(x));
    }

    static boolean hasInfinity(Tensor tensor) {
        return isFloating(tensor) && any(tensor, x -> x.abs().eq(Double.POSITIVE_INFINITY));
    }

    /** Whether two tensors of one type hold the same values; NaN is the same as NaN. */
    static boolean same(Tensor one, Tensor other) {
        if (!(one.payload() instanceof Stored) || !(other.payload() instanceof Stored)) {
            return true;
        }
        return Arrays.equals(
                one.withLineage(null).toDoubleArray(), other.withLineage(null).toDoubleArray());
    }

    /** The type, how many elements are no numbers and which is the first, and the others' range. */
    static String of(Tensor tensor) {
        if (!(tensor.payload() instanceof Stored)) {
            return tensor.type().toString();
        }
        double[] values = tensor.toDoubleArray();
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        int nans = 0;
        int infinities = 0;
        int first = -1;
        for (int i = 0; i < values.length; i++) {
            if (Double.isFinite(values[i])) {
                least = Math.min(least, values[i]);
                most = Math.max(most, values[i]);
                continue;
            }
            nans += Double.isNaN(values[i]) ? 1 : 0;
            infinities += Double.isNaN(values[i]) ? 0 : 1;
            first = first < 0 ? i : first;
        }
        StringBuilder text = new StringBuilder(tensor.type().toString());
        text.append(nans > 0 ? ", " + nans + " NaN" : "");
        text.append(infinities > 0 ? ", " + infinities + " infinite" : "");
        text.append(first >= 0 ? ", the first at " + place(tensor, first) : "");
        if (least <= most) {
            text.append(first >= 0 ? ", the others" : ",").append(" from ");
            text.append((float) least).append(" to ").append((float) most);
        }
        return text.toString();
    }

    private static String place(Tensor tensor, int number) {
        long[] index = new long[tensor.rank()];
        long rest = number;
        for (int dim = index.length - 1; dim >= 0; dim--) {
            index[dim] = rest % tensor.extent(dim);
            rest /= tensor.extent(dim);
        }
        return Arrays.toString(index);
    }

    private static boolean isFloating(Tensor tensor) {
        return tensor.dtype().isFloating() && tensor.payload() instanceof Stored;
    }

    private static boolean any(Tensor tensor, UnaryOperator<Tensor> test) {
        try (TensorScope _ = TensorScope.open()) {
            return test.apply(tensor.withLineage(null)).any(false).item() != 0;
        }
    }
}
