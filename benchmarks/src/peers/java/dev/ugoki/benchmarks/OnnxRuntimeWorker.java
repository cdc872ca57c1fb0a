package dev.ugoki.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** ONNX Runtime as a contender: a model, which writes to a tensor that is given. */
final class OnnxRuntimeWorker extends Worker {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final Map<String, OnnxTensor> inputs = new HashMap<>();
    private Map<String, OnnxTensor> outputs = Map.of();
    private @Nullable OrtSession session;
    private int threads = 1;

    OnnxRuntimeWorker(Library library) {}

    @Override
    void start(int threadCount) {
        threads = threadCount;
    }

    @Override
    List<float[]> prepare(Measurement measurement) throws IOException {
        byte[] model = model(measurement);
        int dataCount =
                measurement.rival() instanceof OnnxProgram program
                        ? program.dataCount()
                        : measurement.inputs().size();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            OrtSession opened = environment.createSession(model, options);
            session = opened;
            for (Input input : measurement.inputs().subList(0, dataCount)) {
                int place = inputs.size();
                FloatBuffer values = direct(input.count()).put(input.floats(place)).rewind();
                inputs.put(
                        TorchScript.name(place),
                        OnnxTensor.createTensor(environment, values, input.shape()));
            }
            try (OrtSession.Result result = opened.run(inputs)) {
                OnnxTensor first = (OnnxTensor) result.get(0);
                long[] shape = first.getInfo().getShape();
                float[] values = new float[(int) first.getInfo().getNumElements()];
                first.getFloatBuffer().get(values);
                FloatBuffer kept = direct(values.length);
                outputs =
                        Map.of(OnnxModel.OUTPUT, OnnxTensor.createTensor(environment, kept, shape));
                run(1);
                kept.duplicate().rewind().get(values);
                return List.of(values);
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] model(Measurement measurement) throws IOException {
        if (!(measurement.rival() instanceof OnnxProgram program)) {
            return OnnxModel.ofNode(measurement.traits().operator(), measurement.inputs());
        }
        List<Tensor> values = new ArrayList<>();
        for (Input input : measurement.inputs()) {
            values.add(Tensor.of(input.floats(values.size()), input.shape()));
        }
        Path file = Files.createTempFile("program", ".onnx");
        try {
            program.write(file, values.toArray(Tensor[]::new));
            return Files.readAllBytes(file);
        } finally {
            Files.delete(file);
        }
    }

    private static FloatBuffer direct(int count) {
        return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    @Override
    void run(long calls) {
        OrtSession opened = Objects.requireNonNull(session);
        try {
            for (long call = 0; call < calls; call++) {
                opened.run(inputs, outputs).close();
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    String about() {
        return "ONNX Runtime " + environment.getVersion();
    }
}
