package dev.ugoki.examples.bits;

import dev.ugoki.tensor.Attention;
import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Key;
import dev.ugoki.tensor.Losses;
import dev.ugoki.tensor.Normalizations;
import dev.ugoki.tensor.Random;
import dev.ugoki.tensor.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BinaryOperator;
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

    private static Tensor normal(long key, long... shape) {
        return Random.normal(Key.of(key), DType.F32, shape);
    }

    private void add(String name, BitRow.Function function, Tensor... operands) {
        rows.add(new BitRow("large: " + name, () -> List.of(function.apply(operands))));
    }

    private void differentiated(String name, BitRow.Function function, Tensor... operands) {
        rows.add(
                new BitRow(
                        "large: " + name,
                        () -> BitRow.withGradients(function, List.of(operands))));
    }

    private static Tensor[] one(Tensor tensor) {
        return new Tensor[] {tensor};
    }

    private void elements() {
        Tensor x = normal(1, ELEMENTS).mul(5);
        Tensor y = normal(2, ELEMENTS);
        functions()
                .forEach(
                        (name, function) -> {
                            differentiated(name, in -> one(function.apply(in[0])), x);
                            add(name + " of any bits", in -> one(function.apply(in[0])), anyBits());
                        });
        binary()
                .forEach(
                        (name, function) -> {
                            differentiated(name, in -> one(function.apply(in[0], in[1])), x, y);
                            differentiated(
                                    name + " of rows and a row",
                                    in -> one(function.apply(in[0], in[1])),
                                    normal(3, ROWS, COLUMNS),
                                    normal(4, COLUMNS));
                            differentiated(
                                    name + " of rows and a column",
                                    in -> one(function.apply(in[0], in[1])),
                                    normal(3, ROWS, COLUMNS),
                                    normal(5, ROWS, 1));
                        });
        for (DType dtype : List.of(DType.F64, DType.F16, DType.BF16)) {
            differentiated(
                    "exp, mul, gelu and sum in " + dtype,
                    in -> one(in[0].exp().mul(in[1]).gelu().sum()),
                    y.cast(dtype),
                    y.mul(0.5).cast(dtype));
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
        Tensor flat = normal(11, ELEMENTS);
        Tensor matrix = normal(12, ROWS, COLUMNS);
        Tensor cube = normal(13, 37, 61, 83);
        reductionsOver("all", flat, 0);
        reductionsOver("rows", matrix, 1);
        reductionsOver("columns", matrix, 0);
        reductionsOver("the middle", cube, 1);
        reductionsOver("a transposed matrix", matrix.transpose(0, 1), 1);
        add("any and all", in -> new Tensor[] {in[0].gt(0).any(false, 0)}, matrix);
        add("sum of bytes", in -> one(in[0].cast(DType.U8).sum(false, 1)), matrix.abs().mul(50));
        for (DType dtype : List.of(DType.F64, DType.F16, DType.BF16)) {
            add(
                    "sums of " + dtype,
                    in -> new Tensor[] {in[0].sum(false, 0), in[0].sum(false, 1), in[0].sum()},
                    matrix.cast(dtype));
        }
    }

    private void reductionsOver(String place, Tensor x, int dim) {
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
        Tensor x = normal(21, ROWS, COLUMNS);
        Tensor wide = normal(22, 3, 100_003);
        Tensor weight = normal(23, COLUMNS);
        Tensor bias = normal(24, COLUMNS);
        Tensor image = normal(25, 4, 32, 19, 23);
        Tensor channels = normal(26, 32);
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
                normal(27, 100_003),
                normal(28, 100_003));
        differentiated(
                "rmsNorm", in -> one(Normalizations.rmsNorm(in[0], in[1], 1e-5)), x, weight);
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
        Tensor classes = Random.integers(Key.of(29), 0, COLUMNS, ROWS);
        differentiated("crossEntropy", in -> one(Losses.crossEntropy(in[0], classes)), x);
    }

    private void products() {
        product("257x300x129", normal(31, 257, 300), normal(32, 300, 129));
        product("a transposed left", normal(33, 300, 257).transpose(0, 1), normal(32, 300, 129));
        product("a transposed right", normal(31, 257, 300), normal(34, 129, 300).transpose(0, 1));
        for (long m : new long[] {1, 2, 3, 5, 8, 9, 16}) {
            Tensor few = normal(35, m, 301);
            product(m + " rows", few, normal(36, 301, 1003));
            product(m + " rows, transposed", few, normal(37, 1003, 301).transpose(0, 1));
            product(m + " columns", normal(38, 1003, 301), normal(39, 301, m));
        }
        product("batches of", normal(40, 6, 41, 70), normal(41, 6, 70, 53));
        product("small", normal(42, 13, 7), normal(43, 7, 11));
        for (DType dtype : List.of(DType.F64, DType.F16, DType.BF16)) {
            product(
                    "of " + dtype,
                    normal(44, 65, 130).cast(dtype),
                    normal(45, 130, 77).cast(dtype));
        }
        Tensor heads = normal(46, 2, 4, 61, 32);
        for (boolean causal : new boolean[] {false, true}) {
            differentiated(
                    causal ? "attention to the past" : "attention",
                    in ->
                            one(
                                    Attention.scaledDotProduct(
                                            in[0], in[1], in[2], null, causal)),
                    heads,
                    normal(47, 2, 4, 61, 32),
                    normal(48, 2, 4, 61, 32));
        }
    }

    private void product(String name, Tensor a, Tensor b) {
        differentiated("product, " + name, in -> one(in[0].matmul(in[1])), a, b);
    }

    private void convolutions() {
        Convolutions.Settings settings = Convolutions.Settings.DEFAULT.withPadding(1);
        Tensor image = normal(51, 3, 8, 37, 41);
        convolution("3x3", image, normal(52, 16, 8, 3, 3), settings);
        convolution("3x3, stride 2", image, normal(52, 16, 8, 3, 3), settings.withStride(2));
        convolution("3x3, dilation 2", image, normal(52, 16, 8, 3, 3), settings.withDilation(2));
        convolution("3x3, in groups", image, normal(53, 16, 4, 3, 3), settings.withGroups(2));
        convolution("of each channel", image, normal(54, 8, 1, 3, 3), settings.withGroups(8));
        convolution("1x1", image, normal(55, 32, 8, 1, 1), Convolutions.Settings.DEFAULT);
        convolution("7x7, stride 2", image, normal(56, 16, 8, 7, 7), settings.withStride(2));
    }

    private void convolution(
            String name, Tensor x, Tensor weight, Convolutions.Settings settings) {
        differentiated(
                "convolution " + name,
                in -> one(Convolutions.conv2d(in[0], in[1], null, settings)),
                x,
                weight);
    }

    private void indexing() {
        Tensor table = normal(61, 997, 67);
        Tensor index = Random.integers(Key.of(62), 0, 997, 5000);
        differentiated("embedding", in -> one(in[0].embedding(index)), table);
        Tensor places = Random.integers(Key.of(63), 0, 1009, ELEMENTS);
        differentiated(
                "scatterAdd",
                in -> one(in[0].scatterAdd(0, places, in[1])),
                normal(64, 1009),
                normal(65, ELEMENTS));
        add("concat, flip and pad", in -> one(mixed(in[0])), table);
        add("random numbers", _ -> new Tensor[] {normal(66, ELEMENTS), uniform()});
        add("permutation", _ -> one(Random.permutation(Key.of(67), 10_007)));
    }

    private static Tensor mixed(Tensor x) {
        return Tensor.concat(1, x, x.flip(0)).pad(0, 3, 5, 0.5).transpose(0, 1);
    }

    private static Tensor uniform() {
        return Random.uniform(Key.of(68), DType.F32, ELEMENTS);
    }
}
