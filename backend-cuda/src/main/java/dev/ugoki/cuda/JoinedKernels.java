package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Kernels that plans have joined of several operations on elements: written out, compiled in the
 * background, and kept by what they compute and how their operands lie. Where a plan found nothing
 * to join an operation with, that operation's own kernel runs.
 */
final class JoinedKernels {
    private static final int COMPILING_THREADS = 2;
    private static final String NAME = "joined";
    private static final Map<NestWriter.Joined, KernelCode> CODES = new ConcurrentHashMap<>();
    private static final ExecutorService COMPILING =
            Executors.newFixedThreadPool(
                    COMPILING_THREADS,
                    Thread.ofPlatform().daemon().name("ugoki-cuda-compiling-", 0).factory());

    /** What a kernel computes, and of and to which dtypes: a conversion may be nothing else. */
    private record Typed(Kernel kernel, List<DType> operands, DType result) {}

    /** Operations by the kernels that they are alone. */
    private final Map<Typed, Op> alone = new ConcurrentHashMap<>();

    private final Map<KernelCode, CompletableFuture<Boolean>> compiled = new ConcurrentHashMap<>();
    private final CudaBackend backend;

    JoinedKernels(CudaBackend backend) {
        this.backend = backend;
    }

    /** The kernel as it is, which belongs to one operation alone. */
    @Nullable Kernel of(Op op, @Nullable Kernel kernel, TensorType[] operands) {
        if (kernel != null && operands.length > 0) {
            List<DType> dtypes = Arrays.stream(operands).map(TensorType::dtype).toList();
            DType result =
                    switch (op) {
                        case Prim.Cast cast -> cast.dtype();
                        case Prim.Compare _ -> DType.BOOL;
                        default -> dtypes.getLast();
                    };
            alone.putIfAbsent(new Typed(kernel, dtypes, result), op);
        }
        return kernel;
    }

    /** How many are still being compiled. */
    int pending() {
        return (int) compiled.values().stream().filter(each -> !each.isDone()).count();
    }

    Prepared prepare(Kernel kernel, Slot[] operands, Slot[] results) {
        Op op = alone.get(new Typed(kernel, dtypes(operands), results[0].dtype()));
        if (op != null && results.length == 1) {
            return Prepared.ofExecute(backend, op, operands, results);
        }
        Strides strides =
                Strides.of(
                        results[0].shape(),
                        Arrays.stream(operands).map(Slot::stored).toArray(Stored[]::new));
        List<NestWriter.Form> forms = new ArrayList<>();
        for (int i = 0; i < operands.length; i++) {
            forms.add(strides.form(i + 1));
        }
        boolean anyStrided = forms.contains(NestWriter.Form.STRIDED);
        NestWriter.Joined joined =
                new NestWriter.Joined(
                        kernel,
                        dtypes(operands),
                        dtypes(results),
                        forms,
                        anyStrided ? strides.rank() : 0,
                        anyStrided && strides.count() > Integer.MAX_VALUE);
        KernelCode code = CODES.computeIfAbsent(joined, JoinedKernels::write);
        CompletableFuture<Boolean> ready = compiled.computeIfAbsent(code, this::compile);
        return new Step(code, joined, strides, operands, results, ready);
    }

    private static List<DType> dtypes(Slot[] slots) {
        return Arrays.stream(slots).map(Slot::dtype).toList();
    }

    private static KernelCode write(NestWriter.Joined joined) {
        KernelBatch batch = new KernelBatch(NAME, "conversions");
        return batch.addText(NAME, NestWriter.writeJoined(NAME, joined));
    }

    private CompletableFuture<Boolean> compile(KernelCode code) {
        return CompletableFuture.supplyAsync(
                () -> {
                    backend.gpu().driver.enter();
                    backend.gpu().prepare(code);
                    return true;
                },
                COMPILING);
    }

    /** One joined kernel with its operands. */
    private final class Step implements Prepared {
        private final KernelCode code;
        private final NestWriter.Joined joined;
        private final Strides strides;
        private final Slot[] operands;
        private final Slot[] results;
        private final Stored[] in;
        private final Stored[] out;
        private final CompletableFuture<Boolean> ready;
        private final Runnable launch = this::launch;

        Step(
                KernelCode code,
                NestWriter.Joined joined,
                Strides strides,
                Slot[] operands,
                Slot[] results,
                CompletableFuture<Boolean> ready) {
            this.code = code;
            this.joined = joined;
            this.strides = strides;
            this.operands = operands;
            this.results = results;
            this.in = new Stored[operands.length];
            this.out = new Stored[results.length];
            this.ready = ready;
        }

        @Override
        public CompletableFuture<Boolean> ready() {
            return ready;
        }

        @Override
        public void run() {
            if (!ready.isDone()) {
                ready.join(); // rather than compile it a second time
            }
            for (int i = 0; i < in.length; i++) {
                in[i] = operands[i].stored();
            }
            for (int i = 0; i < out.length; i++) {
                out[i] = results[i].stored();
            }
            backend.ordered(in, out, launch);
        }

        private void launch() {
            Arguments arguments = Arguments.begin().add(strides.count());
            for (Stored each : in) {
                arguments.add(each.address());
            }
            for (Stored each : out) {
                arguments.add(each.address());
            }
            int rank = joined.rank();
            if (rank > 0) {
                arguments.add(strides.extents(), rank, rank);
                for (int i = 0; i < in.length; i++) {
                    if (joined.forms().get(i) == NestWriter.Form.STRIDED) {
                        arguments.add(strides.strides(i + 1), rank, rank);
                    }
                }
            }
            backend.gpu().launchFor(strides.count(), code, arguments);
        }
    }
}
