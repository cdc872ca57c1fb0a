package dev.ugoki.tck;

import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.Normalization;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Rows of normalizations and of their gradients. */
final class NormalizationRows {
    private static final double EPSILON = 0.01;
    private static final Values ANY = Values.between(-2, 2);
    private static final Values WEIGHT = Values.between(0.5, 1.5);

    private static final Tolerance TOLERANCE = Tolerance.ulps(32);

    private NormalizationRows() {}

    static List<Row> all() {
        List<Row> rows = new ArrayList<>();
        addOverLast(rows, 1, " ", shape(2, 3, 4), shape(4));
        addOverLast(rows, 2, " over two dimensions", shape(2, 2, 3), shape(2, 3));
        addOverLast(rows, 1, " of rows", shape(3, 5, 67), shape(67));
        addOverLast(rows, 1, " of long rows", shape(3, 1031), shape(1031));
        addOverLast(rows, 1, " of nothing", shape(0, 5), shape(5));
        addOverChannels(rows, "", shape(2, 4, 3));
        addOverChannels(rows, " of images", shape(3, 4, 5, 7));
        addOverChannels(rows, " without positions", shape(5, 4));
        addOverChannels(rows, " of many images", shape(70, 6, 16));
        return rows;
    }

    private static long[] shape(long... extents) {
        return extents;
    }

    private static void addOverLast(
            List<Row> rows, int dims, String suffix, long[] x, long[] weight) {
        String name = suffix.isBlank() ? "" : suffix;
        boolean small = isSmall(Operand.of(ANY, x));
        Normalization layer = new Normalization.LayerNorm(dims, EPSILON);
        Normalization rms = new Normalization.RmsNorm(dims, EPSILON);
        Operand value = Operand.of(ANY, x);
        Operand scale = Operand.of(WEIGHT, weight);
        Operand shift = Operand.of(ANY, weight);
        add(rows, small, "layerNorm" + name, layer, value, scale, shift);
        add(rows, small, "layerNorm without bias" + name, layer, value, scale);
        add(rows, small, "layerNorm without weight" + name, layer, value);
        add(rows, small, "rmsNorm" + name, rms, value, scale);
        add(rows, small, "rmsNorm without weight" + name, rms, value);
        long[] one = x.clone();
        Arrays.fill(one, x.length - dims, x.length, 1);
        Operand mean = Operand.of(ANY, one);
        Operand inverse = Operand.of(WEIGHT, one);
        rows.add(
                gradient(
                        "layerNormGradient" + name,
                        new Normalization.LayerNormGradient(dims, true),
                        value,
                        value,
                        mean,
                        inverse,
                        scale));
        rows.add(
                gradient(
                        "layerNormGradient without weight" + name,
                        new Normalization.LayerNormGradient(dims, false),
                        value,
                        value,
                        mean,
                        inverse));
        rows.add(
                gradient(
                        "rmsNormGradient" + name,
                        new Normalization.RmsNormGradient(dims, true),
                        value,
                        value,
                        inverse,
                        scale));
        rows.add(
                gradient(
                        "rmsNormGradient without weight" + name,
                        new Normalization.RmsNormGradient(dims, false),
                        value,
                        value,
                        inverse));
    }

    private static void addOverChannels(List<Row> rows, String name, long[] x) {
        boolean small = isSmall(Operand.of(ANY, x));
        Normalization group = new Normalization.GroupNorm(2, EPSILON);
        Normalization batch = new Normalization.BatchNorm(EPSILON);
        Normalization inference = new Normalization.BatchNormInference(EPSILON);
        Operand value = Operand.of(ANY, x);
        Operand scale = Operand.of(WEIGHT, x[1]);
        Operand shift = Operand.of(ANY, x[1]);
        add(rows, small, "groupNorm" + name, group, value, scale, shift);
        add(rows, small, "groupNorm without weight" + name, group, value);
        add(rows, small, "batchNorm" + name, batch, value, scale, shift);
        add(rows, small, "batchNorm without weight" + name, batch, value);
        add(rows, small, "batchNormInference" + name, inference, value, shift, scale, scale, shift);
        add(
                rows,
                small,
                "batchNormInference without weight" + name,
                inference,
                value,
                shift,
                scale);
        Operand mean = Operand.of(ANY, x[0], 2);
        Operand inverse = Operand.of(WEIGHT, x[0], 2);
        rows.add(
                gradient(
                        "groupNormGradient" + name,
                        new Normalization.GroupNormGradient(2, true),
                        value,
                        value,
                        mean,
                        inverse,
                        scale));
        rows.add(
                gradient(
                        "groupNormGradient without weight" + name,
                        new Normalization.GroupNormGradient(2, false),
                        value,
                        value,
                        mean,
                        inverse));
        rows.add(
                gradient(
                        "batchNormGradient" + name,
                        new Normalization.BatchNormGradient(EPSILON, true),
                        value,
                        value,
                        shift,
                        scale,
                        scale));
        rows.add(
                gradient(
                        "batchNormGradient without weight" + name,
                        new Normalization.BatchNormGradient(EPSILON, false),
                        value,
                        value,
                        shift,
                        scale));
    }

    private static void add(
            List<Row> rows, boolean small, String name, Composite op, Operand... operands) {
        Row row = Row.of(name, op, Row.FLOATING, tolerance(operands), operands);
        rows.add(small ? row.withGradient() : row);
    }

    /** Statistics have the dtype of the computation, which for F32 and F64 is that of x. */
    private static Row gradient(String name, Composite op, Operand... operands) {
        Row row = Row.of(name, op, Set.of(DType.F64, DType.F32), tolerance(operands), operands);
        return isSmall(operands[0]) ? row.withGradient() : row;
    }

    private static boolean isSmall(Operand operand) {
        return operand.shape().elementCount() <= 24;
    }

    /** A sum over many elements loses more; where all are equal, a small deviation magnifies it. */
    private static Tolerance tolerance(Operand... operands) {
        return TOLERANCE.orEpsilons(64 + operands[0].shape().elementCount());
    }
}
