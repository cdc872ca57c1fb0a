package dev.ugoki.tck.reference;

import dev.ugoki.tensor.op.Axes;
import dev.ugoki.tensor.op.Prim;

import java.util.List;

/** Operations that only move elements to other places. */
final class Layouts {
    private Layouts() {}

    /** The same elements in the same order. */
    static void reshape(Elements operand, Elements result) {
        for (long i = 0; i < result.count(); i++) {
            result.copy(result.position(i), operand, operand.position(i));
        }
    }

    static void permute(Axes dims, Elements operand, Elements result) {
        long[] from = new long[dims.count()];
        Indices.forEach(
                result.shape(),
                to -> {
                    for (int dim = 0; dim < from.length; dim++) {
                        from[dims.get(dim)] = to[dim];
                    }
                    result.copy(result.position(to), operand, operand.position(from));
                });
    }

    static void expand(Elements operand, Elements result) {
        long[] from = new long[operand.shape().rank()];
        Indices.forEach(
                result.shape(),
                to -> {
                    for (int dim = 0; dim < from.length; dim++) {
                        from[dim] = operand.extent(dim) == 1 ? 0 : to[dim];
                    }
                    result.copy(result.position(to), operand, operand.position(from));
                });
    }

    static void slice(List<Prim.Range> ranges, Elements operand, Elements result) {
        long[] from = new long[ranges.size()];
        Indices.forEach(
                result.shape(),
                to -> {
                    for (int dim = 0; dim < from.length; dim++) {
                        Prim.Range range = ranges.get(dim);
                        from[dim] = range.start() + to[dim] * range.step();
                    }
                    result.copy(result.position(to), operand, operand.position(from));
                });
    }

    static void pad(Prim.Pad op, Elements operand, Elements result) {
        for (long i = 0; i < result.count(); i++) {
            result.setNumber(result.position(i), op.value());
        }
        long[] to = new long[op.edges().size()];
        Indices.forEach(
                operand.shape(),
                from -> {
                    for (int dim = 0; dim < to.length; dim++) {
                        Prim.Edges edges = op.edges().get(dim);
                        to[dim] = edges.before() + from[dim] * (1 + edges.between());
                    }
                    result.copy(result.position(to), operand, operand.position(from));
                });
    }

    static void concat(int dim, Elements[] operands, Elements result) {
        long before = 0;
        for (Elements operand : operands) {
            long start = before;
            Indices.forEach(
                    operand.shape(),
                    from -> {
                        long[] to = from.clone();
                        to[dim] += start;
                        result.copy(result.position(to), operand, operand.position(from));
                    });
            before += operand.extent(dim);
        }
    }

    static void gather(Prim.Gather op, Elements operand, Elements index, Elements result) {
        Indices.forEach(
                result.shape(),
                to -> {
                    long[] from = to.clone();
                    from[op.dim()] = checked(op, op.dim(), index, to, operand);
                    result.copy(result.position(to), operand, operand.position(from));
                });
    }

    static void scatter(
            Prim.Scatter op, Elements operand, Elements index, Elements updates, Elements result) {
        reshape(operand, result);
        switch (op.mode()) {
            case SET ->
                    Indices.forEach(
                            index.shape(),
                            from -> {
                                long[] to = from.clone();
                                to[op.dim()] = checked(op, op.dim(), index, from, operand);
                                result.copy(result.position(to), updates, updates.position(from));
                            });
            case ADD -> scatterAdd(op, index, updates, result);
        }
    }

    /** Sums are kept in full until all updates are in, and rounded then. */
    private static void scatterAdd(
            Prim.Scatter op, Elements index, Elements updates, Elements result) {
        boolean floating = result.dtype().isFloating();
        Sums sums = new Sums(floating ? Math.toIntExact(result.count()) : 0);
        for (int i = 0; i < sums.count(); i++) {
            sums.add(i, result.getDouble(result.position((long) i)));
        }
        Indices.forEach(
                index.shape(),
                from -> {
                    long[] to = from.clone();
                    to[op.dim()] = checked(op, op.dim(), index, from, result);
                    long update = updates.position(from);
                    if (floating) {
                        sums.add((int) result.number(to), updates.getDouble(update));
                    } else {
                        long position = result.position(to);
                        long sum = result.getLong(position) + updates.getLong(update);
                        result.setLong(position, sum);
                    }
                });
        for (int i = 0; i < sums.count(); i++) {
            result.setDouble(result.position((long) i), sums.get(i));
        }
    }

    private static long checked(Prim op, int dim, Elements index, long[] at, Elements of) {
        long named = index.getLong(index.position(at));
        if (named < 0 || named >= of.extent(dim)) {
            throw new IndexOutOfBoundsException(
                    op.name()
                            + ": index "
                            + named
                            + " is outside of dimension "
                            + dim
                            + " of extent "
                            + of.extent(dim));
        }
        return named;
    }
}
