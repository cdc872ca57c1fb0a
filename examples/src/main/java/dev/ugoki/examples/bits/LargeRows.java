package dev.ugoki.examples.bits;

import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;
import dev.ugoki.tensor.TensorScope;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BinaryOperator;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Operations on operands so large that several threads take part, with what is left over at the end
 * of vectors and of tasks.
 */
final class LargeRows {
    private static final long ELEMENTS = 200_003;
    private static final long ROWS = 300;
    private static final long COLUMNS = 1000;

    private final List<BitRow> rows = new ArrayList<>();

    private LargeRows() {}

    static List<BitRow> all() {
        LargeRows large = new LargeRows();
        large.elements();
        large.reductions();
        large.normalizations();
        large.products();
        large.convolutions();
        large.indexing();
        return large.rows;
    }

    /** An operand, made when it is needed first and kept for the rows after it. */
    private static final class Operand {
        private final Supplier<Tensor> maker;
        private @Nullable Tensor tensor;

        private Operand(Supplier<Tensor> maker) {
            this.maker = maker;
        }

        static Operand normal(long key, long... shape) {
            return new Operand(() -> Random.normal(Key.of(key), DType.F32, shape));
        }

        Operand changed(UnaryOperator<Tensor> change) {
            return new Operand(() -> change.apply(get()));
        }

        Operand transposed() {
            return changed(x -> x.transpose(0, 1));
        }

        Operand cast(DType dtype) {
            return changed(x -> x.cast(dtype));
        }

        Tensor get() {
            Tensor made = tensor;
            if (made == null) {
                made = TensorScope.outside(maker);
                tensor = made;
            }
            return made;
        }
    }

    private static List<Tensor> made(Operand... operands) {
        return Arrays.stream(operands).map(Operand::get).toList();
    }

    private void add(String name, BitRow.Function function, Operand... operands) {
        rows.add(
                new BitRow(
                        "large: " + name,
                        () -> List.of(function.apply(made(operands).toArray(Tensor[]::new)))));
    }

    private void differentiated(String name, BitRow.Function function, Operand... operands) {
        rows.add(
                new BitRow("large: " + name, () -> BitRow.withGradients(function, made(operands))));
    }

    private static Tensor[] one(Tensor tensor) {
        return new Tensor[] {tensor};
    }

    private void elements() {
        Operand x = Operand.normal(1, ELEMENTS).changed(n -> n.mul(5));
        Operand y = Operand.normal(2, ELEMENTS);
        Operand any = new Operand(LargeRows::anyBits);
        functions()
                .forEach(
                        (name, function) -> {
                            differentiated(name, in -> one(function.apply(in[0])), x);
                            add(name + " of any bits", in -> one(function.apply(in[0])), any);
                        });
        binary().forEach(
                        (name, function) -> {
                            differentiated(name, in -> one(function.apply(in[0], in[1])), x, y);
                            differentiated(
                                    name + " of rows and a row",
                                    in -> one(function.apply(in[0], in[1])),
                                    Operand.normal(3, ROWS, COLUMNS),
                                    Operand.normal(4, COLUMNS));
                            differentiated(
                                    name + " of rows and a column",
                                    in -> one(function.apply(in[0], in[1])),
                                    Operand.normal(3, ROWS, COLUMNS),
                                    Operand.normal(5, ROWS, 1));
                        });
        for (DType dtype : List.of(DType.F64, DType.F16, DType.BF16)) {
            differentiated(
                    "exp, mul, gelu and sum in " + dtype,
                    in -> one(in[0].exp().mul(in[1]).gelu().sum()),
                    y.cast(dtype),
                    y.changed(n -> n.mul(0.5)).cast(dtype));
        }
        add("cast to every dtype", in -> casts(in[0]), x);
    }

    private static Tensor[] casts(Tensor x) {
        Tensor[] casts = new Tensor[DType.values().length];
        for (int i = 0; i < casts.length; i++) {
            casts[i] = x.cast(DType.values()[i]);
        }
        return casts;
    }

    /** Numbers of every size, and some that are none. */
    private static Tensor anyBits() {
        SplittableRandom random = new SplittableRandom(7);
        float[] values = new float[(int) ELEMENTS];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(random.nextInt());
        }
        return Tensor.of(values, ELEMENTS);
    }

    private static Map<String, UnaryOperator<Tensor>> functions() {
        Map<String, UnaryOperator<Tensor>> functions = new LinkedHashMap<>();
        functions.put("exp", Tensor::exp);
        functions.put("expm1", Tensor::expm1);
        functions.put("log", x -> x.abs().log());
        functions.put("log1p", x -> x.abs().log1p());
        functions.put("sin", Tensor::sin);
        functions.put("cos", Tensor::cos);
        functions.put("tan", Tensor::tan);
        functions.put("atan", Tensor::atan);
        functions.put("sinh", Tensor::sinh);
        functions.put("tanh", Tensor::tanh);
        functions.put("erf", Tensor::erf);
        functions.put("sigmoid", Tensor::sigmoid);
        functions.put("softplus", Tensor::softplus);
        functions.put("gelu", Tensor::gelu);
        functions.put("geluTanh", Tensor::geluTanh);
        functions.put("silu", Tensor::silu);
        functions.put("mish", Tensor::mish);
        functions.put("relu", Tensor::relu);
        functions.put("elu", x -> x.elu(1));
        functions.put("sqrt", x -> x.abs().sqrt());
        functions.put("rsqrt", x -> x.abs().rsqrt());
        functions.put("reciprocal", Tensor::reciprocal);
        functions.put("pow 2.5", x -> x.abs().pow(2.5));
        functions.put("floor", Tensor::floor);
        functions.put("round", Tensor::round);
        functions.put("clamp", x -> x.clamp(-1, 2));
        return functions;
    }

    private static Map<String, BinaryOperator<Tensor>> binary() {
        Map<String, BinaryOperator<Tensor>> functions = new LinkedHashMap<>();
        functions.put("add", Tensor::add);
        functions.put("sub", Tensor::sub);
        functions.put("mul", Tensor::mul);
        functions.put("div", Tensor::div);
        functions.put("maximum", Tensor::maximum);
        functions.put("minimum", Tensor::minimum);
        functions.put("pow", (x, y) -> x.abs().pow(y));
        functions.put("atan2", Tensor::atan2);
        return functions;
    }

    private void reductions() {
        Operand flat = Operand.normal(11, ELEMENTS);
        Operand matrix = Operand.normal(12, ROWS, COLUMNS);
        Operand cube = Operand.normal(13, 37, 61, 83);
        reductionsOver("all", flat, 0);
        reductionsOver("rows", matrix, 1);
        reductionsOver("columns", matrix, 0);
        reductionsOver("the middle", cube, 1);
        reductionsOver("a transposed matrix", matrix.transposed(), 1);
        add("any and all", in -> new Tensor[] {in[0].gt(0).any(false, 0)}, matrix);
        add(
                "sum of bytes",
                in -> one(in[0].cast(DType.U8).sum(false, 1)),
                matrix.changed(n -> n.abs().mul(50)));
        for (DType dtype : List.of(DType.F64, DType.F16, DType.BF16)) {
            add(
                    "sums of " + dtype,
                    in -> new Tensor[] {in[0].sum(false, 0), in[0].sum(false, 1), in[0].sum()},
                    matrix.cast(dtype));
        }
    }

    private void reductionsOver(String place, Operand x, int dim) {
        differentiated(
                "sum and mean over " + place,
                in -> new Tensor[] {in[0].sum(false, dim), in[0].mean(true, dim)},
                x);
        differentiated(
                "maximum and minimum over " + place,
                in -> new Tensor[] {in[0].max(false, dim), in[0].min(false, dim)},
                x);
        differentiated("variance over " + place, in -> one(in[0].var(1, false, dim)), x);
        differentiated("logSumExp over " + place, in -> one(in[0].logSumExp(false, dim)), x);
        differentiated("product over " + place, in -> one(in[0].prod(false, dim)), x);
        differentiated("running sum over " + place, in -> one(in[0].cumsum(dim)), x);
        add("places of extremes over " + place, in -> one(in[0].argmax(dim, false)), x);
        add("order over " + place, in -> one(in[0].argsort(dim, false)), x);
    }

    private void normalizations() {
        Operand x = Operand.normal(21, ROWS, COLUMNS);
        Operand wide = Operand.normal(22, 3, 100_003);
        Operand weight = Operand.normal(23, COLUMNS);
        Operand bias = Operand.normal(24, COLUMNS);
        Operand image = Operand.normal(25, 4, 32, 19, 23);
        Operand channels = Operand.normal(26, 32);
        differentiated("softmax", in -> one(in[0].softmax(-1)), x);
        differentiated("softmax of long rows", in -> one(in[0].softmax(-1)), wide);
        differentiated("softmax over columns", in -> one(in[0].softmax(0)), x);
        differentiated("logSoftmax", in -> one(in[0].logSoftmax(-1)), x);
        differentiated("logSoftmax of long rows", in -> one(in[0].logSoftmax(-1)), wide);
        differentiated(
                "layerNorm",
                in -> one(Normalizations.layerNorm(in[0], 1, in[1], in[2], 1e-5)),
                x,
                weight,
                bias);
        differentiated(
                "layerNorm of long rows",
                in -> one(Normalizations.layerNorm(in[0], 1, in[1], in[2], 1e-5)),
                wide,
                Operand.normal(27, 100_003),
                Operand.normal(28, 100_003));
        differentiated("rmsNorm", in -> one(Normalizations.rmsNorm(in[0], in[1], 1e-5)), x, weight);
        differentiated(
                "groupNorm",
                in -> one(Normalizations.groupNorm(in[0], 8, in[1], in[2], 1e-5)),
                image,
                channels,
                channels);
        differentiated(
                "batchNorm",
                in -> one(Normalizations.batchNorm(in[0], in[1], in[2], 1e-5).output()),
                image,
                channels,
                channels);
        Operand classes = new Operand(() -> Random.integers(Key.of(29), 0, COLUMNS, ROWS));
        differentiated("crossEntropy", in -> one(Losses.crossEntropy(in[0], in[1])), x, classes);
    }

    private void products() {
        product("257x300x129", Operand.normal(31, 257, 300), Operand.normal(32, 300, 129));
        product(
                "a transposed left",
                Operand.normal(33, 300, 257).transposed(),
                Operand.normal(32, 300, 129));
        product(
                "a transposed right",
                Operand.normal(31, 257, 300),
                Operand.normal(34, 129, 300).transposed());
        for (long m : new long[] {1, 2, 3, 5, 8, 9, 16}) {
            Operand few = Operand.normal(35, m, 301);
            product(m + " rows", few, Operand.normal(36, 301, 1003));
            product(m + " rows, transposed", few, Operand.normal(37, 1003, 301).transposed());
            product(m + " columns", Operand.normal(38, 1003, 301), Operand.normal(39, 301, m));
        }
        product("batches of", Operand.normal(40, 6, 41, 70), Operand.normal(41, 6, 70, 53));
        product("small", Operand.normal(42, 13, 7), Operand.normal(43, 7, 11));
        for (DType dtype : List.of(DType.F64, DType.F16, DType.BF16)) {
            product(
                    "of " + dtype,
                    Operand.normal(44, 65, 130).cast(dtype),
                    Operand.normal(45, 130, 77).cast(dtype));
        }
        Operand heads = Operand.normal(46, 2, 4, 61, 32);
        for (boolean causal : new boolean[] {false, true}) {
            differentiated(
                    causal ? "attention to the past" : "attention",
                    in -> one(Attention.scaledDotProduct(in[0], in[1], in[2], null, causal)),
                    heads,
                    Operand.normal(47, 2, 4, 61, 32),
                    Operand.normal(48, 2, 4, 61, 32));
        }
    }

    private void product(String name, Operand a, Operand b) {
        differentiated("product, " + name, in -> one(in[0].matmul(in[1])), a, b);
    }

    private void convolutions() {
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withPadding(1);
        Operand image = Operand.normal(51, 3, 8, 37, 41);
        convolution("3x3", image, Operand.normal(52, 16, 8, 3, 3), settings);
        convolution(
                "3x3, stride 2", image, Operand.normal(52, 16, 8, 3, 3), settings.withStride(2));
        convolution(
                "3x3, dilation 2",
                image,
                Operand.normal(52, 16, 8, 3, 3),
                settings.withDilation(2));
        convolution(
                "3x3, in groups", image, Operand.normal(53, 16, 4, 3, 3), settings.withGroups(2));
        convolution(
                "of each channel", image, Operand.normal(54, 8, 1, 3, 3), settings.withGroups(8));
        convolution("1x1", image, Operand.normal(55, 32, 8, 1, 1), Convolutions.Settings.DEFAULT);
        convolution(
                "7x7, stride 2", image, Operand.normal(56, 16, 8, 7, 7), settings.withStride(2));
    }

    private void convolution(
            String name, Operand x, Operand weight, Convolutions.Settings settings) {
        differentiated(
                "convolution " + name,
                in -> one(Convolutions.conv2d(in[0], in[1], null, settings)),
                x,
                weight);
    }

    private void indexing() {
        Operand table = Operand.normal(61, 997, 67);
        Operand index = new Operand(() -> Random.integers(Key.of(62), 0, 997, 5000));
        differentiated("embedding", in -> one(in[0].embedding(in[1])), table, index);
        Operand places = new Operand(() -> Random.integers(Key.of(63), 0, 1009, ELEMENTS));
        differentiated(
                "scatterAdd",
                in -> one(in[0].scatterAdd(0, in[2], in[1])),
                Operand.normal(64, 1009),
                Operand.normal(65, ELEMENTS),
                places);
        add("concat, flip and pad", in -> one(mixed(in[0])), table);
        add("random numbers", _ -> random());
        add("permutation", _ -> one(Random.permutation(Key.of(67), 10_007)));
    }

    private static Tensor mixed(Tensor x) {
        return Tensor.concat(1, x, x.flip(0)).pad(0, 3, 5, 0.5).transpose(0, 1);
    }

    private static Tensor[] random() {
        Key key = Key.of(66);
        return new Tensor[] {
            Random.normal(key, DType.F32, ELEMENTS), Random.uniform(key, DType.F32, ELEMENTS)
        };
    }
}
