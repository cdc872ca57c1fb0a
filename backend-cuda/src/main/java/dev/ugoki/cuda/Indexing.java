package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.List;

/** Gathering and scattering. */
final class Indexing {
    private static final KernelBatch BATCH = new KernelBatch("indexing", "sorting", "indexing");

    /** By bytes of an element and, of two, whether the index is I64. */
    private static final KernelCode[][] GATHER = new KernelCode[9][2];

    private static final KernelCode[][] SET = new KernelCode[9][2];

    /** By dtype and whether the index is I64. */
    private static final KernelCode[][] ADD = new KernelCode[DType.values().length][2];

    /** Updates of a line from which on they are sorted, so that more threads have work. */
    private static final int SORTED_FROM = 64;

    private static final KernelCode[] KEYS = new KernelCode[2];
    private static final KernelCode[] SORTED_SET = new KernelCode[9];
    private static final KernelCode[] SORTED_ADD = new KernelCode[DType.values().length];

    static {
        for (int bytes = 1; bytes <= 8; bytes *= 2) {
            // Words are moved as integers of their size, whatever they mean.
            String word = bytes == 1 ? "u8" : bytes == 2 ? "i16" : "i" + 8 * bytes;
            SORTED_SET[bytes] = sorted("set_" + word, "false", word, word);
        }
        for (DType dtype : DType.values()) {
            if (dtype != DType.BOOL) {
                String type = Names.of(dtype);
                String sum = Names.of(Names.wide(dtype));
                SORTED_ADD[dtype.ordinal()] = sorted("add_" + type, "true", sum, type);
            }
        }
        for (int wide = 0; wide < 2; wide++) {
            String index = wide == 1 ? "i64" : "i32";
            KEYS[wide] =
                    BATCH.add(
                            "scatter_keys_" + index,
                            "SortedScattering",
                            "scatter_keys<" + index + ">(p);");
            for (int bytes = 1; bytes <= 8; bytes *= 2) {
                String types = "<" + Names.word(bytes) + ", " + index + ">(p);";
                String name = Names.word(bytes) + "_" + index;
                GATHER[bytes][wide] = BATCH.add("gather_" + name, "Strided", "gather" + types);
                SET[bytes][wide] =
                        BATCH.add("scatter_set_" + name, "Scattering", "scatter_set" + types);
            }
            for (DType dtype : DType.values()) {
                if (dtype != DType.BOOL) {
                    ADD[dtype.ordinal()][wide] =
                            BATCH.add(
                                    "scatter_add_" + Names.of(dtype) + "_" + index,
                                    "Scattering",
                                    "scatter_add<%s, %s, %s>(p);"
                                            .formatted(
                                                    Names.of(Names.wide(dtype)),
                                                    Names.of(dtype),
                                                    index));
                }
            }
        }
    }

    private static KernelCode sorted(String name, String adds, String sum, String type) {
        return BATCH.add(
                "scatter_sorted_" + name,
                "SortedScattering",
                "scatter_sorted<" + adds + ", " + sum + ", " + type + ">(p);");
    }

    private Indexing() {}

    static List<KernelBatch> batches() {
        return List.of(BATCH);
    }

    private static int wide(Stored index) {
        return index.dtype() == DType.I64 ? 1 : 0;
    }

    static void gather(Gpu gpu, Prim.Gather op, Stored x, Stored index, Stored y) {
        Strides strides = new Strides(3);
        long[] own = y.shape().toRowMajorStrides();
        for (int dim = 0; dim < own.length; dim++) {
            long stride = dim == op.dim() ? 0 : x.stride(dim);
            strides.add(y.shape().extent(dim), own[dim], stride, index.stride(dim));
        }
        long[] extra = {
            x.stride(op.dim()), x.shape().extent(op.dim()), op.dim(), gpu.lane().fault()
        };
        Arguments arguments =
                strides.addStrided(Arguments.begin(), y.address(), x.address(), index.address())
                        .add(extra, extra.length, 6);
        gpu.launchFor(y.elementCount(), GATHER[y.dtype().byteSize()][wide(index)], arguments);
    }

    static void scatter(
            Gpu gpu, Prim.Scatter op, Stored x, Stored index, Stored updates, Stored y) {
        boolean adds = op.mode() == Prim.Scatter.Mode.ADD;
        DType sums = adds ? Names.wide(y.dtype()) : y.dtype();
        try (Gpu.Scratch scratch = gpu.scratch()) {
            Stored to = sums == y.dtype() ? y : scratch.allocate(y.type().withDType(sums));
            Elementwise.cast(gpu, x, to);
            if (index.shape().extent(op.dim()) >= SORTED_FROM && index.elementCount() > 0) {
                KernelCode kernel =
                        adds ? SORTED_ADD[y.dtype().ordinal()] : SORTED_SET[y.dtype().byteSize()];
                scatterSorted(gpu, scratch, op.dim(), kernel, index, updates, to);
                if (to != y) {
                    Elementwise.cast(gpu, to, y);
                }
                return;
            }
            KernelCode kernel =
                    adds
                            ? ADD[y.dtype().ordinal()][wide(index)]
                            : SET[y.dtype().byteSize()][wide(index)];
            scatterInto(gpu, op.dim(), kernel, index, updates, to);
            if (to != y) {
                Elementwise.cast(gpu, to, y);
            }
        }
    }

    private static void scatterInto(
            Gpu gpu, int dim, KernelCode kernel, Stored index, Stored updates, Stored y) {
        Strides lines = new Strides(3);
        long[] own = y.shape().toRowMajorStrides();
        for (int d = 0; d < own.length; d++) {
            if (d != dim) {
                lines.add(index.shape().extent(d), own[d], index.stride(d), updates.stride(d));
            }
        }
        Arguments arguments =
                lines.addStrided(Arguments.begin(), y.address(), index.address(), updates.address())
                        .add(new long[0], 0, 6)
                        .add(own[dim])
                        .add(index.stride(dim))
                        .add(updates.stride(dim))
                        .add(index.shape().extent(dim))
                        .add(y.shape().extent(dim))
                        .add(dim)
                        .add(gpu.lane().fault());
        gpu.launchFor(lines.count(), kernel, arguments);
    }

    /** Where an index is the same along other dimensions, it is sorted once for all of them. */
    private static void scatterSorted(
            Gpu gpu,
            Gpu.Scratch scratch,
            int dim,
            KernelCode kernel,
            Stored index,
            Stored updates,
            Stored y) {
        Strides lines = new Strides(3);
        Strides free = new Strides(2);
        long[] own = y.shape().toRowMajorStrides();
        for (int d = 0; d < own.length; d++) {
            long extent = index.shape().extent(d);
            if (d != dim && index.stride(d) == 0) {
                free.add(extent, own[d], updates.stride(d));
            } else if (d != dim) {
                lines.add(extent, own[d], index.stride(d), updates.stride(d));
            }
        }
        long count = lines.count() * index.shape().extent(dim);
        Stored one = Sorting.entries(scratch, count);
        Stored other = Sorting.entries(scratch, count);
        gpu.launchFor(
                count,
                KEYS[wide(index)],
                sortedArguments(gpu, dim, lines, free, index, updates, y, one));
        Stored sorted = Sorting.sort(gpu, one, other, 1, count);
        gpu.launchFor(
                count * free.count(),
                kernel,
                sortedArguments(gpu, dim, lines, free, index, updates, y, sorted));
    }

    private static Arguments sortedArguments(
            Gpu gpu,
            int dim,
            Strides lines,
            Strides free,
            Stored index,
            Stored updates,
            Stored y,
            Stored entries) {
        Arguments arguments = Arguments.begin();
        lines.addStrided(arguments, y.address(), index.address(), updates.address())
                .add(new long[0], 0, 6);
        free.addStrided(arguments, y.address(), updates.address()).add(new long[0], 0, 6);
        return arguments
                .add(y.shape().toRowMajorStrides()[dim])
                .add(index.stride(dim))
                .add(updates.stride(dim))
                .add(index.shape().extent(dim))
                .add(y.shape().extent(dim))
                .add(dim)
                .add(gpu.lane().fault())
                .add(entries.address());
    }
}
