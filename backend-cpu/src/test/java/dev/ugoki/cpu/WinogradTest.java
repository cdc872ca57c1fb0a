package dev.ugoki.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ugoki.tensor.Shape;
import dev.ugoki.tensor.op.Prim;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Convolutions in Winograd's form are those of the plain sum, but for rounding. */
final class WinogradTest {
    /**
     * An image and its convolution to {@code m} channels by {@code down} x {@code across} taps,
     * with zeros before and after it.
     */
    private record Case(
            int images,
            int channels,
            int m,
            int height,
            int width,
            int down,
            int across,
            int before,
            int after,
            int stride) {
        static final List<Case> ALL =
                List.of(
                        new Case(1, 64, 64, 12, 14, 3, 3, 1, 1),
                        new Case(3, 48, 16, 7, 7, 3, 3, 1, 1),
                        new Case(2, 32, 64, 9, 6, 3, 3, 0, 0),
                        new Case(1, 272, 32, 8, 11, 3, 3, 1, 1),
                        new Case(2, 16, 80, 5, 130, 3, 3, 2, 0),
                        new Case(9, 32, 32, 4, 4, 3, 3, 1, 2),
                        new Case(1, 16, 32, 1, 40, 3, 3, 1, 1),
                        new Case(5, 64, 48, 1, 16, 1, 5, 2, 2),
                        new Case(1, 32, 32, 1, 401, 1, 5, 0, 1),
                        new Case(40, 304, 16, 1, 7, 1, 5, 2, 2),
                        new Case(3, 32, 48, 1, 16, 1, 4, 1, 1, 2),
                        new Case(50, 144, 32, 1, 32, 1, 4, 1, 1, 2),
                        new Case(2, 16, 272, 1, 33, 1, 4, 0, 3, 2),
                        new Case(1, 32, 16, 1, 301, 1, 4, 2, 2, 2),
                        new Case(2, 16, 32, 1, 40, 1, 6, 2, 1, 3),
                        new Case(1, 16, 16, 1, 31, 1, 8, 7, 5, 4),
                        new Case(4, 32, 16, 1, 9, 1, 2, 1, 0, 1));

        Case(
                int images,
                int channels,
                int m,
                int height,
                int width,
                int down,
                int across,
                int before,
                int after) {
            this(images, channels, m, height, width, down, across, before, after, 1);
        }

        int rows() {
            return down == 1 ? height : height + before + after - down + 1;
        }

        int columns() {
            return (width + before + after - across) / stride + 1;
        }

        int above() {
            return down == 1 ? 0 : before;
        }

        int taps() {
            return down * across;
        }

        ConvolutionShape shape() {
            List<Prim.Window> windows =
                    List.of(
                            new Prim.Window(1, above(), down == 1 ? 0 : after, 1),
                            new Prim.Window(stride, before, after, 1));
            ConvolutionShape shape = new ConvolutionShape();
            shape.set(
                    windows,
                    1,
                    Shape.of(images, channels, height, width),
                    Shape.of(images, m, rows(), columns()),
                    Shape.of(m, channels, down, across));
            return shape;
        }

        int imageSize() {
            return images * channels * height * width;
        }

        int resultSize() {
            return images * m * rows() * columns();
        }

        int weightSize() {
            return m * channels * taps();
        }

        private int image(int n, int c, int i, int j) {
            return ((n * channels + c) * height + i) * width + j;
        }

        private int result(int n, int o, int i, int j) {
            return ((n * m + o) * rows() + i) * columns() + j;
        }

        /** What adds a product to a sum: the places of image, weight and result. */
        private interface Product {
            void add(int x, int w, int y);
        }

        private void forEachProduct(Product product) {
            for (int n = 0; n < images; n++) {
                for (int o = 0; o < m; o++) {
                    for (int i = 0; i < rows(); i++) {
                        for (int j = 0; j < columns(); j++) {
                            forEachTap(n, o, i, j, product);
                        }
                    }
                }
            }
        }

        private void forEachTap(int n, int o, int i, int j, Product product) {
            for (int tap = 0; tap < taps(); tap++) {
                int i0 = i + tap / across - above();
                int j0 = stride * j + tap % across - before;
                if (i0 >= 0 && i0 < height && j0 >= 0 && j0 < width) {
                    for (int c = 0; c < channels; c++) {
                        product.add(
                                image(n, c, i0, j0),
                                (o * channels + c) * taps() + tap,
                                result(n, o, i, j));
                    }
                }
            }
        }
    }

    private interface Kernel {
        void run(long a, long b, long c);
    }

    private static float[] run(float[] a, float[] b, int size, Kernel kernel) {
        long first = Floats.of(a);
        long second = Floats.of(b);
        long result = NativeMemory.allocate(4L * size);
        try {
            kernel.run(first, second, result);
            return Floats.read(result, size);
        } finally {
            NativeMemory.free(first);
            NativeMemory.free(second);
            NativeMemory.free(result);
        }
    }

    private static float[] forward(Case each) {
        return run(
                Floats.normal(each.imageSize(), 1),
                Floats.normal(each.weightSize(), 2),
                each.resultSize(),
                (x, w, y) -> new Winograd().forward(each.shape(), x, w, y));
    }

    private static float[] dataGradient(Case each) {
        return run(
                Floats.normal(each.resultSize(), 3),
                Floats.normal(each.weightSize(), 2),
                each.imageSize(),
                (y, w, x) -> new Winograd().dataGradient(each.shape(), y, w, x));
    }

    private static float[] filterGradient(Case each) {
        return run(
                Floats.normal(each.imageSize(), 1),
                Floats.normal(each.resultSize(), 3),
                each.weightSize(),
                (x, y, w) -> new WinogradFilterGradient().run(each.shape(), x, y, w));
    }

    /** Of small convolutions and their gradients. */
    static int[] bits() {
        return Stream.of(
                        new Case(2, 32, 16, 5, 6, 3, 3, 1, 1),
                        new Case(2, 16, 32, 1, 9, 1, 4, 1, 1, 2))
                .flatMap(each -> Stream.of(forward(each), dataGradient(each), filterGradient(each)))
                .mapToInt(values -> Arrays.hashCode(Floats.bits(values)))
                .toArray();
    }

    private static void assertNear(double[] exact, float[] actual, String what) {
        double error = 0;
        double size = 0;
        for (int i = 0; i < exact.length; i++) {
            error = Math.max(error, Math.abs(exact[i] - actual[i]));
            size += exact[i] * exact[i];
        }
        double typical = Math.sqrt(size / exact.length);
        assertTrue(error <= 8e-6 * typical, what + " is off by " + error + " of " + typical);
    }

    @Test
    void forwardIsThePlainSum() {
        for (Case each : Case.ALL) {
            float[] x = Floats.normal(each.imageSize(), 1);
            float[] w = Floats.normal(each.weightSize(), 2);
            double[] exact = new double[each.resultSize()];
            each.forEachProduct((i, k, o) -> exact[o] += (double) x[i] * w[k]);
            assertNear(exact, forward(each), "forward of " + each);
        }
    }

    @Test
    void gradientInTheImageIsThePlainSum() {
        for (Case each : Case.ALL) {
            float[] y = Floats.normal(each.resultSize(), 3);
            float[] w = Floats.normal(each.weightSize(), 2);
            double[] exact = new double[each.imageSize()];
            each.forEachProduct((i, k, o) -> exact[i] += (double) y[o] * w[k]);
            assertNear(exact, dataGradient(each), "gradient in the image of " + each);
        }
    }

    @Test
    void gradientInTheWeightsIsThePlainSum() {
        for (Case each : Case.ALL) {
            float[] x = Floats.normal(each.imageSize(), 1);
            float[] y = Floats.normal(each.resultSize(), 3);
            double[] exact = new double[each.weightSize()];
            each.forEachProduct((i, k, o) -> exact[k] += (double) x[i] * y[o]);
            assertNear(exact, filterGradient(each), "gradient in the weights of " + each);
        }
    }

    @Test
    void bitsAreTheSameWithAnyNumberOfThreads() {
        int before = ThreadPool.shared().threads();
        try {
            for (Case each : Case.ALL) {
                ThreadPool.shared().setThreads(1);
                int[] forward = Floats.bits(forward(each));
                int[] inImage = Floats.bits(dataGradient(each));
                int[] inWeights = Floats.bits(filterGradient(each));
                ThreadPool.shared().setThreads(3);
                assertArrayEquals(forward, Floats.bits(forward(each)), "forward of " + each);
                assertArrayEquals(inImage, Floats.bits(dataGradient(each)), "in image of " + each);
                assertArrayEquals(
                        inWeights, Floats.bits(filterGradient(each)), "in weights of " + each);
            }
        } finally {
            ThreadPool.shared().setThreads(before);
        }
    }

    @Test
    void otherFormsAreLeftToThePlainSum() {
        ConvolutionShape shape = new Case(1, 64, 64, 56, 56, 3, 3, 1, 1).shape();
        assertTrue(Winograd.suits(shape));
        shape.stride[1] = 2;
        assertFalse(Winograd.suits(shape));
        shape.stride[1] = 1;
        shape.stride[2] = 2;
        assertFalse(Winograd.suits(shape));
        assertTrue(Winograd.suits(new Case(256, 512, 512, 1, 32, 1, 4, 1, 1, 2).shape()));
        assertFalse(Winograd.suits(new Case(1, 512, 512, 1, 32, 1, 4, 1, 1, 2).shape()));
        assertFalse(Winograd.suits(new Case(1, 60, 64, 56, 56, 3, 3, 1, 1).shape()));
        assertFalse(Winograd.suits(new Case(1, 512, 512, 2, 2, 3, 3, 1, 1).shape()));
    }
}
