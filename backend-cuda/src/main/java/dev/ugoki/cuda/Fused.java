package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.kernel.Activations;
import dev.ugoki.tensor.kernel.ElementaryFunctions;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.IntValue;
import dev.ugoki.tensor.kernel.Kernel;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;
import dev.ugoki.tensor.kernel.RowKernels;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Composite;
import dev.ugoki.tensor.op.ElementaryGradient;
import dev.ugoki.tensor.op.Likelihood;
import dev.ugoki.tensor.op.NormalQuantile;
import dev.ugoki.tensor.op.Normalization;
import dev.ugoki.tensor.op.RandomDraw;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Composites that run as one kernel written out from a loop nest, in F32, F16 and BF16; all others
 * decompose. What a nest computes is written in tensor-api's {@code kernel} package.
 */
final class Fused {
    static final List<DType> DTYPES = List.of(DType.F32, DType.F16, DType.BF16);
    private static final KernelBatch BATCH =
            new KernelBatch("fused", "conversions", "reductions", "nests");

    /** Of composites without settings, each of which equals all others of its kind. */
    private static final Map<Composite, Map<DType, KernelCode>> FLAT = new HashMap<>();

    /** The same as nests. */
    private static final Map<Composite, Kernel> FLAT_NESTS = new HashMap<>();

    private static final Map<DType, KernelCode> SOFTMAX = rows("softmax", RowKernels.softmax());
    private static final Map<DType, KernelCode> LOG_SOFTMAX =
            rows("log_softmax", RowKernels.logSoftmax());
    private static final Map<DType, KernelCode> SOFTMAX_GRADIENT =
            rows("softmax_gradient", RowKernels.softmaxGradient());
    private static final Map<DType, KernelCode> LOG_SOFTMAX_GRADIENT =
            rows("log_softmax_gradient", RowKernels.logSoftmaxGradient());

    private static final Map<DType, KernelCode> CROSS_ENTROPY =
            each(
                    "cross_entropy",
                    RowKernels.crossEntropy(),
                    t -> List.of(t),
                    _ -> List.of(DType.F32, DType.F32, DType.F32));
    private static final Map<DType, KernelCode> CROSS_ENTROPY_GRADIENT =
            each(
                    "cross_entropy_gradient",
                    RowKernels.crossEntropyGradient(),
                    t -> List.of(t, t, t, DType.F32, DType.F32),
                    _ -> List.of(DType.F32));
    private static final Map<DType, KernelCode> NORMAL =
            each("normal", normal(), _ -> List.of(DType.I32), t -> List.of(t));
    private static final Map<DType, KernelCode> UNIFORM = new EnumMap<>(DType.class);

    /** By dtype of the scores and whether targets are I64. */
    private static final Map<DType, KernelCode[]> LOSSES = new EnumMap<>(DType.class);

    private static final Map<DType, KernelCode[]> COTANGENTS = new EnumMap<>(DType.class);
    private static final KernelCode[] SHARES = new KernelCode[2];

    static {
        addActivation(new Activation.Relu(), Activations::relu, Activations::reluGradient);
        addActivation(new Activation.Silu(), Activations::silu, Activations::siluGradient);
        addActivation(new Activation.Gelu(), Activations::gelu, Activations::geluGradient);
        addActivation(
                new Activation.GeluTanh(), Activations::geluTanh, Activations::geluTanhGradient);
        addActivation(new Activation.Mish(), Activations::mish, Activations::mishGradient);
        addActivation(
                new Activation.Softplus(),
                ElementaryFunctions::softplus,
                (x, dy) -> dy.times(ElementaryFunctions.sigmoid(x)));
        addGradient(new ElementaryGradient.TanhGradient(), Activations::tanhGradient);
        addGradient(new ElementaryGradient.SigmoidGradient(), Activations::sigmoidGradient);
        for (DType dtype : DTYPES) {
            String type = Names.of(dtype);
            int precision = dtype == DType.F32 ? 24 : dtype == DType.F16 ? 11 : 8;
            UNIFORM.put(
                    dtype,
                    add("uniform_" + type, uniform(precision), List.of(DType.I32), List.of(dtype)));
            LOSSES.put(dtype, ofTargets("cross_entropy_losses", type));
            COTANGENTS.put(dtype, ofTargets("cross_entropy_cotangents", type));
        }
        for (int wide = 0; wide < 2; wide++) {
            String index = wide == 1 ? "i64" : "i32";
            SHARES[wide] =
                    BATCH.add(
                            "cross_entropy_shares_" + index,
                            "Targets",
                            "cross_entropy_shares<" + index + ">(p);");
        }
    }

    private Fused() {}

    static List<KernelBatch> batches() {
        return List.of(BATCH, Normalizations.BATCH);
    }

    private static KernelCode add(
            String name, Kernel kernel, List<DType> inputs, List<DType> outputs) {
        return BATCH.addText(name, NestWriter.write(name, kernel, inputs, outputs));
    }

    /** Writes the text of a kernel whose operands lie in memory as these dtypes. */
    @FunctionalInterface
    interface Writer {
        String write(String name, List<DType> inputs, List<DType> outputs);
    }

    /** A kernel for each dtype. */
    static Map<DType, KernelCode> each(
            KernelBatch batch,
            String name,
            Function<DType, List<DType>> inputs,
            Function<DType, List<DType>> outputs,
            Writer writer) {
        Map<DType, KernelCode> codes = new EnumMap<>(DType.class);
        for (DType dtype : DTYPES) {
            String full = name + "_" + Names.of(dtype);
            String text = writer.write(full, inputs.apply(dtype), outputs.apply(dtype));
            codes.put(dtype, batch.addText(full, text));
        }
        return codes;
    }

    private static Map<DType, KernelCode> each(
            String name,
            Kernel kernel,
            Function<DType, List<DType>> inputs,
            Function<DType, List<DType>> outputs) {
        return each(
                BATCH,
                name,
                inputs,
                outputs,
                (full, in, out) -> NestWriter.write(full, kernel, in, out));
    }

    private static Map<DType, KernelCode> rows(String name, Kernel kernel) {
        return each(
                name,
                kernel,
                t -> Collections.nCopies(kernel.operands().size(), t),
                t -> Collections.nCopies(kernel.outputs().size(), t));
    }

    private static KernelCode[] ofTargets(String function, String type) {
        KernelCode[] codes = new KernelCode[2];
        for (int wide = 0; wide < 2; wide++) {
            String index = wide == 1 ? "i64" : "i32";
            codes[wide] =
                    BATCH.add(
                            function + "_" + type + "_" + index,
                            "Targets",
                            function + "<" + type + ", " + index + ">(p);");
        }
        return codes;
    }

    private static void addActivation(
            Activation activation,
            UnaryOperator<FloatValue> value,
            BinaryOperator<FloatValue> gradient) {
        KernelBuilder builder = new KernelBuilder();
        builder.output(value.apply(builder.input(Layout.FULL)));
        addFlat(activation, activation.name(), builder.build());
        addGradient(new Activation.Gradient(activation), gradient);
    }

    private static void addGradient(Composite op, BinaryOperator<FloatValue> gradient) {
        KernelBuilder builder = new KernelBuilder();
        FloatValue x = builder.input(Layout.FULL);
        builder.output(gradient.apply(x, builder.input(Layout.FULL)));
        String name =
                op instanceof Activation.Gradient of ? of.of().name() + "_gradient" : op.name();
        addFlat(op, name, builder.build());
    }

    private static void addFlat(Composite op, String name, Kernel kernel) {
        FLAT.put(op, rows(name, kernel));
        FLAT_NESTS.put(op, kernel);
    }

    /** What {@link #run} computes for each element, in F32; null where it is no such operation. */
    static @Nullable Kernel pointwise(Composite op, TensorType[] operands) {
        for (TensorType operand : operands) {
            if (operand.dtype() != operands[0].dtype()) {
                return null;
            }
        }
        return has(op, operands) ? FLAT_NESTS.get(op) : null;
    }

    private static Kernel normal() {
        KernelBuilder builder = new KernelBuilder();
        return builder.output(NormalQuantile.ofWord(builder.intInput(Layout.FULL))).build();
    }

    private static Kernel uniform(int precision) {
        KernelBuilder builder = new KernelBuilder();
        IntValue top = builder.intInput(Layout.FULL).shiftRightUnsigned(32 - precision);
        return builder.output(top.toFloat().times(Math.scalb(1f, -precision))).build();
    }

    /** Whether {@link #run} has a kernel for the operation on operands of these types. */
    static boolean has(Composite op, TensorType[] operands) {
        return switch (op) {
            case RandomDraw.RandomNormal normal -> DTYPES.contains(normal.dtype());
            case RandomDraw.RandomUniform uniform -> DTYPES.contains(uniform.dtype());
            default -> hasFor(op, operands);
        };
    }

    private static boolean hasFor(Composite op, TensorType[] operands) {
        if (operands.length == 0
                || !DTYPES.contains(operands[0].dtype())
                || operands[0].shape().elementCount() == 0) {
            return false;
        }
        int rank = operands[0].shape().rank();
        return switch (op) {
            case Likelihood.Softmax softmax -> softmax.dim() == rank - 1;
            case Likelihood.LogSoftmax softmax -> softmax.dim() == rank - 1;
            case Likelihood.SoftmaxGradient gradient -> gradient.dim() == rank - 1;
            case Likelihood.LogSoftmaxGradient gradient -> gradient.dim() == rank - 1;
            case Likelihood.CrossEntropy _, Likelihood.CrossEntropyGradient _ -> rank <= 2;
            case Normalization norm -> Normalizations.has(norm, operands);
            default -> FLAT.containsKey(op);
        };
    }

    static void run(Gpu gpu, Composite op, Stored[] given, Stored[] out) {
        try (Gpu.Scratch scratch = gpu.scratch()) {
            Stored[] in = new Stored[given.length];
            for (int i = 0; i < in.length; i++) {
                in[i] = Elementwise.contiguous(gpu, scratch, given[i]);
            }
            switch (op) {
                case RandomDraw.RandomNormal normal ->
                        draw(gpu, scratch, NORMAL.get(normal.dtype()), in[0], out[0]);
                case RandomDraw.RandomUniform uniform ->
                        draw(gpu, scratch, UNIFORM.get(uniform.dtype()), in[0], out[0]);
                case Likelihood.Softmax _ -> alongRows(gpu, SOFTMAX, out[0], in[0]);
                case Likelihood.LogSoftmax _ -> alongRows(gpu, LOG_SOFTMAX, out[0], in[0]);
                case Likelihood.SoftmaxGradient _ ->
                        alongRows(gpu, SOFTMAX_GRADIENT, out[0], in[1], in[0]);
                case Likelihood.LogSoftmaxGradient _ ->
                        alongRows(gpu, LOG_SOFTMAX_GRADIENT, out[0], in[1], in[0]);
                case Likelihood.CrossEntropy loss -> crossEntropy(gpu, scratch, loss, in, out);
                case Likelihood.CrossEntropyGradient loss ->
                        crossEntropyGradient(gpu, scratch, loss, in, out[0]);
                case Normalization norm -> Normalizations.run(gpu, scratch, norm, in, out);
                default -> flat(gpu, op, in, out[0]);
            }
        }
    }

    static KernelCode require(@Nullable KernelCode code) {
        if (code == null) {
            throw new IllegalStateException("an operation without a kernel was called native");
        }
        return code;
    }

    private static void flat(Gpu gpu, Composite op, Stored[] in, Stored out) {
        NestCall nest = new NestCall(1, out.elementCount());
        for (Stored each : in) {
            nest.add(each, 0);
        }
        nest.add(out, 0);
        Map<DType, KernelCode> codes = FLAT.get(op);
        nest.launchFlat(gpu, require(codes == null ? null : codes.get(out.dtype())));
    }

    private static void draw(
            Gpu gpu, Gpu.Scratch scratch, @Nullable KernelCode code, Stored key, Stored out) {
        if (out.elementCount() > 0) {
            Stored words = scratch.allocate(DType.I32, out.elementCount());
            Elementwise.randomBits(gpu, 0, key, words);
            new NestCall(1, out.elementCount())
                    .add(words, 0)
                    .add(out, 0)
                    .launchFlat(gpu, require(code));
        }
    }

    /** Operands and result have a row for each row. */
    private static void alongRows(Gpu gpu, Map<DType, KernelCode> codes, Stored out, Stored... in) {
        long columns = out.shape().extent(-1);
        NestCall nest = new NestCall(out.elementCount() / columns, columns);
        for (Stored each : in) {
            nest.add(each, columns);
        }
        nest.add(out, columns).launchRows(gpu, require(codes.get(out.dtype())));
    }

    private static Stored wide(Gpu.Scratch scratch, Stored x) {
        return x.dtype() == DType.F32 ? x : scratch.allocate(x.type().withDType(DType.F32));
    }

    private static void crossEntropy(
            Gpu gpu, Gpu.Scratch scratch, Likelihood.CrossEntropy op, Stored[] in, Stored[] out) {
        long rows = in[1].elementCount();
        long classes = in[0].elementCount() / rows;
        Stored largest = wide(scratch, out[1]);
        Stored logarithms = wide(scratch, out[2]);
        Stored means = scratch.allocate(DType.F32, rows);
        new NestCall(rows, classes)
                .add(in[0], classes)
                .add(largest, 1)
                .add(logarithms, 1)
                .add(means, 1)
                .launchRows(gpu, require(CROSS_ENTROPY.get(in[0].dtype())));
        Arguments arguments =
                Arguments.begin()
                        .add(rows)
                        .add(classes)
                        .add(op.ignoredTarget())
                        .addDouble(op.labelSmoothing())
                        .add(in[0].address())
                        .add(in[1].address())
                        .add(largest.address())
                        .add(logarithms.address())
                        .add(means.address())
                        .add(0)
                        .add(out[0].address())
                        .add(gpu.lane().fault());
        gpu.launchFor(rows, ofTargets(LOSSES, in), arguments);
        if (largest != out[1]) {
            Elementwise.cast(gpu, largest, out[1]);
            Elementwise.cast(gpu, logarithms, out[2]);
        }
    }

    private static KernelCode ofTargets(Map<DType, KernelCode[]> codes, Stored[] in) {
        KernelCode[] both = codes.get(in[0].dtype());
        return require(both == null ? null : both[in[1].dtype() == DType.I64 ? 1 : 0]);
    }

    private static void crossEntropyGradient(
            Gpu gpu,
            Gpu.Scratch scratch,
            Likelihood.CrossEntropyGradient op,
            Stored[] in,
            Stored out) {
        long rows = in[1].elementCount();
        long classes = in[0].elementCount() / rows;
        Stored own = scratch.allocate(DType.F32, rows);
        Stored gradients = wide(scratch, out);
        gpu.launchFor(
                rows, ofTargets(COTANGENTS, in), targets(gpu, op, in, rows, classes, in[4], own));
        new NestCall(rows, classes)
                .add(in[0], classes)
                .add(in[2], 1)
                .add(in[3], 1)
                .add(own, 1)
                .add(gpu.constant((float) op.labelSmoothing() / classes), 0)
                .add(gradients, classes)
                .launchRows(gpu, require(CROSS_ENTROPY_GRADIENT.get(in[0].dtype())));
        gpu.launchFor(
                rows,
                SHARES[in[1].dtype() == DType.I64 ? 1 : 0],
                targets(gpu, op, in, rows, classes, own, gradients));
        if (gradients != out) {
            Elementwise.cast(gpu, gradients, out);
        }
    }

    private static Arguments targets(
            Gpu gpu,
            Likelihood.CrossEntropyGradient op,
            Stored[] in,
            long rows,
            long classes,
            Stored cotangents,
            Stored result) {
        return Arguments.begin()
                .add(rows)
                .add(classes)
                .add(op.ignoredTarget())
                .addDouble(op.labelSmoothing())
                .add(0)
                .add(in[1].address())
                .add(0)
                .add(0)
                .add(0)
                .add(cotangents.address())
                .add(result.address())
                .add(gpu.lane().fault());
    }
}
