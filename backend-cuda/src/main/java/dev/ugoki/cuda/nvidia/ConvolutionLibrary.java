package dev.ugoki.cuda.nvidia;

import static org.bytedeco.cuda.global.cudnn.CUDNN_CROSS_CORRELATION;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_DOUBLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_HALF;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DETERMINISTIC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_FMA_MATH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_NCHW;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_OP_MATH;

import dev.ugoki.cuda.driver.ConvolutionCall;
import dev.ugoki.tensor.DType;

import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * cuDNN's convolutions: those that pad both sides alike, by deterministic algorithms; F32 without
 * TF32. Others, and all where there is no cuDNN, run on our own kernels.
 *
 * <p>The interface is the older of cuDNN's two, which its version 9 keeps and calls deprecated: it
 * says which algorithms are deterministic.
 */
@SuppressWarnings("deprecation")
final class ConvolutionLibrary {
    private static final int ALGORITHMS = 8;
    private static final long MOST_WORKSPACE = 1L << 30;

    /** All that a plan depends on. */
    private record Key(
            ConvolutionCall.Kind kind,
            DType dtype,
            long n,
            long c,
            long o,
            int groups,
            List<Long> shape) {}

    private record Plan(
            cudnnTensorStruct x,
            cudnnFilterStruct w,
            cudnnTensorStruct y,
            cudnnConvolutionStruct convolution,
            int algorithm,
            long workspace) {}

    private final DnnStreams streams;
    private final boolean present;
    private final Map<Key, Optional<Plan>> plans = new HashMap<>();

    ConvolutionLibrary(DnnStreams streams, boolean present) {
        this.streams = streams;
        this.present = present;
    }

    String version() {
        return present ? Long.toString(cudnn.cudnnGetVersion()) : "missing, own kernels serve";
    }

    synchronized boolean takes(ConvolutionCall call) {
        return present
                && call.x().length <= 3
                && padsAlike(call)
                && plans.computeIfAbsent(key(call), _ -> plan(call)).isPresent();
    }

    /** Whether padding as much after as before gives the same positions. */
    private static boolean padsAlike(ConvolutionCall call) {
        for (int d = 0; d < call.x().length; d++) {
            long reach = call.dilations()[d] * (call.w()[d] - 1) + 1;
            long room = call.x()[d] + 2 * call.before()[d] - reach;
            boolean same = room >= 0 && room / call.strides()[d] + 1 == call.y()[d];
            if (call.before()[d] < 0 || !same) {
                return false;
            }
        }
        return true;
    }

    private static Key key(ConvolutionCall call) {
        List<Long> shape =
                List.of(
                                call.x(),
                                call.w(),
                                call.y(),
                                call.strides(),
                                call.before(),
                                call.dilations())
                        .stream()
                        .flatMapToLong(Arrays::stream)
                        .boxed()
                        .toList();
        return new Key(
                call.kind(), call.dtype(), call.n(), call.c(), call.o(), call.groups(), shape);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case F64 -> CUDNN_DATA_DOUBLE;
            case F32 -> CUDNN_DATA_FLOAT;
            case F16 -> CUDNN_DATA_HALF;
            case BF16 -> CUDNN_DATA_BFLOAT16;
            case I64, I32, I8, U8, BOOL -> throw new IllegalArgumentException("" + dtype);
        };
    }

    /** At least two spatial dimensions, which cuDNN wants: a first of {@code filler}. */
    private static int[] spatial(long[] values, int filler) {
        int missing = Math.max(0, 2 - values.length);
        int[] all = new int[values.length + missing];
        Arrays.fill(all, filler);
        for (int i = 0; i < values.length; i++) {
            all[missing + i] = Math.toIntExact(values[i]);
        }
        return all;
    }

    private static int[] extents(long first, long second, long[] spatial) {
        int[] last = spatial(spatial, 1);
        int[] all = new int[last.length + 2];
        all[0] = Math.toIntExact(first);
        all[1] = Math.toIntExact(second);
        System.arraycopy(last, 0, all, 2, last.length);
        return all;
    }

    private static cudnnTensorStruct tensor(DType dtype, int[] extents) {
        int[] strides = new int[extents.length];
        int stride = 1;
        for (int i = extents.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride = Math.multiplyExact(stride, extents[i]);
        }
        cudnnTensorStruct tensor = new cudnnTensorStruct();
        DnnStreams.check("cudnnCreateTensorDescriptor", cudnn.cudnnCreateTensorDescriptor(tensor));
        DnnStreams.check(
                "cudnnSetTensorNdDescriptor",
                cudnn.cudnnSetTensorNdDescriptor(
                        tensor, type(dtype), extents.length, extents, strides));
        return tensor;
    }

    private Optional<Plan> plan(ConvolutionCall call) {
        cudnnContext context = streams.context(0);
        cudnnTensorStruct x = tensor(call.dtype(), extents(call.n(), call.c(), call.x()));
        cudnnTensorStruct y = tensor(call.dtype(), extents(call.n(), call.o(), call.y()));
        cudnnFilterStruct w = new cudnnFilterStruct();
        int[] filter = extents(call.o(), call.c() / call.groups(), call.w());
        DnnStreams.check("cudnnCreateFilterDescriptor", cudnn.cudnnCreateFilterDescriptor(w));
        DnnStreams.check(
                "cudnnSetFilterNdDescriptor",
                cudnn.cudnnSetFilterNdDescriptor(
                        w, type(call.dtype()), CUDNN_TENSOR_NCHW, filter.length, filter));
        cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
        DnnStreams.check(
                "cudnnCreateConvolutionDescriptor",
                cudnn.cudnnCreateConvolutionDescriptor(convolution));
        int[] padding = spatial(call.before(), 0);
        DnnStreams.check(
                "cudnnSetConvolutionNdDescriptor",
                cudnn.cudnnSetConvolutionNdDescriptor(
                        convolution,
                        padding.length,
                        padding,
                        spatial(call.strides(), 1),
                        spatial(call.dilations(), 1),
                        CUDNN_CROSS_CORRELATION,
                        call.dtype() == DType.F64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT));
        DnnStreams.check(
                "cudnnSetConvolutionGroupCount",
                cudnn.cudnnSetConvolutionGroupCount(convolution, call.groups()));
        boolean wide = call.dtype() == DType.F64 || call.dtype() == DType.F32;
        DnnStreams.check(
                "cudnnSetConvolutionMathType",
                cudnn.cudnnSetConvolutionMathType(
                        convolution, wide ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH));
        Choice choice = choose(call.kind(), context, x, w, convolution, y);
        return choice.algorithm < 0
                ? Optional.empty()
                : Optional.of(new Plan(x, w, y, convolution, choice.algorithm, choice.workspace));
    }

    /** The first algorithm that will do; -1 for none. */
    private static final class Choice {
        int algorithm = -1;
        long workspace;

        void offer(int offered, int status, int determinism, long memory) {
            if (algorithm < 0
                    && status == 0
                    && determinism == CUDNN_DETERMINISTIC
                    && memory <= MOST_WORKSPACE) {
                algorithm = offered;
                workspace = memory;
            }
        }
    }

    private static Choice choose(
            ConvolutionCall.Kind kind,
            cudnnContext context,
            cudnnTensorStruct x,
            cudnnFilterStruct w,
            cudnnConvolutionStruct convolution,
            cudnnTensorStruct y) {
        Choice choice = new Choice();
        int[] count = new int[1];
        switch (kind) {
            case FORWARD -> {
                try (var all = new cudnnConvolutionFwdAlgoPerf_t(ALGORITHMS)) {
                    int status =
                            cudnn.cudnnGetConvolutionForwardAlgorithm_v7(
                                    context, x, w, convolution, y, ALGORITHMS, count, all);
                    for (int i = 0; status == 0 && i < count[0]; i++) {
                        var each = all.getPointer(i);
                        choice.offer(each.algo(), each.status(), each.determinism(), each.memory());
                    }
                }
            }
            case DATA_GRADIENT -> {
                try (var all = new cudnnConvolutionBwdDataAlgoPerf_t(ALGORITHMS)) {
                    int status =
                            cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(
                                    context, w, y, convolution, x, ALGORITHMS, count, all);
                    for (int i = 0; status == 0 && i < count[0]; i++) {
                        var each = all.getPointer(i);
                        choice.offer(each.algo(), each.status(), each.determinism(), each.memory());
                    }
                }
            }
            case FILTER_GRADIENT -> {
                try (var all = new cudnnConvolutionBwdFilterAlgoPerf_t(ALGORITHMS)) {
                    int status =
                            cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                                    context, x, y, convolution, w, ALGORITHMS, count, all);
                    for (int i = 0; status == 0 && i < count[0]; i++) {
                        var each = all.getPointer(i);
                        choice.offer(each.algo(), each.status(), each.determinism(), each.memory());
                    }
                }
            }
        }
        return choice;
    }

    /** Makes a stream ready to capture whatever was planned so far. */
    synchronized void prepare(long stream) {
        streams.prepare(
                stream,
                plans.values().stream().flatMap(Optional::stream).mapToLong(Plan::workspace));
    }

    synchronized void run(ConvolutionCall call, long stream) {
        Plan plan = plans.computeIfAbsent(key(call), _ -> plan(call)).orElseThrow();
        cudnnContext context = streams.context(stream);
        boolean wide = call.dtype() == DType.F64;
        try (Pointer one = wide ? new DoublePointer(1.0) : new FloatPointer(1f);
                Pointer zero = wide ? new DoublePointer(0.0) : new FloatPointer(0f)) {
            Pointer first = new NvidiaDriver.Raw(call.first());
            Pointer second = new NvidiaDriver.Raw(call.second());
            Pointer result = new NvidiaDriver.Raw(call.result());
            Pointer workspace = new NvidiaDriver.Raw(streams.workspace(stream, plan.workspace()));
            int status =
                    switch (call.kind()) {
                        case FORWARD ->
                                cudnn.cudnnConvolutionForward(
                                        context,
                                        one,
                                        plan.x(),
                                        first,
                                        plan.w(),
                                        second,
                                        plan.convolution(),
                                        plan.algorithm(),
                                        workspace,
                                        plan.workspace(),
                                        zero,
                                        plan.y(),
                                        result);
                        case DATA_GRADIENT ->
                                cudnn.cudnnConvolutionBackwardData(
                                        context,
                                        one,
                                        plan.w(),
                                        second,
                                        plan.y(),
                                        first,
                                        plan.convolution(),
                                        plan.algorithm(),
                                        workspace,
                                        plan.workspace(),
                                        zero,
                                        plan.x(),
                                        result);
                        case FILTER_GRADIENT ->
                                cudnn.cudnnConvolutionBackwardFilter(
                                        context,
                                        one,
                                        plan.x(),
                                        first,
                                        plan.y(),
                                        second,
                                        plan.convolution(),
                                        plan.algorithm(),
                                        workspace,
                                        plan.workspace(),
                                        zero,
                                        plan.w(),
                                        result);
                    };
            DnnStreams.check("cuDNN convolution " + call.kind(), status);
        }
    }
}
