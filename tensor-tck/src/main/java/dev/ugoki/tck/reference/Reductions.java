package dev.ugoki.tck.reference;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import java.util.Arrays;
import java.util.Comparator;

/** Operations along dimensions: reductions, running sums, sorting. */
final class Reductions {
    private Reductions() {}

    static void reduce(Prim.Reduce op, Elements operand, Elements result) {
        int count = Math.toIntExact(result.count());
        double[] doubles = new double[count];
        Sums sums = new Sums(count);
        boolean adds = op.kind() == Prim.Reduce.Kind.SUM;
        long[] longs = new long[count];
        boolean[] started = new boolean[count];
        Arrays.fill(doubles, op.kind() == Prim.Reduce.Kind.PROD ? 1 : 0);
        boolean one = op.kind() == Prim.Reduce.Kind.PROD || op.kind() == Prim.Reduce.Kind.ALL;
        Arrays.fill(longs, one ? 1 : 0);
        boolean floating = operand.dtype().isFloating();
        Indices.forEach(
                operand.shape(),
                from -> {
                    int to = (int) result.number(without(op, from));
                    if (floating && adds) {
                        sums.add(to, operand.getDouble(operand.position(from)));
                    } else if (floating) {
                        double x = operand.getDouble(operand.position(from));
                        doubles[to] = combine(op.kind(), started[to], doubles[to], x);
                    } else {
                        long x = operand.getLong(operand.position(from));
                        longs[to] = combine(op.kind(), started[to], longs[to], x);
                    }
                    started[to] = true;
                });
        for (int i = 0; i < count; i++) {
            if (floating) {
                result.setDouble(result.position((long) i), adds ? sums.get(i) : doubles[i]);
            } else {
                result.setLong(result.position((long) i), longs[i]);
            }
        }
    }

    /** The index in the result: that in the operand less the reduced dimensions. */
    private static long[] without(Prim.Reduce op, long[] index) {
        long[] kept = new long[index.length - op.axes().count()];
        int next = 0;
        for (int dim = 0; dim < index.length; dim++) {
            if (!op.axes().contains(dim)) {
                kept[next++] = index[dim];
            }
        }
        return kept;
    }

    private static double combine(Prim.Reduce.Kind kind, boolean started, double sum, double x) {
        return switch (kind) {
            case PROD -> sum * x;
            case MAX -> started ? Math.max(sum, x) : x;
            case MIN -> started ? Math.min(sum, x) : x;
            case SUM, ANY, ALL -> throw new IllegalArgumentException(kind + " is done elsewhere");
        };
    }

    private static long combine(Prim.Reduce.Kind kind, boolean started, long sum, long x) {
        return switch (kind) {
            case SUM -> sum + x;
            case PROD -> sum * x;
            case MAX -> started ? Math.max(sum, x) : x;
            case MIN -> started ? Math.min(sum, x) : x;
            case ANY -> sum | x;
            case ALL -> sum & x;
        };
    }

    static void scan(Prim.Scan op, Elements operand, Elements result) {
        long extent = extent(operand, op.dim());
        forEachLine(
                operand,
                op.dim(),
                line -> {
                    Sums sum = new Sums(1);
                    double runningDouble = 0;
                    long runningLong = 0;
                    for (long n = 0; n < extent; n++) {
                        line[op.dim()] = op.reverse() ? extent - 1 - n : n;
                        long from = operand.position(line);
                        long to = result.position(line);
                        if (operand.dtype().isFloating()) {
                            double x = operand.getDouble(from);
                            sum.add(0, x);
                            runningDouble = n == 0 ? x : combine(op.kind(), runningDouble, x, sum);
                            result.setDouble(to, runningDouble);
                        } else {
                            long x = operand.getLong(from);
                            runningLong = n == 0 ? x : combine(op.kind(), runningLong, x);
                            result.setLong(to, runningLong);
                        }
                    }
                });
    }

    private static double combine(Prim.Scan.Kind kind, double running, double x, Sums sum) {
        return switch (kind) {
            case SUM -> sum.get(0);
            case PROD -> running * x;
            case MAX -> Math.max(running, x);
            case MIN -> Math.min(running, x);
        };
    }

    private static long combine(Prim.Scan.Kind kind, long running, long x) {
        return switch (kind) {
            case SUM -> running + x;
            case PROD -> running * x;
            case MAX -> Math.max(running, x);
            case MIN -> Math.min(running, x);
        };
    }

    static void argReduce(Prim.ArgReduce op, Elements operand, Elements result) {
        long extent = extent(operand, op.dim());
        boolean max = op.kind() == Prim.ArgReduce.Kind.MAX;
        long[] next = {0};
        forEachLine(
                operand,
                op.dim(),
                line -> {
                    long best = 0;
                    for (long i = 1; i < extent; i++) {
                        if (wins(max, operand, line, op.dim(), i, best)) {
                            best = i;
                        }
                    }
                    result.setLong(result.position(next[0]++), best);
                });
    }

    private static boolean wins(
            boolean max, Elements operand, long[] line, int dim, long challenger, long best) {
        if (operand.dtype().isFloating()) {
            double x = doubleAt(operand, line, dim, challenger);
            double y = doubleAt(operand, line, dim, best);
            if (Double.isNaN(x) || Double.isNaN(y)) {
                return !Double.isNaN(y);
            }
            return max ? x > y : x < y;
        }
        long x = longAt(operand, line, dim, challenger);
        long y = longAt(operand, line, dim, best);
        return max ? x > y : x < y;
    }

    static void argSort(Prim.ArgSort op, Elements operand, Elements result) {
        Long[] order = new Long[Math.toIntExact(extent(operand, op.dim()))];
        forEachLine(
                operand,
                op.dim(),
                line -> {
                    Arrays.setAll(order, i -> (long) i);
                    Comparator<Long> ascending = ascending(operand, line, op.dim());
                    // Arrays.sort is stable; reversed() keeps equal ones in their order.
                    Arrays.sort(order, op.descending() ? ascending.reversed() : ascending);
                    for (int i = 0; i < order.length; i++) {
                        line[op.dim()] = i;
                        result.setLong(result.position(line), order[i]);
                    }
                });
    }

    private static Comparator<Long> ascending(Elements operand, long[] line, int dim) {
        if (!operand.dtype().isFloating()) {
            return Comparator.comparingLong(i -> longAt(operand, line, dim, i));
        }
        // Adding 0 makes -0 to 0: the two are equal.
        return Comparator.comparingDouble(i -> doubleAt(operand, line, dim, i) + 0.0);
    }

    private static double doubleAt(Elements operand, long[] line, int dim, long i) {
        line[dim] = i;
        return operand.getDouble(operand.position(line));
    }

    private static long longAt(Elements operand, long[] line, int dim, long i) {
        line[dim] = i;
        return operand.getLong(operand.position(line));
    }

    private static long extent(Elements operand, int dim) {
        return operand.extent(dim);
    }

    /** Calls {@code action} for each index that differs from others in more than {@code dim}. */
    private static void forEachLine(Elements operand, int dim, Indices.Action action) {
        long[] extents = operand.shape().toArray();
        extents[dim] = Math.min(1, extents[dim]);
        Indices.forEach(
                Shape.of(extents),
                index -> {
                    action.at(index);
                    index[dim] = 0;
                });
    }
}
