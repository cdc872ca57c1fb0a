package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.spi.Stored;

import java.util.ArrayList;
import java.util.List;

/** The launch of a kernel that was written out from a loop nest: the kernels' structure Nest. */
final class NestCall {
    private static final int MAX_TABLE = 20;
    private final long rows;
    private final long columns;
    private final List<Long> addresses = new ArrayList<>();
    private final List<Long> distances = new ArrayList<>();
    private long[] grouping = {};

    NestCall(long rows, long columns) {
        this.rows = rows;
        this.columns = columns;
    }

    NestCall add(Stored operand, long rowDistance) {
        return add(operand.address(), rowDistance);
    }

    NestCall add(long address, long rowDistance) {
        addresses.add(address);
        distances.add(rowDistance);
        return this;
    }

    /** Says how channels lie in groups, which makes it the structure GroupedNest. */
    NestCall grouped(long groups, long channels, long inner) {
        grouping = new long[] {groups, channels, inner};
        return this;
    }

    private Arguments arguments() {
        Arguments arguments = Arguments.begin().add(rows).add(columns);
        for (List<Long> table : List.of(addresses, distances)) {
            for (int i = 0; i < MAX_TABLE; i++) {
                arguments.add(i < table.size() ? table.get(i) : 0);
            }
        }
        return arguments.add(grouping, grouping.length, grouping.length);
    }

    void launchFlat(Gpu gpu, KernelCode code) {
        gpu.launchFor(columns, code, arguments());
    }

    void launchRows(Gpu gpu, KernelCode code) {
        launch(gpu, code, rows);
    }

    void launchSums(Gpu gpu, KernelCode code) {
        launch(gpu, code, Math.ceilDiv(rows, Output.ROWS_PER_BLOCK));
    }

    private void launch(Gpu gpu, KernelCode code, long blocks) {
        int threads = NestWriter.THREADS;
        gpu.launch(code, arguments(), blocks, 1, threads, NestWriter.SHARED_BYTES);
    }
}
