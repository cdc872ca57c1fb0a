package dev.ugoki.cuda;

import dev.ugoki.cuda.driver.ConvolutionCall;
import dev.ugoki.cuda.driver.KernelBatch;
import dev.ugoki.cuda.driver.KernelCode;
import dev.ugoki.cuda.driver.MatrixProducts;
import dev.ugoki.tensor.DType;
import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.TensorType;
import dev.ugoki.tensor.op.Activation;
import dev.ugoki.tensor.op.Prim;
import dev.ugoki.tensor.spi.Stored;

import java.util.Arrays;
import java.util.List;

/**
 * Matrix products and convolutions: by cuBLASLt and cuDNN where these take the operands, else by
 * our own kernels, which take all.
 */
final class Products {
    /** Spatial dimensions that the kernels take. */
    static final int MAX_SPATIAL = 4;

    private static final int TILE = 32;
    private static final int DEPTH = 16;
    private static final int THREADS = 256;
    private static final int REDUCING_THREADS = 64;
    private static final int MOST_BATCHES = 65535;
    private static final KernelBatch BATCH = new KernelBatch("products", "products");
    private static final KernelCode[] MATRIX = new KernelCode[DType.values().length];

    /** By kind and dtype. */
    private static final KernelCode[][] CONVOLUTION =
            new KernelCode[ConvolutionCall.Kind.values().length][DType.values().length];

    static {
        List<String> functions =
                List.of("convolution", "convolution_data_gradient", "convolution_filter_gradient");
        for (DType dtype : DType.values()) {
            String type = Names.of(dtype);
            if (dtype != DType.BOOL) {
                MATRIX[dtype.ordinal()] =
                        BATCH.addBounded(
                                "matrix_product_" + type,
                                "MatrixProduct",
                                THREADS,
                                "matrix_product<" + type + ">(p);");
            }
            for (int kind = 0; dtype.isFloating() && kind < functions.size(); kind++) {
                String function = functions.get(kind);
                CONVOLUTION[kind][dtype.ordinal()] =
                        BATCH.add(
                                function + "_" + type,
                                "Convolution",
                                function + "<" + type + ">(p);");
            }
        }
    }

    private Products() {}

    static List<KernelBatch> batches() {
        return List.of(BATCH);
    }

    /** Whether {@link #linear} takes these. */
    static boolean hasLinear(TensorType[] operands) {
        return operands[0].shape().elementCount() > 0 && operands[1].shape().elementCount() > 0;
    }

    /** Whether {@link #linear} can end with the activation. */
    static boolean hasLast(Activation activation) {
        return activation instanceof Activation.Relu || activation instanceof Activation.GeluTanh;
    }

    /** {@code y = f(x W^T + b)}, in one product that can end with this. */
    static void linear(Gpu gpu, Activation activation, Stored[] in, Stored out) {
        boolean relu = activation instanceof Activation.Relu;
        linear(gpu, in, relu ? MatrixProducts.Last.RELU : MatrixProducts.Last.GELU_TANH, out);
    }

    /** {@code y = x W^T + b}: one product, with the bias added before anything is rounded. */
    static void linear(Gpu gpu, Stored[] in, Stored out) {
        linear(gpu, in, MatrixProducts.Last.NONE, out);
    }

    private static void linear(Gpu gpu, Stored[] in, MatrixProducts.Last last, Stored out) {
        try (Gpu.Scratch scratch = gpu.scratch()) {
            Stored x = Elementwise.contiguous(gpu, scratch, in[0]);
            long width = x.shape().extent(-1);
            long rows = x.elementCount() / width;
            long outputs = in[1].shape().extent(0);
            Stored a =
                    new Stored(
                            x.storage(),
                            x.type().withShape(Shape.of(rows, width)),
                            x.offset(),
                            new long[] {width, 1});
            Stored b =
                    new Stored(
                            in[1].storage(),
                            in[1].type().withShape(Shape.of(width, outputs)),
                            in[1].offset(),
                            new long[] {in[1].stride(1), in[1].stride(0)});
            Stored c =
                    new Stored(
                            out.storage(),
                            out.type().withShape(Shape.of(rows, outputs)),
                            out.offset(),
                            new long[] {outputs, 1});
            long bias = in.length > 2 ? Elementwise.contiguous(gpu, scratch, in[2]).address() : 0;
            multiply(gpu, scratch, a, b, bias, last, c);
        }
    }

    static void matMul(Gpu gpu, Stored a, Stored b, Stored c) {
        if (c.elementCount() > 0) {
            try (Gpu.Scratch scratch = gpu.scratch()) {
                multiply(gpu, scratch, a, b, 0, MatrixProducts.Last.NONE, c);
            }
        }
    }

    private static void multiply(
            Gpu gpu,
            Gpu.Scratch scratch,
            Stored a,
            Stored b,
            long bias,
            MatrixProducts.Last last,
            Stored c) {
        int rank = c.shape().rank();
        if (a.shape().extent(rank - 1) > 0 && c.dtype().isFloating()) {
            Stored left = forLibrary(gpu, scratch, a);
            Stored right = forLibrary(gpu, scratch, b);
            MatrixProducts products = libraryCall(left, right, bias, last, c);
            if (products.batches() > 0 && gpu.driver.canMultiply(products)) {
                gpu.driver.multiply(products, gpu.lane().stream);
                return;
            }
        }
        ownMatMul(gpu, a, b, bias, last, c);
    }

    /** The batches that both operands walk through, collapsed. */
    private static Strides batches(Stored a, Stored b) {
        Strides batches = new Strides(2);
        for (int dim = 0; dim < a.shape().rank() - 2; dim++) {
            batches.add(a.shape().extent(dim), a.stride(dim), b.stride(dim));
        }
        return batches;
    }

    /** The operand, or a copy of it, such that a library can walk through it. */
    private static Stored forLibrary(Gpu gpu, Gpu.Scratch scratch, Stored x) {
        Strides batches = batches(x, x);
        boolean fits = batches.rank() <= 1 && batches.innermost(0) >= 0 && isMatrix(x);
        return fits ? x : Elementwise.contiguous(gpu, scratch, x);
    }

    private static boolean isMatrix(Stored x) {
        int rank = x.shape().rank();
        long rows = x.shape().extent(rank - 2);
        long columns = x.shape().extent(rank - 1);
        long row = x.stride(rank - 2);
        long column = x.stride(rank - 1);
        boolean byRows = (column == 1 || columns == 1) && (rows == 1 || row >= columns);
        boolean byColumns = (row == 1 || rows == 1) && (columns == 1 || column >= rows);
        return byRows || byColumns;
    }

    private static MatrixProducts libraryCall(
            Stored a, Stored b, long bias, MatrixProducts.Last last, Stored c) {
        Strides batches = batches(a, b);
        int rank = c.shape().rank();
        return new MatrixProducts(
                c.dtype(),
                batches.rank() <= 1 ? batches.count() : 0,
                c.shape().extent(rank - 2),
                c.shape().extent(rank - 1),
                a.shape().extent(rank - 1),
                a.address(),
                batches.innermost(0),
                a.stride(rank - 2),
                a.stride(rank - 1),
                b.address(),
                batches.innermost(1),
                b.stride(rank - 2),
                b.stride(rank - 1),
                c.address(),
                bias,
                last);
    }

    private static void ownMatMul(
            Gpu gpu, Stored a, Stored b, long bias, MatrixProducts.Last last, Stored c) {
        int rank = c.shape().rank();
        long m = c.shape().extent(rank - 2);
        long n = c.shape().extent(rank - 1);
        Strides batches = batches(a, b);
        Arguments arguments =
                Arguments.begin()
                        .add(m)
                        .add(n)
                        .add(a.shape().extent(rank - 1))
                        .add(batches.count());
        batches.addTo(arguments)
                .add(a.stride(rank - 2))
                .add(a.stride(rank - 1))
                .add(b.stride(rank - 2))
                .add(b.stride(rank - 1))
                .add(a.address())
                .add(b.address())
                .add(c.address())
                .add(bias)
                .add(last.ordinal());
        gpu.launch(
                MATRIX[c.dtype().ordinal()],
                arguments,
                Math.ceilDiv(m, TILE) * Math.ceilDiv(n, TILE),
                (int) Math.min(batches.count(), MOST_BATCHES),
                THREADS,
                2 * DEPTH * (TILE + 1) * Names.wideBytes(c.dtype()));
    }

    static void conv(Gpu gpu, Prim.Conv op, Stored x, Stored w, Stored y) {
        Shape[] shapes = {x.shape(), w.shape(), y.shape()};
        var kind = ConvolutionCall.Kind.FORWARD;
        convolve(gpu, kind, op.windows(), op.groups(), shapes, x, w, y);
    }

    static void dataGradient(Gpu gpu, Prim.ConvDataGrad op, Stored y, Stored w, Stored x) {
        Shape[] shapes = {x.shape(), w.shape(), y.shape()};
        var kind = ConvolutionCall.Kind.DATA_GRADIENT;
        convolve(gpu, kind, op.windows(), op.groups(), shapes, y, w, x);
    }

    static void filterGradient(Gpu gpu, Prim.ConvFilterGrad op, Stored x, Stored y, Stored w) {
        Shape[] shapes = {x.shape(), w.shape(), y.shape()};
        var kind = ConvolutionCall.Kind.FILTER_GRADIENT;
        convolve(gpu, kind, op.windows(), op.groups(), shapes, x, y, w);
    }

    private static void convolve(
            Gpu gpu,
            ConvolutionCall.Kind kind,
            List<Prim.Window> windows,
            int groups,
            Shape[] shapes,
            Stored first,
            Stored second,
            Stored result) {
        if (result.elementCount() == 0) {
            return;
        }
        if (first.elementCount() == 0 || second.elementCount() == 0) {
            Elementwise.fill(gpu, result.dtype(), 0.0, result);
            return;
        }
        try (Gpu.Scratch scratch = gpu.scratch()) {
            ConvolutionCall call =
                    new ConvolutionCall(
                            kind,
                            result.dtype(),
                            shapes[0].extent(0),
                            shapes[0].extent(1),
                            shapes[1].extent(0),
                            groups,
                            spatial(shapes[0]),
                            spatial(shapes[1]),
                            spatial(shapes[2]),
                            windows.stream().mapToLong(Prim.Window::stride).toArray(),
                            windows.stream().mapToLong(Prim.Window::before).toArray(),
                            windows.stream().mapToLong(Prim.Window::after).toArray(),
                            windows.stream().mapToLong(Prim.Window::dilation).toArray(),
                            Elementwise.contiguous(gpu, scratch, first).address(),
                            Elementwise.contiguous(gpu, scratch, second).address(),
                            result.address());
            if (gpu.driver.canConvolve(call)) {
                gpu.driver.convolve(call, gpu.lane().stream);
            } else {
                ownConvolution(gpu, call, result);
            }
        }
    }

    private static long[] spatial(Shape shape) {
        return Arrays.copyOfRange(shape.toArray(), 2, shape.rank());
    }

    private static void ownConvolution(Gpu gpu, ConvolutionCall call, Stored result) {
        Arguments arguments =
                Arguments.begin()
                        .add(call.n())
                        .add(call.c())
                        .add(call.o())
                        .add(call.groups())
                        .add(call.x().length);
        List<long[]> spatial =
                List.of(
                        call.x(),
                        call.w(),
                        call.y(),
                        call.strides(),
                        call.before(),
                        call.dilations());
        spatial.forEach(each -> arguments.add(each, each.length, MAX_SPATIAL));
        arguments
                .add(ConvolutionCall.size(call.x()))
                .add(ConvolutionCall.size(call.w()))
                .add(ConvolutionCall.size(call.y()))
                .add(call.first())
                .add(call.second())
                .add(call.result());
        KernelCode kernel = CONVOLUTION[call.kind().ordinal()][call.dtype().ordinal()];
        if (call.kind() == ConvolutionCall.Kind.FILTER_GRADIENT) {
            int shared = REDUCING_THREADS * Names.wideBytes(call.dtype());
            gpu.launch(kernel, arguments, result.elementCount(), 1, REDUCING_THREADS, shared);
        } else {
            gpu.launchFor(result.elementCount(), kernel, arguments);
        }
    }
}
