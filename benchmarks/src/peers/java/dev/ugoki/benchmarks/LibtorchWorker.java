package dev.ugoki.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** libtorch as a contender: the official CPU build, which has MKL and oneDNN in it, through DJL. */
final class LibtorchWorker extends Worker {
    private static final int RUNS_IN_SCOPE = 100;

    private final PtNDManager manager = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager();
    private final NDList inputs = new NDList();
    private Libtorch.@Nullable Call call;
    private @Nullable PtSymbolBlock script;

    private final boolean exact;

    LibtorchWorker(Library library) {
        exact = library == Library.LIBTORCH_F64;
    }

    @Override
    void start(int threads) {
        JniUtils.setNumThreads(threads);
        JniUtils.setGradMode(true);
        // Programs run operation by operation, as PyTorch's users run them.
        JniUtils.setGraphExecutorOptimize(false);
    }

    @Override
    List<float[]> prepare(Measurement measurement) throws IOException {
        for (Input input : measurement.inputs()) {
            int place = inputs.size();
            Shape shape = new Shape(input.shape());
            NDArray each =
                    input.classes() == 0
                            ? manager.create(input.floats(place), shape)
                            : manager.create(input.longs(place), shape);
            inputs.add(exact && input.classes() == 0 ? each.toType(DataType.FLOAT64, false) : each);
        }
        switch (measurement.rival()) {
            case Libtorch.Call method -> {
                call = method;
                try (NDArray result = apply(method)) {
                    return List.of(result.toFloatArray());
                }
            }
            case TorchScript program -> {
                script =
                        JniUtils.loadModule(
                                manager, new ByteArrayInputStream(program.archive()), false, false);
                List<float[]> results = new ArrayList<>();
                try (NDList list = repeat(1)) {
                    list.forEach(each -> results.add(floats(each)));
                }
                return results;
            }
            case OwnBaseline _ ->
                    throw new IllegalArgumentException(
                            measurement.name() + " is not compared with libtorch");
        }
    }

    private static float[] floats(NDArray result) {
        return result.toType(DataType.FLOAT32, false).toFloatArray();
    }

    @Override
    void run(long calls) {
        if (call == null) {
            repeat(calls).close();
            return;
        }
        for (long at = 0; at < calls; ) {
            try (var scope = manager.newSubManager()) {
                NDArray a = inputs.get(0).duplicate();
                a.attach(scope);
                for (int i = 0; i < RUNS_IN_SCOPE && at < calls; i++, at++) {
                    apply(call, a, inputs.get(1));
                }
            }
        }
    }

    private NDArray apply(Libtorch.Call method) {
        return apply(method, inputs.get(0), inputs.get(1));
    }

    private static NDArray apply(Libtorch.Call method, NDArray a, NDArray b) {
        return switch (method) {
            case ADD -> a.add(b);
            case MATMUL -> a.matMul(b);
        };
    }

    private NDList repeat(long calls) {
        try (NDArray count = manager.create(calls)) {
            NDList all = new NDList(count);
            all.addAll(inputs);
            return IValueUtils.forward(Objects.requireNonNull(script), all, true);
        }
    }

    @Override
    String about() {
        return "libtorch "
                + Engine.getEngine("PyTorch").getVersion()
                + " through DJL, with "
                + String.join(", ", JniUtils.getFeatures());
    }
}
