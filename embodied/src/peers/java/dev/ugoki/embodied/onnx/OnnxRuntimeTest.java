package dev.ugoki.embodied.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

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
        ByteBuffer direct =
                ByteBuffer.allocateDirect(bytes.remaining()).order(ByteOrder.nativeOrder());
        direct.put(bytes).flip();
        long[] shape = tensor.shape().toArray();
        return switch (tensor.dtype()) {
            case F32 -> OnnxTensor.createTensor(RUNTIME, direct.asFloatBuffer(), shape);
            case F64 -> OnnxTensor.createTensor(RUNTIME, direct.asDoubleBuffer(), shape);
            case I64 -> OnnxTensor.createTensor(RUNTIME, direct.asLongBuffer(), shape);
            case I32 -> OnnxTensor.createTensor(RUNTIME, direct.asIntBuffer(), shape);
            case BOOL -> OnnxTensor.createTensor(RUNTIME, direct, shape, OnnxJavaType.BOOL);
            case U8 -> OnnxTensor.createTensor(RUNTIME, direct, shape, OnnxJavaType.UINT8);
            default -> throw new IllegalArgumentException("no test gives " + tensor.dtype());
        };
    }

    private static Tensor tensor(OnnxTensor value, TensorType type) {
        assertEquals(boxed(type.shape().toArray()), boxed(value.getInfo().getShape()));
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
        List<OnnxPrograms.Program> programs = new ArrayList<>(OnnxPrograms.policies());
        programs.addAll(OnnxPrograms.diffusion());
        programs.addAll(OnnxPrograms.visual());
        programs.add(OnnxPrograms.pushT());
        for (OnnxPrograms.Program program : programs) {
            OnnxComparison.assertNear(program.expected(), run(program), 1e-4, program.name());
        }
    }

    @Test
    void aLoopRunsInOnnxRuntime() throws OrtException, IOException {
        OnnxPrograms.Program program = OnnxPrograms.loop();
        OnnxComparison.assertNear(program.expected(), run(program), 1e-5, program.name());
    }

    /**
     * What ONNX leaves open, and runtimes do in their own way: NaN where numbers are ordered, sums
     * and conversions beyond the range of an integer, and division of integers by 0.
     */
    private static boolean isOpen(String row) {
        return row.contains("special values")
                || row.contains("ends of integers")
                || row.contains("ties and NaN")
                || row.startsWith("cast to I8")
                || row.startsWith("cast to U8")
                || row.startsWith("reduce SUM of integers")
                || row.startsWith("reduce PROD of integers")
                || row.startsWith("div of") && row.endsWith("integers")
                || row.startsWith("rem of") && row.endsWith("integers");
    }

    @Test
    void operationsComputeInOnnxRuntimeWhatTheyDoHere() throws IOException {
        List<String> refused = new ArrayList<>();
        List<String> different = new ArrayList<>();
        int compared = 0;
        for (OnnxPrograms.Program program : OnnxPrograms.operations()) {
            if (isOpen(program.name())) {
                continue;
            }
            try (TensorScope _ = TensorScope.open()) {
                OnnxComparison.assertNear(
                        program.expected(), run(program), program.tolerance(), program.name());
                compared++;
            } catch (UnsupportedOperationException e) {
                // Has no counterpart: another test has the list.
            } catch (OrtException e) {
                // Some operators have no kernel for F64 there.
                if (!e.getMessage().contains("ORT_NOT_IMPLEMENTED")) {
                    refused.add(program.name() + ": " + e.getMessage());
                }
            } catch (AssertionError e) {
                different.add(e.getMessage());
            }
        }
        assertEquals(List.of(), different);
        assertEquals(List.of(), refused);
        assertTrue(compared > 150, "compared " + compared);
    }
}
