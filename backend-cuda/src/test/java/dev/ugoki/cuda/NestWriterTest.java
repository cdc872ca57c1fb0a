package dev.ugoki.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.cuda.emulated.EmulatedDriver;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.KernelInterpreter;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.Output;
import dev.ugoki.tensor.kernel.RowKernels;
import dev.ugoki.tensor.spi.HostMemory;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** What is written out as CUDA C has the bits of the interpreter. */
final class NestWriterTest {
    private static final long[][] SHAPES = {{1, 1}, {3, 5}, {2, 64}, {70, 33}, {4, 200}};
    private static final Map<String, Kernel> KERNELS = new LinkedHashMap<>();

    static {
        KERNELS.put("softmax", RowKernels.softmax());
        KERNELS.put("log_softmax", RowKernels.logSoftmax());
        KERNELS.put("softmax_gradient", RowKernels.softmaxGradient());
        KERNELS.put("log_softmax_gradient", RowKernels.logSoftmaxGradient());
        KERNELS.put("layer_norm", RowKernels.layerNorm());
        KERNELS.put("layer_norm_gradient", RowKernels.layerNormGradient());
        KERNELS.put("norm_gradient", RowKernels.normGradient());
        KERNELS.put("channel_gradients", RowKernels.channelGradients());
        KERNELS.put("rms_norm", RowKernels.rmsNorm());
        KERNELS.put("rms_norm_gradient", RowKernels.rmsNormGradient());
        KERNELS.put("cross_entropy", RowKernels.crossEntropy());
        KERNELS.put("cross_entropy_gradient", RowKernels.crossEntropyGradient());
        KERNELS.put("sum_over_rows", RowKernels.sumOverRows());
        flat("gelu", Activations::gelu);
        flat("gelu_tanh", Activations::geluTanh);
        flat("silu", Activations::silu);
        flat("mish", Activations::mish);
        flat("relu", Activations::relu);
        flat("exp", ElementaryFunctions::exp);
        flat("log", ElementaryFunctions::log);
        flat("tanh", ElementaryFunctions::tanh);
        flat("erf", ElementaryFunctions::erf);
        flat("softplus", ElementaryFunctions::softplus);
        gradient("gelu_gradient", Activations::geluGradient);
        gradient("gelu_tanh_gradient", Activations::geluTanhGradient);
        gradient("mish_gradient", Activations::mishGradient);
        gradient("tanh_gradient", Activations::tanhGradient);
    }

    private static void flat(String name, UnaryOperator<FloatValue> function) {
        KernelBuilder builder = new KernelBuilder();
        builder.output(function.apply(builder.input(Layout.FULL)));
        KERNELS.put(name, builder.build());
    }

    private static void gradient(String name, BinaryOperator<FloatValue> function) {
        KernelBuilder builder = new KernelBuilder();
        FloatValue x = builder.input(Layout.FULL);
        builder.output(function.apply(x, builder.input(Layout.FULL)));
        KERNELS.put(name, builder.build());
    }

    @BeforeAll
    static void requireDevice() {
        Devices.requireEmulated();
    }

    @Test
    void everyNestHasTheBitsOfTheInterpreter() {
        KernelBatch batch = new KernelBatch("written", "conversions", "reductions", "nests");
        Map<String, KernelCode> codes = new LinkedHashMap<>();
        KERNELS.forEach(
                (name, kernel) ->
                        codes.put(
                                name,
                                batch.addText(
                                        "nest_" + name,
                                        NestWriter.write(
                                                "nest_" + name,
                                                kernel,
                                                Collections.nCopies(
                                                        kernel.operands().size(), DType.F32),
                                                Collections.nCopies(
                                                        kernel.outputs().size(), DType.F32)))));
        EmulatedDriver driver =
                new EmulatedDriver(new EmulatedDriver.Settings(1 << 24, 1, false, true));
        long stream = driver.createStream();
        KERNELS.forEach(
                (name, kernel) -> {
                    for (long[] shape : SHAPES) {
                        long function = driver.load(codes.get(name));
                        compare(name, kernel, driver, function, stream, shape[0], shape[1]);
                    }
                });
    }

    private static void compare(
            String name,
            Kernel kernel,
            EmulatedDriver driver,
            long function,
            long stream,
            long rows,
            long columns) {
        long elements = rows * columns;
        int size = kernel.tableSize();
        SplittableRandom random = new SplittableRandom(name.hashCode() + elements);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] expected = new MemorySegment[size];
            MemorySegment[] actual = new MemorySegment[size];
            long[] table = new long[2 * size];
            long[] distances = new long[size];
            for (int k = 0; k < size; k++) {
                boolean input = k < kernel.operands().size();
                Layout layout =
                        input
                                ? kernel.operands().get(k).layout()
                                : kernel.outputs().get(k - kernel.operands().size()).layout();
                expected[k] = arena.allocate(4 * elements + 64, 64);
                for (long i = 0; input && i < elements; i++) {
                    float value = (float) (random.nextDouble() * 4 - (name.equals("log") ? 0 : 2));
                    expected[k].setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                }
                actual[k] = arena.allocate(4 * elements + 64, 64).copyFrom(expected[k]);
                distances[k] =
                        layout == Layout.PER_ROW ? 1 : layout.variesByRow() || !input ? columns : 0;
                table[2 * k] = expected[k].address();
                table[2 * k + 1] = 4 * distances[k];
            }
            new KernelInterpreter(kernel)
                    .run(HostMemory.segment(0, Long.MAX_VALUE), table, 0, rows, columns);
            boolean flat = kernel.isFlat();
            Arguments arguments = Arguments.begin().add(rows).add(flat ? elements : columns);
            for (int k = 0; k < 20; k++) {
                arguments.add(k < size ? actual[k].address() : 0);
            }
            arguments.add(distances, size, 20);
            boolean sums = kernel.outputs().stream().anyMatch(o -> o.layout() == Layout.PER_COLUMN);
            long blocks =
                    flat
                            ? (elements + 63) / 64
                            : sums ? Math.ceilDiv(rows, Output.ROWS_PER_BLOCK) : rows;
            driver.launch(
                    function,
                    blocks,
                    1,
                    NestWriter.THREADS,
                    NestWriter.SHARED_BYTES,
                    arguments.address(),
                    arguments.bytes(),
                    stream);
            for (int k = kernel.operands().size(); k < size; k++) {
                assertEquals(
                        -1,
                        expected[k].mismatch(actual[k]),
                        name + " of " + rows + " x " + columns + ", operand " + k);
            }
        }
    }
}
