package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.spi.Storage;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Steps of Adam and AdamW, many parameters to a launch: a step waits, its memory pinned, until
 * there are 32 of one kind, or until anything else reads what it writes, or writes what it touches.
 */
final class AdamSteps {
    private static final List<DType> DTYPES = List.of(DType.F32, DType.F16, DType.BF16);
    private static final int TENSORS = 32;
    private static final int SETTINGS = 7;
    private static final int THREADS = 256;
    private static final int CHUNK = 1024;
    private static final KernelBatch BATCH = new KernelBatch("optimizer", "optimizer");
    private static final Map<DType, KernelCode> ADAM = codes("adam", "false");
    private static final Map<DType, KernelCode> ADAM_W = codes("adam_w", "true");
    private static final Map<DType, KernelCode> AVERAGE = new EnumMap<>(DType.class);

    static {
        for (DType dtype : DTYPES) {
            String type = Names.of(dtype);
            AVERAGE.put(
                    dtype,
                    BATCH.add(
                            "moving_average_" + type,
                            "MovingAverage",
                            "moving_average<" + type + ">(p);"));
        }
    }

    private static Map<DType, KernelCode> codes(String name, String decoupled) {
        Map<DType, KernelCode> codes = new EnumMap<>(DType.class);
        for (DType dtype : DTYPES) {
            String type = Names.of(dtype);
            codes.put(
                    dtype,
                    BATCH.add(
                            name + "_" + type,
                            "Adam",
                            "adam<" + type + ", " + decoupled + ">(p);"));
        }
        return codes;
    }

    static List<KernelBatch> batches() {
        return List.of(BATCH);
    }

    /** What one launch has in common: the kernel, and where its settings lie. */
    private record Key(KernelCode kernel, List<Long> settings) {}

    /** The elements of one parameter, and the addresses of its seven tensors. */
    private record Step(long count, long[] addresses) {}

    private @Nullable Key key;
    private final List<Step> steps = new ArrayList<>();
    private final Set<Storage> read = new HashSet<>();
    private final Set<Storage> written = new HashSet<>();
    private volatile boolean waiting;

    private static final AtomicLong LAUNCHES = new AtomicLong();

    /** How many launches there were since this was last asked, for tests. */
    static long countLaunches() {
        return LAUNCHES.getAndSet(0);
    }

    static boolean has(Composite op, TensorType[] operands) {
        return op instanceof OptimizerStep
                && (op instanceof OptimizerStep.AdamStep
                        || op instanceof OptimizerStep.AdamWStep
                        || op instanceof OptimizerStep.MovingAverageStep)
                && DTYPES.contains(operands[0].dtype());
    }

    static void movingAverage(Gpu gpu, Stored[] given, Stored out) {
        try (Gpu.Scratch scratch = gpu.scratch()) {
            KernelCode kernel = require(AVERAGE.get(out.dtype()));
            long average = Elementwise.contiguous(gpu, scratch, given[0]).address();
            long value = Elementwise.contiguous(gpu, scratch, given[1]).address();
            Arguments arguments =
                    Arguments.begin()
                            .add(out.elementCount())
                            .add(average)
                            .add(value)
                            .add(given[2].address())
                            .add(out.address());
            gpu.launchFor(out.elementCount(), kernel, arguments);
        }
    }

    private static KernelCode require(@Nullable KernelCode code) {
        if (code == null) {
            throw new IllegalStateException("an operation without a kernel was called native");
        }
        return code;
    }

    /** Whether a step waits that this would disturb. */
    boolean mustRunBefore(Stored[] operands, Stored[] results) {
        return waiting && meets(operands, results);
    }

    private synchronized boolean meets(Stored[] operands, Stored[] results) {
        for (Stored operand : operands) {
            if (written.contains(operand.storage())) {
                return true;
            }
        }
        for (Stored result : results) {
            if (written.contains(result.storage()) || read.contains(result.storage())) {
                return true;
            }
        }
        return false;
    }

    /** Takes a step in; it runs with others, or now where {@code alone}. */
    synchronized void add(Gpu gpu, Composite op, Stored[] in, Stored[] out, boolean alone) {
        Map<DType, KernelCode> codes = op instanceof OptimizerStep.AdamWStep ? ADAM_W : ADAM;
        List<Long> settings = new ArrayList<>();
        for (int i = 0; i < SETTINGS; i++) {
            settings.add(in[4 + i].address());
        }
        Key mine = new Key(require(codes.get(in[0].dtype())), settings);
        if (!mine.equals(key) || steps.size() == TENSORS || meetsOwn(in, out)) {
            flush(gpu);
        }
        key = mine;
        try (Gpu.Scratch scratch = gpu.scratch()) {
            long[] addresses = new long[7];
            boolean copied = false;
            for (int i = 0; i < 4; i++) {
                Stored tensor = Elementwise.contiguous(gpu, scratch, in[i]);
                copied |= tensor != in[i];
                addresses[i] = tensor.address();
            }
            for (int i = 0; i < 3; i++) {
                addresses[4 + i] = out[i].address();
            }
            steps.add(new Step(in[0].elementCount(), addresses));
            for (Stored each : in) {
                note(read, each.storage());
            }
            for (Stored each : out) {
                note(written, each.storage());
            }
            waiting = true;
            if (alone || copied) {
                flush(gpu);
            }
        }
    }

    /** Whether this step reads or writes tensors of another that waits. */
    private boolean meetsOwn(Stored[] in, Stored[] out) {
        return waiting && meets(in, out);
    }

    private static void note(Set<Storage> storages, Storage storage) {
        if (storages.add(storage)) {
            storage.pin();
        }
    }

    /** Runs what waits. */
    synchronized void flush(Gpu gpu) {
        Key common = key;
        if (steps.isEmpty() || common == null) {
            return;
        }
        long[] firstBlocks = new long[TENSORS + 1];
        long[] counts = new long[TENSORS];
        long[][] addresses = new long[7][TENSORS];
        long blocks = 0;
        for (int i = 0; i < steps.size(); i++) {
            firstBlocks[i] = blocks;
            counts[i] = steps.get(i).count();
            blocks += Math.ceilDiv(counts[i], CHUNK);
            for (int k = 0; k < 7; k++) {
                addresses[k][i] = steps.get(i).addresses()[k];
            }
        }
        firstBlocks[steps.size()] = blocks;
        Arguments arguments =
                Arguments.begin()
                        .add(steps.size())
                        .add(firstBlocks, TENSORS + 1, TENSORS + 1)
                        .add(counts, TENSORS, TENSORS);
        for (long[] each : addresses) {
            arguments.add(each, TENSORS, TENSORS);
        }
        common.settings().forEach(arguments::add);
        if (blocks > 0) {
            gpu.launch(common.kernel(), arguments, blocks, 1, THREADS, 0);
            LAUNCHES.incrementAndGet();
        }
        read.forEach(Storage::unpin);
        read.clear();
        written.forEach(Storage::unpin);
        written.clear();
        steps.clear();
        key = null;
        waiting = false;
    }

    /** Runs what waits, if anything does. */
    void flushIfWaiting(Gpu gpu) {
        if (waiting) {
            flush(gpu);
        }
    }
}
