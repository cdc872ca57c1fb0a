package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.RowKernels;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.OptimizerStep;
import dev.ugoki.tensor.op.Pooling;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Composites that run as one generated kernel, for F32, and for F16 and BF16 as F32; all others
 * decompose. What a kernel computes is written in tensor-api's {@code kernel} package; here is only
 * which operation it belongs to and how the operands are laid out.
 */
final class FusedKernels {
    /** Bytes of what a flat kernel takes in at once, on any machine. */
    static final long LINE = 64;

    static final int TENSORS_OF_ADAM = 4;
    static final int SETTINGS_OF_ADAM = 8;
    static final int TENSORS_OF_AVERAGE = 2;
    static final int SETTINGS_OF_AVERAGE = 2;

    private static final long COMMON_WIDTH = 256;

    private static final Map<Composite, GeneratedKernel> FLAT = new ConcurrentHashMap<>();

    static final class OfRows {
        static final GeneratedKernel SOFTMAX = GeneratedKernels.get(RowKernels.softmax());
        static final GeneratedKernel LOG_SOFTMAX = GeneratedKernels.get(RowKernels.logSoftmax());
        static final GeneratedKernel SOFTMAX_GRADIENT =
                GeneratedKernels.get(RowKernels.softmaxGradient());
        static final GeneratedKernel LOG_SOFTMAX_GRADIENT =
                GeneratedKernels.get(RowKernels.logSoftmaxGradient());
        static final GeneratedKernel LAYER_NORM = GeneratedKernels.get(RowKernels.layerNorm());
        static final GeneratedKernel LAYER_NORM_GRADIENT =
                GeneratedKernels.get(RowKernels.layerNormGradient());
        static final GeneratedKernel SUM_OVER_ROWS = GeneratedKernels.get(RowKernels.sumOverRows());
    }

    private FusedKernels() {}

    /** Asks for kernels of rows that most networks use, for rows of whole vectors. */
    static void requestCommon() {
        OfRows.SOFTMAX.compileRows(COMMON_WIDTH);
        OfRows.LAYER_NORM.compileRows(COMMON_WIDTH);
    }

    /** {@code result = } the sum of contiguous rows. */
    static void sumOfRows(long from, long rows, long columns, long result) {
        RowSums.total(from, rows, columns, result);
    }

    /** Whether {@link #run} has a kernel for the operation on operands of these types. */
    static boolean has(Composite op, TensorType[] operands) {
        if (operands.length == 0
                || !(operands[0].dtype() == DType.F32 || WideResult.isNarrow(operands[0].dtype()))
                || operands[0].shape().elementCount() == 0) {
            return false;
        }
        int rank = operands[0].shape().rank();
        return switch (op) {
            case Activation activation -> expression(activation) != null;
            case Activation.Gradient gradient -> expression(gradient.of()) != null;
            case Likelihood.Softmax softmax -> softmax.dim() == rank - 1;
            case Likelihood.LogSoftmax softmax -> softmax.dim() == rank - 1;
            case Likelihood.SoftmaxGradient gradient -> gradient.dim() == rank - 1;
            case Likelihood.LogSoftmaxGradient gradient -> gradient.dim() == rank - 1;
            case Likelihood.CrossEntropy _, Likelihood.CrossEntropyGradient _ -> rank <= 2;
            case ElementaryGradient _ -> true;
            case Normalization.LayerNorm _ -> operands.length == 3;
            case Normalization.LayerNormGradient gradient -> gradient.affine();
            case Normalization.GroupNorm _, Normalization.GroupNormGradient _ ->
                    GroupNormRows.has(op, operands);
            case Normalization.BatchNorm _, Normalization.BatchNormGradient _ ->
                    BatchNormChannels.has(op, operands);
            case Pooling.MaxPool _ -> MaxPoolWindows.has(op, operands);
            case OptimizerStep.AdamStep _,
                    OptimizerStep.AdamWStep _,
                    OptimizerStep.MovingAverageStep _ ->
                    true;
            default -> false;
        };
    }

    static void run(Composite op, Stored[] operands, Stored[] results) {
        @Nullable Reordered[] copies = new Reordered[operands.length];
        @Nullable WideResult[] wide = new WideResult[results.length];
        long[] in = new long[operands.length];
        Result[] out = new Result[results.length];
        try {
            for (int i = 0; i < operands.length; i++) {
                Reordered copy =
                        WideResult.isNarrow(operands[i].dtype())
                                ? Reordered.floats(operands[i])
                                : Reordered.contiguous(operands[i]);
                copies[i] = copy;
                in[i] = copy.address();
            }
            for (int i = 0; i < results.length; i++) {
                WideResult each = WideResult.of(results[i]);
                wide[i] = each;
                out[i] = new Result(each.address(), results[i].shape());
            }
            run(op, operands, in, out);
            for (WideResult each : wide) {
                Objects.requireNonNull(each).store();
            }
        } finally {
            for (Reordered copy : copies) {
                if (copy != null) {
                    copy.close();
                }
            }
            for (WideResult each : wide) {
                if (each != null) {
                    each.close();
                }
            }
        }
    }

    /** Where a contiguous F32 result is to be written. */
    private record Result(long address, Shape shape) {
        long elementCount() {
            return shape.elementCount();
        }
    }

    /** Operand {@code i} lies in contiguous memory at {@code in[i]}. */
    private static void run(Composite op, Stored[] operands, long[] in, Result[] out) {
        switch (op) {
            case Activation _, Activation.Gradient _, ElementaryGradient _ ->
                    FloatLoops.flat(flat(op), table(in, out), out[0].elementCount());
            case Likelihood.Softmax _ -> softmax(OfRows.SOFTMAX, false, in, out[0]);
            case Likelihood.LogSoftmax _ -> softmax(OfRows.LOG_SOFTMAX, true, in, out[0]);
            case Likelihood.SoftmaxGradient _ ->
                    rows(OfRows.SOFTMAX_GRADIENT, new long[] {in[1], in[0]}, out[0]);
            case Likelihood.LogSoftmaxGradient _ ->
                    rows(OfRows.LOG_SOFTMAX_GRADIENT, new long[] {in[1], in[0]}, out[0]);
            case Likelihood.CrossEntropy loss ->
                    crossEntropy(
                                    operands[0].elementCount(),
                                    operands[1].type(),
                                    loss.labelSmoothing(),
                                    loss.ignoredTarget())
                            .forward(
                                    in[0],
                                    in[1],
                                    out[0].address(),
                                    out[1].address(),
                                    out[2].address());
            case Likelihood.CrossEntropyGradient loss ->
                    crossEntropy(
                                    operands[0].elementCount(),
                                    operands[1].type(),
                                    loss.labelSmoothing(),
                                    loss.ignoredTarget())
                            .gradient(in[0], in[1], in[2], in[3], in[4], out[0].address());
            case Normalization.LayerNorm norm ->
                    layerNorm(norm, operands[1].elementCount(), in, out);
            case Normalization.LayerNormGradient _ ->
                    layerNormGradient(operands[4].elementCount(), in, out);
            case Normalization.GroupNorm _, Normalization.GroupNormGradient _ ->
                    GroupNormRows.of(op, out[0].shape()).run(in, addresses(out));
            case Normalization.BatchNorm _, Normalization.BatchNormGradient _ ->
                    BatchNormChannels.of(op, out[0].shape()).run(in, addresses(out));
            case Pooling.MaxPool pool ->
                    new MaxPoolWindows(pool, operands[0].shape(), out[0].shape())
                            .run(in[0], out[0].address(), out[1].address());
            case OptimizerStep.AdamStep _, OptimizerStep.AdamWStep _ -> adam(op, in, out);
            case OptimizerStep.MovingAverageStep _ -> movingAverage(op, in, out);
            default -> throw new IllegalStateException(op.name() + " has no kernel");
        }
    }

    private static long[] addresses(Result[] results) {
        return Arrays.stream(results).mapToLong(Result::address).toArray();
    }

    /** A function of one element, and its gradient of the element and a cotangent. */
    private interface Expression {
        FloatValue value(FloatValue x);

        FloatValue gradient(FloatValue x, FloatValue cotangent);

        static Expression of(
                java.util.function.UnaryOperator<FloatValue> value,
                java.util.function.BinaryOperator<FloatValue> gradient) {
            return new Expression() {
                @Override
                public FloatValue value(FloatValue x) {
                    return value.apply(x);
                }

                @Override
                public FloatValue gradient(FloatValue x, FloatValue cotangent) {
                    return gradient.apply(x, cotangent);
                }
            };
        }
    }

    private static @Nullable Expression expression(Activation activation) {
        return switch (activation) {
            case Activation.Relu _ -> Expression.of(Activations::relu, Activations::reluGradient);
            case Activation.Silu _ -> Expression.of(Activations::silu, Activations::siluGradient);
            case Activation.Gelu _ -> Expression.of(Activations::gelu, Activations::geluGradient);
            case Activation.GeluTanh _ ->
                    Expression.of(Activations::geluTanh, Activations::geluTanhGradient);
            case Activation.Mish _ -> Expression.of(Activations::mish, Activations::mishGradient);
            case Activation.Softplus _ ->
                    Expression.of(
                            ElementaryFunctions::softplus,
                            (x, dy) -> dy.times(ElementaryFunctions.sigmoid(x)));
            default -> null;
        };
    }

    /** The kernel of a composite that is computed element by element. */
    static GeneratedKernel flat(Composite op) {
        GeneratedKernel known = FLAT.get(op);
        if (known != null) {
            return known;
        }
        KernelBuilder builder = new KernelBuilder();
        FloatValue x = builder.input(Layout.FULL);
        switch (op) {
            case Activation activation -> builder.output(require(expression(activation)).value(x));
            case Activation.Gradient gradient ->
                    builder.output(
                            require(expression(gradient.of()))
                                    .gradient(x, builder.input(Layout.FULL)));
            case ElementaryGradient.TanhGradient _ ->
                    builder.output(Activations.tanhGradient(x, builder.input(Layout.FULL)));
            case ElementaryGradient.SigmoidGradient _ ->
                    builder.output(Activations.sigmoidGradient(x, builder.input(Layout.FULL)));
            case OptimizerStep.AdamWStep _ -> adam(builder, x, true);
            case OptimizerStep.AdamStep _ -> adam(builder, x, false);
            case OptimizerStep.MovingAverageStep _ -> {
                FloatValue value = builder.input(Layout.FULL);
                FloatValue kept = builder.input(Layout.SCALAR);
                FloatValue taken = builder.input(Layout.SCALAR);
                builder.output(x.times(kept).plus(value.times(taken)));
            }
            default -> throw new IllegalStateException(op.name() + " has no kernel");
        }
        GeneratedKernel kernel = GeneratedKernels.get(builder.build());
        FLAT.put(op, kernel);
        return kernel;
    }

    private static Expression require(@Nullable Expression expression) {
        if (expression == null) {
            throw new IllegalStateException("an activation without an expression");
        }
        return expression;
    }

    /** Operands that are read element by element, in contiguous memory. */
    private static long[] table(long[] in, Result[] out) {
        long[] table = new long[2 * (in.length + out.length)];
        for (int i = 0; i < in.length; i++) {
            table[2 * i] = in[i];
        }
        for (int i = 0; i < out.length; i++) {
            table[2 * (in.length + i)] = out[i].address();
        }
        return table;
    }

    private static void softmax(GeneratedKernel kernel, boolean logarithm, long[] in, Result out) {
        long columns = out.shape().extent(-1);
        if (LongRows.are(columns)) {
            long rows = out.elementCount() / columns;
            LongRows.softmax(logarithm, in[0], rows, columns, out.address());
        } else {
            rows(kernel, in, out);
        }
    }

    /** Runs a kernel whose operands and result all have a row for each row. */
    private static void rows(GeneratedKernel kernel, long[] in, Result out) {
        long columns = out.shape().extent(-1);
        long rowBytes = 4 * columns;
        long[] table = new long[2 * in.length + 2];
        for (int i = 0; i <= in.length; i++) {
            table[2 * i] = i < in.length ? in[i] : out.address();
            table[2 * i + 1] = rowBytes;
        }
        FloatLoops.rows(kernel, table, out.elementCount() / columns, columns);
    }

    /** The rows of so many scores, of which each target has one. */
    static CrossEntropyRows crossEntropy(
            long scores, TensorType targets, double smoothing, long ignored) {
        long rows = targets.shape().elementCount();
        return new CrossEntropyRows(
                rows, scores / rows, targets.dtype(), (float) smoothing, ignored);
    }

    private static void layerNorm(
            Normalization.LayerNorm op, long columns, long[] in, Result[] out) {
        long rows = out[0].elementCount() / columns;
        if (LongRows.are(columns)) {
            LongRows.layerNorm(
                    op.epsilon(),
                    in[0],
                    in[1],
                    in[2],
                    rows,
                    columns,
                    out[0].address(),
                    out[1].address(),
                    out[2].address());
            return;
        }
        long rowBytes = 4 * columns;
        long epsilon = NativeMemory.allocate(NativeMemory.PADDING);
        try {
            NativeMemory.setFloat(epsilon, (float) op.epsilon());
            long[] table = {
                in[0],
                rowBytes,
                in[1],
                0,
                in[2],
                0,
                epsilon,
                0,
                out[0].address(),
                rowBytes,
                out[1].address(),
                4,
                out[2].address(),
                4
            };
            FloatLoops.rows(OfRows.LAYER_NORM, table, rows, columns);
        } finally {
            NativeMemory.free(epsilon);
        }
    }

    private static void layerNormGradient(long columns, long[] in, Result[] out) {
        long rows = out[0].elementCount() / columns;
        long rowBytes = 4 * columns;
        try (RowSums weight = new RowSums(rows, columns);
                RowSums bias = new RowSums(rows, columns)) {
            long[] table = {
                in[0],
                rowBytes,
                in[1],
                rowBytes,
                in[4],
                0,
                in[2],
                4,
                in[3],
                4,
                out[0].address(),
                rowBytes,
                weight.address(),
                rowBytes,
                bias.address(),
                rowBytes
            };
            RowSums.run(OfRows.LAYER_NORM_GRADIENT, table, rows, columns);
            weight.finish(out[1].address());
            bias.finish(out[2].address());
        }
    }

    private static void adam(Composite op, long[] in, Result[] out) {
        double[] settings = new double[SETTINGS_OF_ADAM];
        settingsOfAdam(op, in, settings);
        withSettings(op, in, TENSORS_OF_ADAM, settings, out);
    }

    /** What the kernel takes of the scalars that an Adam step is given. */
    static void settingsOfAdam(Composite op, long[] in, double[] settings) {
        double learningRate = NativeMemory.getDouble(in[4]);
        double beta1 = NativeMemory.getDouble(in[5]);
        double beta2 = NativeMemory.getDouble(in[6]);
        double epsilon = NativeMemory.getDouble(in[7]);
        double decay = NativeMemory.getDouble(in[8]);
        double correction1 = NativeMemory.getDouble(in[9]);
        double correction2 = NativeMemory.getDouble(in[10]);
        settings[0] = op instanceof OptimizerStep.AdamWStep ? 1 - learningRate * decay : decay;
        settings[1] = beta1;
        settings[2] = 1 - beta1;
        settings[3] = beta2;
        settings[4] = 1 - beta2;
        settings[5] = -learningRate / correction1;
        settings[6] = 1 / Math.sqrt(correction2);
        settings[7] = epsilon;
    }

    private static void movingAverage(Composite op, long[] in, Result[] out) {
        double[] settings = new double[SETTINGS_OF_AVERAGE];
        settingsOfAverage(in, settings);
        withSettings(op, in, TENSORS_OF_AVERAGE, settings, out);
    }

    /** What the kernel takes of the scalar that a moving average is given. */
    static void settingsOfAverage(long[] in, double[] settings) {
        double decay = NativeMemory.getDouble(in[2]);
        settings[0] = decay;
        settings[1] = 1 - decay;
    }

    /**
     * Runs a flat kernel whose inputs are the first operands, element by element, and scalars. What
     * it writes may be part of a larger tensor, so the elements after the last whole vector, whose
     * neighbours a flat kernel would overwrite, go through memory of their own.
     */
    private static void withSettings(
            Composite op, long[] in, int tensors, double[] settings, Result[] out) {
        int inputs = tensors + settings.length;
        long memory = NativeMemory.allocate(LINE * (inputs + out.length));
        try {
            long[] table = new long[2 * (inputs + out.length)];
            for (int i = 0; i < inputs + out.length; i++) {
                table[2 * i] = memory + LINE * i;
                if (i >= tensors && i < inputs) {
                    NativeMemory.setFloat(table[2 * i], (float) settings[i - tensors]);
                }
            }
            long[] whole = table.clone();
            for (int i = 0; i < tensors; i++) {
                whole[2 * i] = in[i];
            }
            for (int i = 0; i < out.length; i++) {
                whole[2 * (inputs + i)] = out[i].address();
            }
            long count = out[0].elementCount();
            long rest = count % (LINE / Float.BYTES);
            FloatLoops.flat(flat(op), whole, count - rest);
            if (rest > 0) {
                long done = 4 * (count - rest);
                for (int i = 0; i < tensors; i++) {
                    NativeMemory.copy(in[i] + done, table[2 * i], 4 * rest);
                }
                FloatLoops.flat(flat(op), table, rest);
                for (int i = 0; i < out.length; i++) {
                    NativeMemory.copy(table[2 * (inputs + i)], out[i].address() + done, 4 * rest);
                }
            }
        } finally {
            NativeMemory.free(memory);
        }
    }

    /** Inputs as {@link #adam(Composite, long[], Result[])} lays them out. */
    private static void adam(KernelBuilder builder, FloatValue p, boolean decoupled) {
        FloatValue given = builder.input(Layout.FULL);
        FloatValue m = builder.input(Layout.FULL);
        FloatValue v = builder.input(Layout.FULL);
        FloatValue decay = builder.input(Layout.SCALAR);
        FloatValue beta1 = builder.input(Layout.SCALAR);
        FloatValue oneMinusBeta1 = builder.input(Layout.SCALAR);
        FloatValue beta2 = builder.input(Layout.SCALAR);
        FloatValue oneMinusBeta2 = builder.input(Layout.SCALAR);
        FloatValue minusStep = builder.input(Layout.SCALAR);
        FloatValue inverseRoot = builder.input(Layout.SCALAR);
        FloatValue epsilon = builder.input(Layout.SCALAR);
        FloatValue g = decoupled ? given : p.timesPlus(decay, given);
        FloatValue kept = decoupled ? p.times(decay) : p;
        FloatValue first = m.timesPlus(beta1, g.times(oneMinusBeta1));
        FloatValue second = v.timesPlus(beta2, g.times(g).times(oneMinusBeta2));
        FloatValue denominator = second.sqrt().timesPlus(inverseRoot, epsilon);
        builder.output(first.over(denominator).timesPlus(minusStep, kept))
                .output(first)
                .output(second);
    }
}
