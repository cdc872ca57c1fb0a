package dev.ugoki.cuda.nvidia;

import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINECFG_ENGINE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINEHEUR_MODE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINEHEUR_RESULTS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINE_NUMERICAL_NOTE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_EXECUTION_PLAN_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATIONGRAPH_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATIONGRAPH_OPS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_DKDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_DODDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_DQDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_DVDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_KDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_ODESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_QDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_SCALEDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_STATSDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_BWD_VDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_STATSDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_DATA_TYPE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_DIMENSIONS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_IS_BY_VALUE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_STRIDES;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_TENSOR_UNIQUE_ID;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_WORKSPACE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_ENGINE_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATION_SDPA_BWD_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_TENSOR_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_HALF;
import static org.bytedeco.cuda.global.cudnn.CUDNN_HEUR_MODE_A;
import static org.bytedeco.cuda.global.cudnn.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_DATA_TYPE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_HEUR_MODE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_NUMERICAL_NOTE;

import dev.ugoki.cuda.driver.AttentionCall;
import dev.ugoki.tensor.DType;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * cuDNN's attention, by its graph interface: F16 and BF16, neither causal nor masked, since cuDNN
 * takes these from version 9.25's descriptors on only. What it refuses, and what a table says is
 * too small to gain by it, runs on our own kernels, as does all on GPUs before Hopper.
 */
final class AttentionLibrary {
    private static final int OLDEST_ARCHITECTURE = 90;
    private static final int LARGEST_WIDTH = 128;
    private static final int WIDTH_MULTIPLE = 8;
    private static final int FEWEST_ROWS = 64;
    private static final int ALIGNMENT = 16;

    // The numbers by which a plan knows its tensors.
    private static final int Q = 1;
    private static final int K = 2;
    private static final int V = 3;
    private static final int Y = 4;
    private static final int LOGARITHMS = 5;
    private static final int SCALE = 6;
    private static final int G = 7;
    private static final int FIRST = 8;
    private static final int SECOND = 9;
    private static final int THIRD = 10;

    /** All that a plan depends on; addresses are 0. */
    private record Key(AttentionCall call) {
        static Key of(AttentionCall c) {
            return new Key(
                    new AttentionCall(
                            c.kind(),
                            c.dtype(),
                            c.outer(),
                            c.inner(),
                            c.queries(),
                            c.keys(),
                            c.width(),
                            c.valueWidth(),
                            0,
                            c.causal(),
                            shape(c.q()),
                            shape(c.k()),
                            shape(c.v()),
                            shape(c.y()),
                            shape(c.g()),
                            0,
                            0,
                            0,
                            0));
        }

        private static AttentionCall.Rows shape(AttentionCall.Rows rows) {
            return new AttentionCall.Rows(0, rows.outer(), rows.inner(), rows.row());
        }
    }

    private record Plan(long descriptor, long workspace) {}

    private final DnnStreams streams;
    private final @Nullable DnnGraphs graphs;
    private final Map<Key, Optional<Plan>> plans = new HashMap<>();

    /**
     * The library.
     *
     * @param graphs null where it is missing
     * @param architecture of the GPU: 90 for compute capability 9.0
     */
    AttentionLibrary(DnnStreams streams, @Nullable DnnGraphs graphs, int architecture) {
        this.streams = streams;
        this.graphs = architecture >= OLDEST_ARCHITECTURE ? graphs : null;
    }

    synchronized boolean takes(AttentionCall call) {
        return graphs != null
                && !call.causal()
                && isWidth(call.width())
                && isWidth(call.valueWidth())
                && call.queries() >= FEWEST_ROWS
                && call.keys() >= FEWEST_ROWS
                && areRegular(call)
                && plans.computeIfAbsent(Key.of(call), this::plan).isPresent();
    }

    private static boolean isWidth(long width) {
        return width <= LARGEST_WIDTH && width % WIDTH_MULTIPLE == 0;
    }

    private static boolean areRegular(AttentionCall call) {
        for (AttentionCall.Rows rows : List.of(call.q(), call.k(), call.v(), call.y(), call.g())) {
            boolean advances =
                    (call.outer() == 1 || rows.outer() > 0)
                            && (call.inner() == 1 || rows.inner() > 0)
                            && rows.row() > 0;
            boolean aligned =
                    rows.address() % ALIGNMENT == 0
                            && rows.outer() % WIDTH_MULTIPLE == 0
                            && rows.inner() % WIDTH_MULTIPLE == 0
                            && rows.row() % WIDTH_MULTIPLE == 0;
            if (rows.address() != 0 && !(advances && aligned)) {
                return false;
            }
        }
        return true;
    }

    private Optional<Plan> plan(Key key) {
        DnnGraphs api = graphs;
        if (api == null) {
            return Optional.empty();
        }
        try {
            return planned(api, new Tensors(api, key.call()).operation());
        } catch (DnnGraphs.Unsupported e) {
            return Optional.empty(); // our own kernels do it
        }
    }

    /** The first engine's plan that is deterministic. */
    private Optional<Plan> planned(DnnGraphs api, long operation) {
        long handle = streams.context(0).address();
        long graph = api.create(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
        api.setHandle(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle);
        api.setDescriptors(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, operation);
        api.finish(graph);
        long heuristics = api.create(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
        api.setDescriptors(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
        api.setChoice(
                heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A);
        api.finish(heuristics);
        Optional<Long> configuration =
                api.getDescriptor(
                        heuristics,
                        CUDNN_ATTR_ENGINEHEUR_RESULTS,
                        CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
        if (configuration.isEmpty() || !isDeterministic(api, configuration.get())) {
            return Optional.empty();
        }
        long plan = api.create(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        api.setHandle(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle);
        api.setDescriptors(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration.get());
        api.finish(plan);
        return Optional.of(
                new Plan(plan, api.getNumber(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE)));
    }

    private static boolean isDeterministic(DnnGraphs api, long configuration) {
        Optional<Long> engine =
                api.getDescriptor(
                        configuration,
                        CUDNN_ATTR_ENGINECFG_ENGINE,
                        CUDNN_BACKEND_ENGINE_DESCRIPTOR);
        return engine.isPresent()
                && Arrays.stream(
                                api.getChoices(
                                        engine.get(),
                                        CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                        CUDNN_TYPE_NUMERICAL_NOTE))
                        .noneMatch(note -> note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
    }

    /** Describes the operation of one call. */
    private static final class Tensors {
        private final DnnGraphs api;
        private final AttentionCall call;

        Tensors(DnnGraphs api, AttentionCall call) {
            this.api = api;
            this.call = call;
        }

        private long tensor(int number, int type, long[] extents, long[] strides) {
            long tensor = api.create(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
            api.setChoice(tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
            api.setNumbers(tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, extents);
            api.setNumbers(tensor, CUDNN_ATTR_TENSOR_STRIDES, strides);
            api.setNumbers(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, number);
            api.setNumbers(tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT);
            if (number == SCALE) {
                api.setTrue(tensor, CUDNN_ATTR_TENSOR_IS_BY_VALUE);
            }
            api.finish(tensor);
            return tensor;
        }

        private int type() {
            return call.dtype() == DType.F16 ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
        }

        private long operand(int number, AttentionCall.Rows rows, long count, long width) {
            long outer = call.outer() == 1 ? call.inner() * count * rows.row() : rows.outer();
            long inner = call.inner() == 1 ? count * rows.row() : rows.inner();
            return tensor(
                    number,
                    type(),
                    new long[] {call.outer(), call.inner(), count, width},
                    new long[] {outer, inner, rows.row(), 1});
        }

        private long result(int number, int type, long count, long width) {
            return tensor(
                    number,
                    type,
                    new long[] {call.outer(), call.inner(), count, width},
                    new long[] {call.inner() * count * width, count * width, width, 1});
        }

        private long scale() {
            long[] one = {1, 1, 1, 1};
            return tensor(SCALE, CUDNN_DATA_FLOAT, one, one);
        }

        long operation() {
            boolean forward = call.kind() == AttentionCall.Kind.FORWARD;
            long queries = call.queries();
            long keys = call.keys();
            long q = operand(Q, call.q(), queries, call.width());
            long k = operand(K, call.k(), keys, call.width());
            long v = operand(V, call.v(), keys, call.valueWidth());
            long logarithms = result(LOGARITHMS, CUDNN_DATA_FLOAT, queries, 1);
            long operation =
                    api.create(
                            forward
                                    ? CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR
                                    : CUDNN_BACKEND_OPERATION_SDPA_BWD_DESCRIPTOR);
            if (forward) {
                long y = result(FIRST, type(), queries, call.valueWidth());
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC, q);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC, k);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC, v);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC, y);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_FWD_STATSDESC, logarithms);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC, scale());
            } else {
                long y = operand(Y, call.y(), queries, call.valueWidth());
                long g = operand(G, call.g(), queries, call.valueWidth());
                long first = result(FIRST, type(), queries, call.width());
                long second = result(SECOND, type(), keys, call.width());
                long third = result(THIRD, type(), keys, call.valueWidth());
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_QDESC, q);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_KDESC, k);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_VDESC, v);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_ODESC, y);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_DODDESC, g);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_STATSDESC, logarithms);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_SCALEDESC, scale());
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_DQDESC, first);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_DKDESC, second);
                api.setDescriptors(operation, CUDNN_ATTR_OPERATION_SDPA_BWD_DVDESC, third);
            }
            api.finish(operation);
            return operation;
        }
    }

    /** Makes a stream ready to capture whatever was planned so far. */
    synchronized void prepare(long stream) {
        streams.prepare(
                stream,
                plans.values().stream().flatMap(Optional::stream).mapToLong(Plan::workspace));
    }

    synchronized void run(AttentionCall call, long stream) {
        DnnGraphs api = graphs;
        Plan plan = plans.computeIfAbsent(Key.of(call), this::plan).orElseThrow();
        if (api == null) {
            throw new IllegalStateException(
                    "cuda: attention was asked of a library that is not there");
        }
        long workspace = streams.workspace(stream, plan.workspace());
        boolean forward = call.kind() == AttentionCall.Kind.FORWARD;
        try (Arena arena = Arena.ofConfined()) {
            long scale = arena.allocateFrom(ValueLayout.JAVA_FLOAT, (float) call.scale()).address();
            long[] numbers =
                    forward
                            ? new long[] {Q, K, V, LOGARITHMS, SCALE, FIRST}
                            : new long[] {Q, K, V, LOGARITHMS, SCALE, FIRST, Y, G, SECOND, THIRD};
            long[] addresses = {
                call.q().address(),
                call.k().address(),
                call.v().address(),
                call.logarithms(),
                scale,
                call.first(),
                call.y().address(),
                call.g().address(),
                call.second(),
                call.third()
            };
            long pack = api.create(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
            try {
                api.setNumbers(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, numbers);
                api.setPointers(
                        pack,
                        CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                        Arrays.copyOf(addresses, numbers.length));
                api.setPointers(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
                api.finish(pack);
                api.execute(streams.context(stream).address(), plan.descriptor(), pack);
            } finally {
                api.destroy(pack);
            }
        }
    }
}
