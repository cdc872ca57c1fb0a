package dev.ugoki.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

import dev.ugoki.embodied.onnx.OnnxFile;
import dev.ugoki.examples.jitter.MeasureJitter;
import dev.ugoki.examples.jitter.WalkingNetwork;
import dev.ugoki.nn.layer.Linear;
import dev.ugoki.tensor.Tensor;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * {@code ugoki jitter --peers}: libtorch, through DJL, and ONNX Runtime in the control loops beside
 * ours, on one thread each, as their users call them where time counts: ONNX Runtime with tensors
 * that stay, DJL with a program and weights that stay.
 */
public final class JitterOfPeers {
    private JitterOfPeers() {}

    /** Measures, and ends the JVM with the command's exit code. */
    public static void main(String[] arguments) {
        System.setProperty("ai.djl.offline", "true");
        List<MeasureJitter.Peer> peers =
                List.of(
                        new MeasureJitter.Peer("DJL, libtorch", JitterOfPeers::libtorch),
                        new MeasureJitter.Peer("ONNX Runtime", JitterOfPeers::onnxRuntime));
        System.exit(MeasureJitter.run(peers, arguments));
    }

    /** Numbers outside of the Java heap. */
    private static FloatBuffer direct(int count) {
        return ByteBuffer.allocateDirect(Float.BYTES * count)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    /** One cycle. */
    private interface Cycle {
        void run(float[] observed, float[] action);
    }

    private static final class Actor implements MeasureJitter.Actor {
        private final Cycle cycle;
        private final float[] observed = new float[WalkingNetwork.OBSERVED];
        private final float[] action = new float[WalkingNetwork.JOINTS];

        Actor(Cycle cycle) {
            this.cycle = cycle;
        }

        @Override
        public boolean run(long number) {
            WalkingNetwork.observe(number, observed);
            cycle.run(observed, action);
            return true;
        }

        @Override
        public float[] action() {
            return action;
        }
    }

    private static MeasureJitter.Actor onnxRuntime() {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            Path file = Files.createTempFile("walking", ".onnx");
            OnnxFile.write(file, WalkingNetwork.create().program());
            OrtSession session = environment.createSession(file.toString(), options);
            Files.delete(file);
            FloatBuffer in = direct(WalkingNetwork.OBSERVED);
            FloatBuffer out = direct(WalkingNetwork.JOINTS);
            Map<String, OnnxTensor> inputs =
                    Map.of("observation", tensor(environment, in, 1, WalkingNetwork.OBSERVED));
            Map<String, OnnxTensor> outputs =
                    Map.of("actions", tensor(environment, out, 1, 1, WalkingNetwork.JOINTS));
            return new Actor(
                    (observed, action) -> {
                        in.clear().put(observed);
                        try {
                            session.run(inputs, outputs).close();
                        } catch (OrtException e) {
                            throw new IllegalStateException(e);
                        }
                        out.clear().get(action);
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    private static OnnxTensor tensor(OrtEnvironment environment, FloatBuffer buffer, long... shape)
            throws OrtException {
        return OnnxTensor.createTensor(environment, buffer, shape);
    }

    private static MeasureJitter.Actor libtorch() {
        PtNDManager manager = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager();
        JniUtils.setNumThreads(1);
        JniUtils.setGradMode(false);
        NDList weights = new NDList();
        List<String> lines = new ArrayList<>();
        lines.add(
                "x = torch.div(torch.sub(a, %s), %s)"
                        .formatted(WalkingNetwork.MEAN, WalkingNetwork.DEVIATION));
        List<Linear> layers = WalkingNetwork.create().layers();
        for (int i = 0; i < layers.size(); i++) {
            weights.add(array(manager, layers.get(i).weight().tensor()));
            weights.add(array(manager, Objects.requireNonNull(layers.get(i).bias()).tensor()));
            String linear =
                    "torch.linear(x, %s, %s)"
                            .formatted(TorchScript.name(2 * i + 1), TorchScript.name(2 * i + 2));
            String function = i + 1 < layers.size() ? "torch.silu" : "torch.tanh";
            lines.add("x = " + function + "(" + linear + ")");
        }
        lines.add("r = [x]");
        TorchScript program = new TorchScript(1 + weights.size(), List.of(), lines);
        PtSymbolBlock script = loaded(manager, program);
        NDArray once = manager.create(1L);
        return new Actor(
                (observed, action) -> {
                    try (NDManager scope = manager.newSubManager()) {
                        NDList inputs = new NDList(once);
                        inputs.add(scope.create(observed, new Shape(1, WalkingNetwork.OBSERVED)));
                        inputs.addAll(weights);
                        try (NDList results = IValueUtils.forward(script, inputs, false)) {
                            float[] given = results.head().toFloatArray();
                            System.arraycopy(given, 0, action, 0, action.length);
                        }
                    }
                });
    }

    private static PtSymbolBlock loaded(PtNDManager manager, TorchScript program) {
        try {
            return JniUtils.loadModule(
                    manager, new ByteArrayInputStream(program.archive()), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static NDArray array(NDManager manager, Tensor values) {
        return manager.create(values.detach().toFloatArray(), new Shape(values.shape().toArray()));
    }
}
