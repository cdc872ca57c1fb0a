package dev.ugoki.tck.fuzz;

import dev.ugoki.tensor.Convolutions;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Patches;
import dev.ugoki.tensor.Reduction;
import dev.ugoki.tensor.Resampling;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.Tensor;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Arguments that fit one another, for methods that ask for more agreement among them than chance
 * would bring about.
 */
final class FittingArguments {
    private static final String[] EQUATIONS = {
        "ij,jk->ik",
        "bij,bjk->bik",
        "ij->ji",
        "ii->i",
        "ii",
        "i,i->",
        "i,j->ij",
        "abc,cd->abd",
        "ij,ij->",
        "ij,jk,kl->il",
        "abcd->dcba",
        "bi,bj->bij",
        "aab,b->a"
    };

    private final HostileArguments arguments;
    private final SplittableRandom random;

    FittingArguments(HostileArguments arguments, SplittableRandom random) {
        this.arguments = arguments;
        this.random = random;
    }

    /** The arguments, or null for a method that needs no help. */
    @Nullable Object @Nullable [] of(Method method) {
        String name = method.getName();
        if (method.getDeclaringClass().getPackageName().endsWith(".geometry")) {
            return rotations(method);
        }
        return switch (name) {
            case "conv1d", "conv2d", "conv3d" -> convolution(name.charAt(4) - '0');
            case "convTranspose1d", "convTranspose2d", "convTranspose3d" ->
                    transposed(name.charAt(13) - '0');
            case "maxPool", "avgPool", "maxPoolWithIndices", "unfold", "fold" ->
                    method.getParameterTypes().length > 1
                                    && method.getParameterTypes()[1].isRecord()
                            ? windows(method)
                            : pool(method.getParameterCount());
            case "crossEntropy", "nll" -> crossEntropy(method.getParameterCount());
            case "cosineEmbedding" -> cosineEmbedding();
            case "cross" -> cross();
            case "indexAdd", "indexCopy" -> indexAdd();
            case "indexFill" -> indexFill();
            case "repeatInterleave" -> repeatInterleave();
            case "takeAlongDim" -> takeAlongDim();
            case "scatter", "scatterAdd", "scatterReduce" -> scatter(method);
            case "einsum" -> einsum();
            case "linear" -> linear();
            case "maskedFill" -> maskedFill();
            case "gather" -> gather();
            case "indexSelect" -> indexSelect();
            case "select" -> select();
            case "any", "all" ->
                    new Object[] {
                        arguments.fitting(DType.BOOL, 1, upTo(4), upTo(4)),
                        random.nextBoolean(),
                        new int[] {random.nextInt(2)}
                    };
            case "layerNorm" -> layerNorm();
            case "groupNorm" -> groupNorm();
            case "scaledDotProduct" -> attention(method.getParameterCount());
            case "batchNormInference" -> batchNormInference();
            case "of" ->
                    method.getReturnType().getSimpleName().equals("Key")
                                    && !method.getParameterTypes()[0].isPrimitive()
                            ? new Object[] {arguments.fitting(DType.I32, 1 << 20, 4)}
                            : null;
            default -> null;
        };
    }

    private long upTo(long most) {
        return random.nextLong(1, most + 1);
    }

    private long[] several(int count, long most) {
        return random.longs(count, 1, most + 1).toArray();
    }

    private static long[] joined(long first, long second, long[] rest) {
        long[] all = new long[rest.length + 2];
        all[0] = first;
        all[1] = second;
        System.arraycopy(rest, 0, all, 2, rest.length);
        return all;
    }

    private Convolutions.Settings settings(int groups) {
        return Convolutions.Settings.DEFAULT
                .withStride(upTo(2))
                .withPadding(random.nextLong(0, 3))
                .withDilation(upTo(2))
                .withGroups(groups);
    }

    private @Nullable Object[] convolution(int spatial) {
        DType dtype = arguments.floating();
        int groups = (int) upTo(2);
        long each = upTo(3);
        long out = groups * upTo(3);
        long[] kernel = several(spatial, 3);
        long[] x = joined(upTo(2), groups * each, several(spatial, 6));
        return new @Nullable Object[] {
            arguments.fitting(dtype, 0, x),
            arguments.fitting(dtype, 0, joined(out, each, kernel)),
            random.nextBoolean() ? null : arguments.fitting(dtype, 0, out),
            settings(groups)
        };
    }

    private @Nullable Object[] transposed(int spatial) {
        DType dtype = arguments.floating();
        int groups = (int) upTo(2);
        long in = groups * upTo(3);
        long each = upTo(3);
        long[] x = joined(upTo(2), in, several(spatial, 5));
        return new @Nullable Object[] {
            arguments.fitting(dtype, 0, x),
            arguments.fitting(dtype, 0, joined(in, each, several(spatial, 3))),
            random.nextBoolean() ? null : arguments.fitting(dtype, 0, groups * each),
            settings(groups),
            random.nextBoolean() ? new long[0] : several(spatial, 2)
        };
    }

    private Object[] pool(int parameters) {
        int spatial = (int) upTo(3);
        long[] kernel = several(spatial, 3);
        long[] padding = new long[spatial];
        for (int i = 0; i < spatial; i++) {
            padding[i] = random.nextLong(0, kernel[i] / 2 + 1);
        }
        Object x =
                arguments.fitting(
                        arguments.floating(), 0, joined(upTo(2), upTo(3), several(spatial, 7)));
        long[] stride = several(spatial, 3);
        return parameters == 4
                ? new Object[] {x, kernel, stride, padding}
                : new Object[] {x, kernel, stride, padding, random.nextBoolean()};
    }

    /** A pooling or unfolding with its windows in a record. */
    private Object[] windows(Method method) {
        int spatial = (int) upTo(2);
        long[] kernel = several(spatial, 3);
        long[] padding = new long[spatial];
        long[] ones = new long[spatial];
        Arrays.fill(ones, 1);
        for (int i = 0; i < spatial; i++) {
            padding[i] = random.nextLong(0, kernel[i] / 2 + 1);
        }
        long[] stride = several(spatial, 3);
        boolean isPatches = method.getParameterTypes()[1] == Patches.Windows.class;
        Object windows =
                isPatches
                        ? new Patches.Windows(
                                Shape.of(kernel),
                                Shape.of(stride),
                                Shape.of(padding),
                                Shape.of(ones))
                        : new Resampling.Windows(
                                list(kernel),
                                list(stride),
                                list(padding),
                                list(ones),
                                random.nextBoolean());
        long[] extents = several(spatial, 5);
        long rows = upTo(2);
        long channels = upTo(3);
        Object x = arguments.fitting(arguments.floating(), 0, joined(rows, channels, extents));
        if (method.getName().equals("fold")) {
            return new Object[] {
                folded(rows, channels, extents, kernel, stride, padding), windows, extents
            };
        }
        return method.getParameterCount() == 2
                ? new Object[] {x, windows}
                : new Object[] {x, windows, random.nextBoolean()};
    }

    private Object folded(
            long rows,
            long channels,
            long[] extents,
            long[] kernel,
            long[] stride,
            long[] padding) {
        long places = 1;
        long each = channels;
        for (int i = 0; i < extents.length; i++) {
            places *= Math.max(1, (extents[i] + 2 * padding[i] - kernel[i]) / stride[i] + 1);
            each *= kernel[i];
        }
        return arguments.fitting(arguments.floating(), 0, rows, each, places);
    }

    private static List<Long> list(long[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    /** Vectors, quaternions, matrices: of one kind mostly, over the same dimensions before. */
    private @Nullable Object @Nullable [] rotations(Method method) {
        long[][] kinds = {{3}, {4}, {6}, {3, 3}, {4, 4}};
        long[] before = several(random.nextInt(3), 3);
        int kind = random.nextInt(kinds.length);
        DType dtype = arguments.floating();
        Class<?>[] types = method.getParameterTypes();
        Object[] all = new Object[types.length];
        for (int i = 0; i < all.length; i++) {
            if (types[i] != Tensor.class) {
                return null;
            }
            long[] last = kinds[random.nextInt(2) == 0 ? kind : random.nextInt(kinds.length)];
            long[] extents = Arrays.copyOf(before, before.length + last.length);
            System.arraycopy(last, 0, extents, before.length, last.length);
            all[i] = arguments.fitting(dtype, 0, extents);
        }
        return all;
    }

    private @Nullable Object[] crossEntropy(int parameters) {
        long rows = upTo(5);
        long classes = upTo(5);
        DType dtype = arguments.floating();
        Object logits = arguments.fitting(dtype, 0, rows, classes);
        Object target = arguments.fitting(DType.I64, classes - 1, rows);
        Object weights = arguments.fitting(dtype, 0, classes);
        double smoothing = random.nextInt(5) / 4.0;
        long ignored = random.nextLong(-1, 3);
        return switch (parameters) {
            case 2 -> new Object[] {logits, target};
            case 5 ->
                    random.nextBoolean()
                            ? new Object[] {logits, target, smoothing, ignored, Reduction.NONE}
                            : new Object[] {logits, target, weights, ignored, Reduction.SUM};
            default -> new Object[] {logits, target, weights, smoothing, ignored, Reduction.NONE};
        };
    }

    private Object[] cosineEmbedding() {
        long rows = upTo(5);
        long width = upTo(5);
        DType dtype = arguments.floating();
        return new Object[] {
            arguments.fitting(dtype, 0, rows, width),
            arguments.fitting(dtype, 0, rows, width),
            arguments.fitting(DType.BOOL, 1, rows),
            0.5,
            Reduction.NONE
        };
    }

    private Object[] cross() {
        long rows = upTo(5);
        DType dtype = arguments.floating();
        return new Object[] {
            arguments.fitting(dtype, 0, rows, 3), arguments.fitting(dtype, 0, rows, 3), -1
        };
    }

    private Object[] indexAdd() {
        long rows = upTo(5);
        long columns = upTo(5);
        long taken = upTo(6);
        DType dtype = arguments.floating();
        return new Object[] {
            arguments.fitting(dtype, 0, rows, columns),
            0,
            arguments.fitting(DType.I64, rows - 1, taken),
            arguments.fitting(dtype, 0, taken, columns)
        };
    }

    private Object[] indexFill() {
        long rows = upTo(5);
        return new Object[] {
            arguments.fitting(arguments.floating(), 0, rows, upTo(5)),
            0,
            arguments.fitting(DType.I64, rows - 1, upTo(6)),
            1.5
        };
    }

    private Object[] repeatInterleave() {
        long rows = upTo(5);
        return new Object[] {
            arguments.fitting(arguments.floating(), 0, rows, upTo(5)),
            arguments.fitting(DType.I64, 3, rows),
            0
        };
    }

    private Object[] takeAlongDim() {
        long rows = upTo(5);
        long columns = upTo(5);
        return new Object[] {
            arguments.fitting(arguments.floating(), 0, rows, columns),
            arguments.fitting(DType.I64, rows - 1, upTo(6), columns),
            0
        };
    }

    private @Nullable Object[] scatter(Method method) {
        long rows = upTo(5);
        long columns = upTo(5);
        long taken = upTo(4);
        DType dtype = arguments.floating();
        Class<?>[] types = method.getParameterTypes();
        @Nullable Object[] all = {
            arguments.fitting(dtype, 0, rows, columns),
            0,
            arguments.fitting(DType.I64, rows - 1, taken, columns),
            arguments.fitting(dtype, 0, taken, columns),
            null,
            random.nextBoolean()
        };
        if (!method.getName().equals("scatterReduce")) {
            return Arrays.copyOf(all, 4);
        }
        Object[] ways = types[4].getEnumConstants();
        all[4] = ways == null ? null : ways[random.nextInt(ways.length)];
        return all;
    }

    private @Nullable Object[] linear() {
        long in = upTo(9);
        long out = upTo(9);
        DType dtype = arguments.floating();
        return new @Nullable Object[] {
            arguments.fitting(dtype, 0, upTo(3), in),
            arguments.fitting(dtype, 0, out, in),
            random.nextBoolean() ? null : arguments.fitting(dtype, 0, out)
        };
    }

    private Object[] maskedFill() {
        long columns = upTo(9);
        return new Object[] {
            arguments.fitting(arguments.floating(), 0, columns),
            arguments.fitting(DType.BOOL, 1, upTo(5), columns),
            1.5
        };
    }

    private Object[] gather() {
        long rows = upTo(5);
        long columns = upTo(5);
        return new Object[] {
            arguments.fitting(arguments.floating(), 0, rows, columns),
            0,
            arguments.fitting(DType.I32, rows - 1, upTo(6), columns)
        };
    }

    private Object[] indexSelect() {
        long columns = upTo(5);
        return new Object[] {
            arguments.fitting(arguments.floating(), 0, upTo(5), columns),
            -1,
            arguments.fitting(DType.I64, columns - 1, upTo(6))
        };
    }

    private Object[] select() {
        long columns = upTo(9);
        DType dtype = arguments.floating();
        return new Object[] {
            arguments.fitting(DType.BOOL, 1, upTo(5), columns),
            arguments.fitting(dtype, 0, columns),
            arguments.fitting(dtype, 0, 1)
        };
    }

    private @Nullable Object[] layerNorm() {
        long rows = upTo(5);
        long columns = upTo(9);
        DType dtype = arguments.floating();
        return new @Nullable Object[] {
            arguments.fitting(dtype, 0, upTo(3), rows, columns),
            2,
            arguments.fitting(dtype, 0, rows, columns),
            random.nextBoolean() ? null : arguments.fitting(dtype, 0, rows, columns),
            0.5
        };
    }

    private @Nullable Object[] groupNorm() {
        int groups = (int) upTo(3);
        long channels = groups * upTo(3);
        DType dtype = arguments.floating();
        return new @Nullable Object[] {
            arguments.fitting(dtype, 0, upTo(3), channels, upTo(4)),
            groups,
            arguments.fitting(dtype, 0, channels),
            random.nextBoolean() ? null : arguments.fitting(dtype, 0, channels),
            0.5
        };
    }

    private @Nullable Object[] attention(int parameters) {
        long batch = upTo(3);
        long queries = upTo(5);
        long keys = upTo(5);
        long width = upTo(4);
        DType dtype = arguments.floating();
        @Nullable Object[] all = {
            arguments.fitting(dtype, 0, batch, queries, width),
            arguments.fitting(dtype, 0, batch, keys, width),
            arguments.fitting(dtype, 0, 1, keys, upTo(4)),
            random.nextBoolean() ? null : arguments.fitting(DType.BOOL, 1, queries, keys),
            random.nextBoolean(),
            0.5
        };
        return Arrays.copyOf(all, parameters);
    }

    private @Nullable Object[] batchNormInference() {
        long channels = upTo(4);
        DType dtype = arguments.floating();
        return new @Nullable Object[] {
            arguments.fitting(dtype, 0, upTo(3), channels, upTo(4)),
            arguments.fitting(dtype, 0, channels),
            arguments.fitting(dtype, 0, channels),
            arguments.fitting(dtype, 0, channels),
            random.nextBoolean() ? null : arguments.fitting(dtype, 0, channels),
            8.0
        };
    }

    private Object[] einsum() {
        String equation = EQUATIONS[random.nextInt(EQUATIONS.length)];
        DType dtype = arguments.floating();
        Map<Character, Long> extents = new HashMap<>();
        List<DrawnTensor> operands =
                Arrays.stream(equation.split("->")[0].split(","))
                        .map(labels -> arguments.fitting(dtype, 0, extents(labels, extents)))
                        .toList();
        return new Object[] {equation, operands.toArray(DrawnTensor[]::new)};
    }

    private long[] extents(String labels, Map<Character, Long> known) {
        return labels.chars()
                .mapToLong(label -> known.computeIfAbsent((char) label, _ -> upTo(4)))
                .toArray();
    }
}
