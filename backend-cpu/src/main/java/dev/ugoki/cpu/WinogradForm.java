package dev.ugoki.cpu;

import dev.ugoki.cpu.generated.GeneratedKernel;
import dev.ugoki.cpu.generated.GeneratedKernels;
import dev.ugoki.tensor.kernel.FloatValue;
import dev.ugoki.tensor.kernel.KernelBuilder;
import dev.ugoki.tensor.kernel.Layout;

import org.jspecify.annotations.Nullable;

/**
 * How convolutions are computed with fewer multiplications: as products of polynomials, by their
 * values at a few points. Two neighbouring positions of the result meet {@code taps + 1} elements
 * of the image in each dimension; such a block of elements, and the kernel's taps, are transformed
 * to their values, multiplied one by one, summed over channels, and transformed to the two
 * positions. Sums over blocks instead give the gradients of the taps.
 *
 * <p>A convolution with a stride is the sum of some with stride 1: of each phase of the stride, the
 * taps and the elements of the image that belong to it.
 *
 * <p>The transforms are kernels over rows of channels, whose inputs and outputs are the elements of
 * small squares (or lines), row by row.
 *
 * <p>Source: Winograd: Arithmetic complexity of computations (1980); Lavin, Gray: Fast algorithms
 * for convolutional neural networks (CVPR 2016); for the points Barabasz et al.: Error analysis and
 * improving the accuracy of Winograd convolution for deep neural networks (2020).
 */
final class WinogradForm {
    /** Positions of the result in a block, in each dimension that has taps. */
    private static final int PAIR = 2;

    /** 3 x 3 taps: 16 multiplications for four positions, instead of 36. */
    static final WinogradForm SQUARES = new WinogradForm(3, 3, 0, 1, -1);

    /** A row of 5 taps: 6 multiplications for two positions, instead of 10. */
    static final WinogradForm LINES = new WinogradForm(1, 5, 0, 1, -1, 0.5, -2);

    /** Two taps of each phase of a stride: 3 multiplications for two positions, instead of 4. */
    static final WinogradForm PAIRS = new WinogradForm(1, 2, 0, -1);

    /**
     * Taps of a phase of the stride, positions of the result in a block, and elements of the phase
     * that these meet.
     */
    final int tapsDown;

    final int tapsAcross;
    final int positionsDown;
    final int positionsAcross;
    final int elementsDown;
    final int elementsAcross;

    /** A block of the image. */
    final GeneratedKernel image;

    /** The taps. */
    final GeneratedKernel weights;

    /** Products to positions of the result. */
    final GeneratedKernel result;

    /** The gradient at the positions of a block. */
    final GeneratedKernel gradient;

    /** Products to the gradients of the taps. */
    final GeneratedKernel taps;

    /**
     * @param points as many as a row has taps, where polynomials are evaluated; infinity is another
     */
    private WinogradForm(int tapsDown, int tapsAcross, double... points) {
        this.tapsDown = tapsDown;
        this.tapsAcross = tapsAcross;
        positionsDown = tapsDown == 1 ? 1 : PAIR;
        positionsAcross = PAIR;
        elementsDown = tapsDown + positionsDown - 1;
        elementsAcross = tapsAcross + positionsAcross - 1;
        image = kernel(imageMatrix(points));
        weights = kernel(factorMatrix(points, tapsAcross));
        result = kernel(resultMatrix(points, PAIR));
        gradient = kernel(factorMatrix(points, PAIR));
        taps = kernel(resultMatrix(points, tapsAcross));
    }

    /** The form of such a convolution; null where there is none. */
    static @Nullable WinogradForm of(ConvolutionShape shape) {
        for (int d = 0; d < ConvolutionShape.DIMS; d++) {
            if (shape.dilation[d] != 1
                    || shape.before[d] < 0
                    || shape.before[d] >= shape.kernel[d]) {
                return null;
            }
        }
        if (shape.kernel[0] != 1 || shape.in[0] != 1 || shape.stride[1] != 1) {
            return null;
        }
        int across = shape.kernel[2];
        if (shape.kernel[1] == 1 && shape.in[1] == 1 && across == 2 * shape.stride[2]) {
            return PAIRS;
        }
        if (shape.stride[2] != 1) {
            return null;
        }
        if (shape.kernel[1] == 3 && across == 3) {
            return SQUARES;
        }
        return shape.kernel[1] == 1 && shape.in[1] == 1 && across == 5 ? LINES : null;
    }

    int elements() {
        return elementsDown * elementsAcross;
    }

    int positions() {
        return positionsDown * positionsAcross;
    }

    /** Of a phase. */
    int taps() {
        return tapsDown * tapsAcross;
    }

    /** How many blocks rows of so many positions are divided into. */
    int blocksDown(int rows) {
        return (rows + positionsDown - 1) / positionsDown;
    }

    int blocksAcross(int columns) {
        return (columns + positionsAcross - 1) / positionsAcross;
    }

    /** In each row the coefficients of the product of all (x - point) but one; last, of all. */
    private static double[][] imageMatrix(double[] points) {
        int size = points.length + 1;
        double[][] matrix = new double[size][];
        for (int i = 0; i < size; i++) {
            double[] product = new double[size];
            product[0] = 1;
            for (int j = 0; j < points.length; j++) {
                for (int power = size - 1; power >= 0 && j != i; power--) {
                    double lower = power == 0 ? 0 : product[power - 1];
                    product[power] = lower - points[j] * product[power];
                }
            }
            matrix[i] = product;
        }
        return matrix;
    }

    /** The values of a polynomial at the points, as shares of what the image's rows have there. */
    private static double[][] factorMatrix(double[] points, int length) {
        double[][] matrix = new double[points.length + 1][length];
        for (int i = 0; i < points.length; i++) {
            double scale = 1;
            for (int j = 0; j < points.length; j++) {
                scale *= j == i ? 1 : points[i] - points[j];
            }
            for (int power = 0; power < length; power++) {
                matrix[i][power] = Math.pow(points[i], power) / scale;
            }
        }
        matrix[points.length][length - 1] = 1;
        return matrix;
    }

    private static double[][] resultMatrix(double[] points, int length) {
        double[][] matrix = new double[length][points.length + 1];
        for (int power = 0; power < length; power++) {
            for (int i = 0; i < points.length; i++) {
                matrix[power][i] = Math.pow(points[i], power);
            }
        }
        matrix[length - 1][points.length] = 1;
        return matrix;
    }

    /** Multiplies columns, where there are several rows, and then rows by the matrix. */
    private GeneratedKernel kernel(double[][] matrix) {
        KernelBuilder kernel = new KernelBuilder();
        int across = matrix[0].length;
        int down = tapsDown == 1 ? 1 : across;
        FloatValue[][] rows = new FloatValue[down][across];
        for (FloatValue[] row : rows) {
            for (int column = 0; column < across; column++) {
                row[column] = kernel.input(Layout.FULL);
            }
        }
        if (down > 1) {
            FloatValue[][] multiplied = new FloatValue[matrix.length][across];
            for (int column = 0; column < across; column++) {
                FloatValue[] values = new FloatValue[down];
                for (int row = 0; row < down; row++) {
                    values[row] = rows[row][column];
                }
                for (int row = 0; row < matrix.length; row++) {
                    multiplied[row][column] = sum(matrix[row], values);
                }
            }
            rows = multiplied;
        }
        for (FloatValue[] row : rows) {
            for (double[] factors : matrix) {
                kernel.output(sum(factors, row));
            }
        }
        return GeneratedKernels.get(kernel.build());
    }

    /** The sum of values times factors, in their order; a factor of 1 begins it if there is one. */
    private static FloatValue sum(double[] factors, FloatValue[] values) {
        int first = 0;
        for (int i = factors.length - 1; i >= 0; i--) {
            if (factors[i] == 1 || factors[i] != 0 && factors[first] == 0) {
                first = i;
            }
        }
        FloatValue sum = factors[first] == 1 ? values[first] : times(values[first], factors[first]);
        for (int i = 0; i < factors.length; i++) {
            if (i == first || factors[i] == 0) {
                continue;
            }
            sum =
                    factors[i] == 1
                            ? sum.plus(values[i])
                            : factors[i] == -1
                                    ? sum.minus(values[i])
                                    : values[i].timesPlus((float) factors[i], sum);
        }
        return sum;
    }

    private static FloatValue times(FloatValue value, double factor) {
        return value.times((float) factor);
    }
}
