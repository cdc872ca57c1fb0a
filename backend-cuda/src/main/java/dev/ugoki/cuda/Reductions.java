package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/** Reductions, places of extremes, running reductions. */
final class Reductions {
    private static final int DTYPES = DType.values().length;
    private static final int THREADS = 256;

    /** Terms of one output above which several blocks share them. */
    private static final long CHUNK = 8192;

    private static final long MOST_CHUNKS = 1024;

    private static final KernelBatch BATCH = new KernelBatch("reductions", "reductions");

    /** By kind and dtype: to the same dtype, to the dtype of sums, and from it. */
    private static final KernelCode[][] WHOLE =
            new KernelCode[Prim.Reduce.Kind.values().length][DTYPES];

    private static final KernelCode[][] PARTS =
            new KernelCode[Prim.Reduce.Kind.values().length][DTYPES];
    private static final KernelCode[][] JOINED =
            new KernelCode[Prim.Reduce.Kind.values().length][DTYPES];
    private static final KernelCode[][] PLACES =
            new KernelCode[Prim.ArgReduce.Kind.values().length][DTYPES];
    private static final KernelCode[][] SCANS =
            new KernelCode[Prim.Scan.Kind.values().length][DTYPES];

    static {
        for (DType dtype : DType.values()) {
            for (Prim.Reduce.Kind kind : Prim.Reduce.Kind.values()) {
                boolean logical = kind == Prim.Reduce.Kind.ANY || kind == Prim.Reduce.Kind.ALL;
                if (logical == (dtype == DType.BOOL)) {
                    DType wide = Names.wide(dtype);
                    KernelCode whole = add(kind, dtype, dtype);
                    WHOLE[kind.ordinal()][dtype.ordinal()] = whole;
                    boolean narrow = wide != dtype;
                    PARTS[kind.ordinal()][dtype.ordinal()] =
                            narrow ? add(kind, dtype, wide) : whole;
                    JOINED[kind.ordinal()][dtype.ordinal()] =
                            narrow ? add(kind, wide, dtype) : whole;
                }
            }
            if (dtype != DType.BOOL) {
                String type = Names.of(dtype);
                for (Prim.Scan.Kind kind : Prim.Scan.Kind.values()) {
                    SCANS[kind.ordinal()][dtype.ordinal()] =
                            BATCH.add(
                                    "scan_" + function(kind).toLowerCase() + "_" + type,
                                    "Lines",
                                    "scan<" + function(kind) + ", " + type + ">(p);");
                }
                for (Prim.ArgReduce.Kind kind : Prim.ArgReduce.Kind.values()) {
                    boolean greatest = kind == Prim.ArgReduce.Kind.MAX;
                    PLACES[kind.ordinal()][dtype.ordinal()] =
                            BATCH.add(
                                    "arg_" + kind.name().toLowerCase() + "_" + type,
                                    "Lines",
                                    "arg_reduce<" + greatest + ", " + type + ">(p);");
                }
            }
        }
    }

    private Reductions() {}

    private static KernelCode add(Prim.Reduce.Kind kind, DType from, DType to) {
        String types = Names.of(from) + ", " + Names.of(to);
        return BATCH.add(
                "reduce_%s_%s_%s"
                        .formatted(function(kind).toLowerCase(), Names.of(from), Names.of(to)),
                "Reduction",
                "reduce<" + function(kind) + ", " + types + ">(p);");
    }

    private static String function(Enum<?> kind) {
        return switch (kind.name()) {
            case "MAX" -> "Maximum";
            case "MIN" -> "Minimum";
            default -> Names.of(kind);
        };
    }

    static List<KernelBatch> batches() {
        return List.of(BATCH);
    }

    static void reduce(Gpu gpu, Prim.Reduce op, Stored x, Stored y) {
        if (y.elementCount() == 0) {
            return;
        }
        Strides kept = new Strides(1);
        Strides reduced = new Strides(1);
        for (int dim = 0; dim < x.shape().rank(); dim++) {
            Strides strides = op.axes().contains(dim) ? reduced : kept;
            strides.add(x.shape().extent(dim), x.stride(dim));
        }
        long terms = reduced.count();
        int kind = op.kind().ordinal();
        int dtype = x.dtype().ordinal();
        long chunks = chunks(kept.count(), terms);
        if (chunks == 1) {
            run(gpu, WHOLE[kind][dtype], x, kept, reduced, 1, y);
            return;
        }
        try (Gpu.Scratch scratch = gpu.scratch()) {
            DType wide = Names.wide(x.dtype());
            Stored parts = scratch.allocate(wide, kept.count(), chunks);
            run(gpu, PARTS[kind][dtype], x, kept, reduced, chunks, parts);
            Strides rows = new Strides(1);
            Strides columns = new Strides(1);
            rows.add(kept.count(), chunks);
            columns.add(chunks, 1);
            run(gpu, JOINED[kind][dtype], parts, rows, columns, 1, y);
        }
    }

    /** How many blocks share the terms of an output: by the shape alone. */
    private static long chunks(long outputs, long terms) {
        return terms <= 2 * CHUNK || outputs >= MOST_CHUNKS
                ? 1
                : Math.min(MOST_CHUNKS, (terms + CHUNK - 1) / CHUNK);
    }

    private static void run(
            Gpu gpu,
            KernelCode kernel,
            Stored x,
            Strides kept,
            Strides reduced,
            long chunks,
            Stored y) {
        long outputs = kept.count();
        long terms = reduced.count();
        long chunk = Math.max(1, (terms + chunks - 1) / chunks);
        boolean lanesFirst =
                kept.rank() == 0 || Math.abs(reduced.innermost(0)) <= Math.abs(kept.innermost(0));
        int lanes = lanes(Math.min(chunk, terms), outputs, lanesFirst);
        int perBlock = Math.min(THREADS / lanes, powerOfTwo(outputs));
        int threads = lanes * perBlock;
        Arguments arguments =
                Arguments.begin()
                        .add(outputs)
                        .add(terms)
                        .add(chunk)
                        .add(chunks)
                        .add(lanes)
                        .add(lanesFirst ? 1 : 0);
        kept.addTo(arguments);
        reduced.addTo(arguments);
        arguments.add(x.address()).add(y.address());
        gpu.launch(
                kernel,
                arguments,
                (outputs + perBlock - 1) / perBlock,
                Math.toIntExact(chunks),
                threads,
                threads * Names.wideBytes(x.dtype()));
    }

    /** Threads that share an output, a power of 2: enough, and so that neighbours read together. */
    private static int lanes(long terms, long outputs, boolean lanesFirst) {
        int most = lanesFirst ? THREADS : Math.max(8, THREADS / powerOfTwo(outputs));
        int lanes = 1;
        while (lanes < most && 8L * lanes < terms) {
            lanes *= 2;
        }
        return lanes;
    }

    /**
     * The smallest power of 2 that is no less than {@code n}, and at most the threads there are.
     */
    static int powerOfTwo(long n) {
        int power = 1;
        while (power < THREADS && power < n) {
            power *= 2;
        }
        return power;
    }

    /** The kernels' structure Lines: one line for each place in the other dimensions. */
    private static Arguments lines(Stored x, int dim, Stored y, boolean reversed) {
        Strides others = new Strides(1);
        long inner = 1;
        for (int d = 0; d < x.shape().rank(); d++) {
            if (d != dim) {
                others.add(x.shape().extent(d), x.stride(d));
            }
            inner *= d > dim ? x.shape().extent(d) : 1;
        }
        long length = x.shape().extent(dim);
        Arguments arguments =
                Arguments.begin()
                        .add(others.count())
                        .add(length)
                        .add(x.stride(dim))
                        .add(inner)
                        .add(Math.max(1, inner))
                        .add(length * inner);
        return others.addTo(arguments).add(x.address()).add(y.address()).add(reversed ? 1 : 0);
    }

    private static long lineCount(Stored x, int dim) {
        return x.elementCount() / Math.max(1, x.shape().extent(dim));
    }

    private static int threadsFor(long length) {
        return Math.max(32, powerOfTwo(length));
    }

    static void argReduce(Gpu gpu, Prim.ArgReduce op, Stored x, Stored y) {
        if (y.elementCount() > 0) {
            int threads = threadsFor(x.shape().extent(op.dim()));
            gpu.launch(
                    PLACES[op.kind().ordinal()][x.dtype().ordinal()],
                    lines(x, op.dim(), y, false),
                    lineCount(x, op.dim()),
                    1,
                    threads,
                    16 * threads);
        }
    }

    static void scan(Gpu gpu, Prim.Scan op, Stored x, Stored y) {
        if (y.elementCount() > 0) {
            int threads = threadsFor(x.shape().extent(op.dim()));
            gpu.launch(
                    SCANS[op.kind().ordinal()][x.dtype().ordinal()],
                    lines(x, op.dim(), y, op.reverse()),
                    lineCount(x, op.dim()),
                    1,
                    threads,
                    threads * Names.wideBytes(x.dtype()));
        }
    }
}
