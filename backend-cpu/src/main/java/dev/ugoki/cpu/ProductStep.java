package dev.ugoki.cpu;

import dev.ugoki.cpu.MatrixProduct.OrderOfB;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.op.Linear;
import dev.ugoki.tensor.op.Op;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Ending;
import dev.ugoki.tensor.spi.Prepared;
import dev.ugoki.tensor.spi.Slot;
import dev.ugoki.tensor.spi.Stored;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** Products of matrices in F32 and F64 that are taken as they lie, ready to run. */
final class ProductStep implements Prepared {
    private final MatrixProduct product;
    private final Slot a;
    private final Slot b;
    private final @Nullable Slot bias;
    private final @Nullable Slot result;
    private final @Nullable ProductEnding ending;

    /** The weight in another order; null where it is multiplied as it lies. */
    private final @Nullable KeptWeight weight;

    private ProductStep(
            MatrixProduct product,
            Slot a,
            Slot b,
            @Nullable Slot bias,
            @Nullable Slot result,
            @Nullable ProductEnding ending,
            @Nullable KeptWeight weight) {
        this.product = product;
        this.a = a;
        this.b = b;
        this.bias = bias;
        this.result = result;
        this.ending = ending;
        this.weight = weight;
    }

    /** Whether {@link #of} makes one step of a product and what follows on it. */
    static boolean ends(Op op, Stored... operands) {
        for (Stored operand : operands) {
            if (operand.dtype() != DType.F32 || operand.elementCount() == 0) {
                return false;
            }
        }
        return switch (op) {
            case Linear _ -> linearAsItLies(operands);
            case Prim.MatMul _ ->
                    operands[0].shape().rank() == 2
                            && Products.Matrices.needNoCopy(operands[0])
                            && Products.Matrices.needNoCopy(operands[1]);
            default -> false;
        };
    }

    /** A product, which {@link #ends}, and what follows on it. */
    static Prepared of(Op op, Slot[] in, Ending ending) {
        Slot result = ending.results().get(ending.place());
        Prepared step =
                op instanceof Linear ? linear(in, result, ending) : matMul(in, result, ending);
        return Objects.requireNonNull(step);
    }

    private static boolean linearAsItLies(Stored... in) {
        return in[0].isContiguous()
                && Products.Matrices.needNoCopy(in[1])
                && (in.length < 3 || in[2].isContiguous());
    }

    /** {@code x W^T + b}; null where an operand has to be copied first. */
    static @Nullable Prepared linear(Slot[] in, Slot result) {
        return linear(in, result, null);
    }

    private static @Nullable Prepared linear(Slot[] in, Slot result, @Nullable Ending ending) {
        Stored[] stored = Arrays.stream(in).map(Slot::stored).toArray(Stored[]::new);
        if (!linearAsItLies(stored) || result.elementCount() == 0) {
            return null;
        }
        int n = Math.toIntExact(result.shape().extent(-1));
        int m = Math.toIntExact(result.elementCount() / n);
        int k = Math.toIntExact(in[1].shape().extent(1));
        Layout layout = Layout.of(in[1].stored());
        return one(
                false,
                in[0],
                in[1],
                in.length == 3 ? in[2] : null,
                result,
                ending,
                new int[] {m, n, k},
                k,
                false,
                layout.distance,
                !layout.transposed);
    }

    /** The product of all matrices of two tensors; null where an operand has to be copied first. */
    static @Nullable Prepared matMul(Slot[] in, Slot result) {
        return matMul(in, result, null);
    }

    private static @Nullable Prepared matMul(Slot[] in, Slot result, @Nullable Ending ending) {
        DType dtype = result.dtype();
        Stored left = in[0].stored();
        Stored right = in[1].stored();
        if (dtype != DType.F32 && dtype != DType.F64
                || result.elementCount() == 0
                || !Products.Matrices.needNoCopy(left)
                || !Products.Matrices.needNoCopy(right)) {
            return null;
        }
        int m = Math.toIntExact(result.shape().extent(-2));
        int n = Math.toIntExact(result.shape().extent(-1));
        int k = Math.toIntExact(left.shape().extent(-1));
        int batch = Math.toIntExact(result.elementCount() / ((long) m * n));
        boolean isDouble = dtype == DType.F64;
        Layout x = Layout.of(left);
        Layout y = Layout.of(right);
        boolean joined = batch > 1 && result.shape().rank() == 3 && y.isShared() && x.joinsRows();
        if (batch == 1 || joined) {
            return one(
                    isDouble,
                    in[0],
                    in[1],
                    null,
                    result,
                    ending,
                    new int[] {Math.multiplyExact(m, batch), n, k},
                    x.distance,
                    x.transposed,
                    y.distance,
                    y.transposed);
        }
        long matrix = (long) m * n;
        long[] places = new long[batch];
        Arrays.setAll(places, i -> i * matrix);
        MatrixProduct product =
                MatrixProduct.ready(
                        isDouble,
                        m,
                        n,
                        k,
                        x.distance,
                        x.offsets(batch),
                        x.transposed,
                        y.distance,
                        y.offsets(batch),
                        y.transposed,
                        n,
                        places);
        return new ProductStep(product, in[0], in[1], null, result, null, null);
    }

    private static Prepared one(
            boolean isDouble,
            Slot a,
            Slot b,
            @Nullable Slot bias,
            Slot result,
            @Nullable Ending given,
            int[] sizes,
            long aDistance,
            boolean aTransposed,
            long bDistance,
            boolean bTransposed) {
        int m = sizes[0];
        int n = sizes[1];
        int k = sizes[2];
        boolean isWeight = !isDouble && !aTransposed && bTransposed && b.lasts();
        OrderOfB order = isWeight ? MatrixProduct.bestOrderOfB(m, n, k) : OrderOfB.AS_IT_IS;
        boolean reorders = order != OrderOfB.AS_IT_IS;
        KeptWeight weight = reorders ? new KeptWeight(order, b, m, n, k, bDistance) : null;
        MatrixProduct product =
                reorders
                        ? MatrixProduct.readyWithB(order, m, n, k, aDistance)
                        : MatrixProduct.ready(
                                isDouble,
                                m,
                                n,
                                k,
                                aDistance,
                                aTransposed,
                                bDistance,
                                bTransposed,
                                n);
        if (given == null) {
            return new ProductStep(product, a, b, bias, result, null, weight);
        }
        ProductEnding ending = new ProductEnding(given, bias);
        return new ProductStep(product.endingIn(ending), a, b, null, null, ending, weight);
    }

    /** How a tensor's matrices lie, without an address. */
    private record Layout(Products.Matrices matrices, long distance, boolean transposed) {
        static Layout of(Stored x) {
            Products.Matrices matrices = Products.Matrices.layout(x);
            return new Layout(matrices, matrices.distance, matrices.transposed);
        }

        boolean isShared() {
            return matrices.isShared();
        }

        boolean joinsRows() {
            return matrices.joinsRows();
        }

        long[] offsets(int count) {
            return matrices.offsets(count);
        }
    }

    @Override
    public void run() {
        product.runAt(
                a.address(),
                weight == null ? b.address() : weight.address(),
                bias == null ? 0 : bias.address(),
                result == null ? Objects.requireNonNull(ending).begin() : result.address());
    }

    @Override
    public CompletableFuture<Boolean> ready() {
        return ending == null ? CompletableFuture.completedFuture(true) : ending.ready();
    }

    @Override
    public long ownBytes() {
        return weight == null ? 0 : weight.bytes();
    }

    @Override
    public void close() {
        if (weight != null) {
            weight.release();
        }
    }
}
