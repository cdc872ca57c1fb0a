package dev.ugoki.embodied.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;

import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;
import dev.ugoki.tensor.TensorType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What is exported computes in ONNX Runtime what it does here. */
class OnnxRuntimeTest {
    private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();

    @TempDir Path folder;

    private Tensor[] run(OnnxPrograms.Program program) throws OrtException, IOException {
        Path file = folder.resolve("program.onnx");
        OnnxFile.write(file, program.graph());
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
                OrtSession session = RUNTIME.createSession(file.toString(), options)) {
            for (int i = 0; i < program.inputs().length; i++) {
                String name = program.graph().inputs().get(i);
                // An input that nothing depends on is no input there.
                if (session.getInputNames().contains(name)) {
                    inputs.put(name, tensor(program.inputs()[i]));
                }
            }
            try (OrtSession.Result result = session.run(inputs)) {
                Tensor[] tensors = new Tensor[result.size()];
                for (int i = 0; i < tensors.length; i++) {
                    tensors[i] =
                            tensor(
                                    (OnnxTensor) result.get(i),
                                    program.graph().graph().resultTypes()[i]);
                }
                return tensors;
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static OnnxTensor tensor(Tensor tensor) throws OrtException {
        ByteBuffer bytes = tensor.toMemory().asByteBuffer();
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining()).order(ByteOrder.nativeOrder());
        direct.put(bytes).flip();
        long[] shape = tensor.shape().toArray();
        return switch (tensor.dtype()) {
            case F32 -> OnnxTensor.createTensor(RUNTIME, direct.asFloatBuffer(), shape);
            case F64 -> OnnxTensor.createTensor(RUNTIME, direct.asDoubleBuffer(), shape);
            case I64 -> OnnxTensor.createTensor(RUNTIME, direct.asLongBuffer(), shape);
            case I32 -> OnnxTensor.createTensor(RUNTIME, direct.asIntBuffer(), shape);
            case BOOL ->
                    OnnxTensor.createTensor(RUNTIME, direct, shape, OnnxJavaType.BOOL);
            case U8 ->
                    OnnxTensor.createTensor(RUNTIME, direct, shape, OnnxJavaType.UINT8);
            default -> throw new IllegalArgumentException("no test gives " + tensor.dtype());
        };
    }

    private static Tensor tensor(OnnxTensor value, TensorType type) {
        assertEquals(
                boxed(type.shape().toArray()), boxed(((TensorInfo) value.getInfo()).getShape()));
        ByteBuffer bytes = value.getByteBuffer().order(ByteOrder.nativeOrder());
        return Tensor.of(type, MemorySegment.ofBuffer(bytes));
    }

    private static List<Long> boxed(long[] values) {
        List<Long> all = new ArrayList<>();
        for (long value : values) {
            all.add(value);
        }
        return all;
    }

    @Test
    void policiesActInOnnxRuntimeAsTheyDoHere() throws OrtException, IOException {
        for (OnnxPrograms.Program program : OnnxPrograms.policies()) {
            OnnxComparison.assertNear(program.expected(), run(program), 1e-4, program.name());
        }
    }

    @Test
    void aLoopRunsInOnnxRuntime() throws OrtException, IOException {
        OnnxPrograms.Program program = OnnxPrograms.loop();
        OnnxComparison.assertNear(program.expected(), run(program), 1e-5, program.name());
    }

    /** Operations whose rows hold element types that ONNX Runtime has no kernel for. */
    @Test
    void operationsComputeInOnnxRuntimeWhatTheyDoHere() throws IOException {
        Set<String> refused = new TreeSet<>();
        List<String> different = new ArrayList<>();
        int compared = 0;
        for (OnnxPrograms.Program program : OnnxPrograms.operations()) {
            try (TensorScope _ = TensorScope.open()) {
                Tensor[] actual;
                try {
                    actual = run(program);
                } catch (UnsupportedOperationException e) {
                    continue;
                } catch (OrtException e) {
                    refused.add(program.name() + ": " + e.getMessage());
                    continue;
                }
                try {
                    OnnxComparison.assertNear(
                            program.expected(), actual, program.tolerance(), program.name());
                    compared++;
                } catch (AssertionError e) {
                    different.add(e.getMessage());
                }
            }
        }
        assertEquals(List.of(), different);
        assertEquals(Set.of(), refused);
        assertTrue(compared > 150, "compared " + compared);
    }
}
